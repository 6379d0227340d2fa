/**
 * Two leased nodes with the whole chain behind their Redfish services: `ocx serve`, `ocx devices`
 * with the credentials, and an emulated BMC each.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { RedfishEmulator } from '../../../backends/bmc/emulator/redfish-emulator.ts';
import { smallSite } from '../../allocator/site.ts';
import { DevicesProcess, devicesToml, emulatedSwitch } from '../../cli/devices-process.ts';
import { startBmcs, writeDevices } from '../../cli/devices-process.ts';
import { temporaryFolder } from '../../cli/run.ts';
import { configuration, Service } from '../../cli/served-process.ts';

export interface Credential {
  readonly system: string;
  readonly userName: string;
  readonly password: string;
}

const HARDWARE = {
  ...{ nodeClass: 'standard', processors: 2, coresPerProcessor: 4, threadsPerProcessor: 8 },
  ...{ memoryGib: 64, architecture: 'x86' },
};

/** Of a node like `a1`. */
export const macAddress = (nodeId: string) =>
  `02:00:00:00:${nodeId.charCodeAt(0).toString(16)}:0${nodeId.at(-1)}`;

export class LeasedPlace {
  readonly folder: string;
  readonly bmcs: ReadonlyMap<string, RedfishEmulator>;
  service: Service;

  private constructor(folder: string, bmcs: LeasedPlace['bmcs'], service: Service) {
    this.folder = folder;
    this.bmcs = bmcs;
    this.service = service;
  }

  /** org-t has a1 by lease l1 and a2 by lease l2, both in its enclave and off. */
  static async open(t: ExecutionContext, mediaOrigin: string): Promise<LeasedPlace> {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    const bmcs = await startBmcs(t, ['a1', 'a2']);
    writeDevices(folder, devicesToml(bmcs, ['switch-0', 'switch-1'].map(emulatedSwitch)));
    await DevicesProcess.start(t, folder);
    const { nodes, ...site } = smallSite({ mediaOrigins: [mediaOrigin] });
    const withAddresses = nodes!.map(({ nics: [first, ...others], ...node }) => {
      return { ...node, nics: [{ ...first!, macAddress: macAddress(node.nodeId) }, ...others] };
    });
    const more = {
      site: { ...site, nodes: withAddresses },
      devices: { driver: 'process', socket: 'devices.sock', readBackSeconds: 5 },
      isolation: { redfish: { secretFile: 'redfish.secret', hardware: [HARDWARE] } },
    };
    writeFileSync(join(folder, 'serve.json'), configuration(more));
    const service = await Service.start(t, folder);
    const place = new LeasedPlace(folder, bmcs, service);
    for (const [leaseId, nodeId] of [
      ['l1', 'a1'],
      ['l2', 'a2'],
    ]) {
      const parties = '--owner org-a --lessee org-t';
      await service.run(t, 'a', `lease create ${leaseId} ${parties} --node ${nodeId} --hours 2`);
      await service.until(t, `node show ${nodeId}`, 'airlock');
      await service.run(t, 't', `lease join ${leaseId} ${nodeId}`);
      await service.until(t, `node show ${nodeId}`, 'allocated');
    }
    return place;
  }

  async credential(t: ExecutionContext, leaseId: string, nodeId: string): Promise<Credential> {
    return (await this.service.run(t, 't', `lease credential ${leaseId} ${nodeId}`)) as never;
  }

  /** What the boots of a node so far used, as its BMC saw it. */
  boots(nodeId: string): readonly (string | null)[] {
    return (this.bmcs.get(nodeId)!.chassis.node as { boots?: (string | null)[] }).boots!;
  }
}
