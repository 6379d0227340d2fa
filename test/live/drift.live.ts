/**
 * Hardware that is changed behind the service's back: a port of a real Open vSwitch, the power and
 * the accounts of BMCs. The service has to notice by itself, within a minute at its usual pace, shut
 * what it can, and tell whom it concerns. A BMC that never answers holds up none of it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DevicesProcess, devicesToml, startBmcs, writeDevices } from '../cli/devices-process.ts';
import { temporaryFolder } from '../cli/run.ts';
import { Service, TOKENS } from '../cli/served-process.ts';
import { BRIDGE, PrivateOpenVswitch } from './support/openvswitch.ts';
import { Wires } from './support/wires.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'] as const;
const NOTICED_MS = 60_000;

function configuration(): string {
  const nodes = NODES.map((nodeId) => ({
    ...{ nodeId, owner: 'org-a', nodeClass: 'standard', securityLevel: 'none' },
    nics: [{ nicId: 'nic0', switchId: 'tor', portId: nodeId }],
  }));
  return JSON.stringify({
    tokens: Object.values(TOKENS).map(({ sha256, role, name }) => ({ sha256, role, name })),
    devices: { driver: 'process', socket: 'devices.sock' },
    site: {
      organisations: [{ name: 'org-a' }, { name: 'org-t' }],
      switches: [{ switchId: 'tor' }],
      nodes,
    },
  });
}

test('what is changed behind our back is noticed within a minute, shut and told', async (t) => {
  const wires = await Wires.lay('ocxd', NODES);
  t.teardown(() => wires.remove());
  const ovs = await PrivateOpenVswitch.start(wires.switchNamespace);
  t.teardown(() => ovs.remove());
  const folder = temporaryFolder(t);
  const bmcs = await startBmcs(t, NODES);
  const tor = `[[switches]]
switchId = "tor"
driver = "openvswitch"
address = "unix:${ovs.socket}"
bridge = "${BRIDGE}"
`;
  writeDevices(folder, devicesToml(bmcs, [tor]));
  await DevicesProcess.start(t, folder);
  writeFileSync(join(folder, 'serve.json'), configuration());
  const service = await Service.start(t, folder);
  await service.run(t, 'a', 'lease create l1 --owner org-a --lessee org-t --node n1 --hours 2');
  await service.until(t, 'node show n1', 'airlock');
  const portOf = (name: string) =>
    ovs.vsctl('--columns=tag', '--bare', 'find', 'Port', `name=${name}`);
  t.not(portOf('n1'), '', 'the airlock is on the wire');
  t.is(portOf('n2'), '');

  bmcs.get('n5')!.faults.set('hangs', Number.POSITIVE_INFINITY);
  const changedMs = performance.now();
  ovs.vsctl('set', 'Port', 'n1', 'tag=999');
  ovs.vsctl('add-port', BRIDGE, 'n2', 'tag=777');
  await bmcs.get('n3')!.chassis.node.switchOn(null);
  const account = { userName: 'intruder', password: 'x', isEnabled: true };
  bmcs.get('n4')!.belongings.accounts.set('x', account);
  const drifted = ['n1', 'n2', 'n3', 'n4'];
  const noticed = new Map<string, number>();
  while (noticed.size < drifted.length && performance.now() - changedMs < NOTICED_MS) {
    for (const nodeId of drifted) {
      const { state } = await service.run(t, 'admin', `node show ${nodeId}`);
      if (state !== 'quarantined' || noticed.has(nodeId)) continue;
      noticed.set(nodeId, Math.round(performance.now() - changedMs));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.log('noticed after ms', Object.fromEntries(noticed));
  t.deepEqual([...noticed.keys()].sort(), drifted);
  t.is((await service.run(t, 'admin', 'node show n5'))['state'], 'free', 'silence is no drift');

  for (const nodeId of ['n1', 'n2']) {
    const untilMs = performance.now() + 10_000;
    while (portOf(nodeId) !== '' && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    t.is(portOf(nodeId), '', `${nodeId} is shut`);
  }
  t.false(await bmcs.get('n3')!.chassis.node.isOn(), 'and switched off');
  const events = await fetch(`${service.url}/v1/events`, {
    headers: { authorization: `Bearer ${TOKENS.a.token}` },
  });
  let told = '';
  for await (const chunk of events.body!) {
    told += Buffer.from(chunk).toString();
    if (drifted.every((nodeId) => isTold(told, nodeId))) break;
  }
  t.true(isTold(told, 'n1') && isTold(told, 'n2'));
  t.false(isTold(told, 'n5'));
});

function isTold(told: string, nodeId: string): boolean {
  const notices = told.split('\n').filter((line) => line.includes(`"nodeId":"${nodeId}"`));
  return notices.some(
    (line) => /NodeQuarantined|NodeWithheld/.test(line) && /DEVICE_DRIFT/.test(line),
  );
}
