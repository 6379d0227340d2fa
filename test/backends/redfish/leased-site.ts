/** A site with leases that have begun, and clients of their Redfish services. */
import type { ExecutionContext } from 'ava';
import type { LightMyRequestResponse } from 'fastify';
import { smallSite, terms } from '../../allocator/site.ts';
import { ServedSite, type CallerName } from '../http/served-site.ts';
import { rest, START } from '../runner/live-site.ts';

export const ORIGIN = 'http://media.example:8080';

export interface Credential {
  readonly system: string;
  readonly userName: string;
  readonly password: string;
}

interface Sending {
  readonly headers?: Record<string, string>;
  readonly payload?: unknown;
  readonly remoteAddress?: string;
}

export class LeasedSite {
  readonly served: ServedSite;

  private constructor(served: ServedSite) {
    this.served = served;
  }

  /** org-t has a1 and a2 by lease-1, org-u has b1 by lease-2; all in their enclaves, off. */
  static async open(t: ExecutionContext, mediaOrigins = [ORIGIN]): Promise<LeasedSite> {
    const { nodes, ...site } = smallSite({ mediaOrigins });
    const nics = nodes!.map((node, index) => {
      const macs = node.nics.map((nic, at) => ({
        ...nic,
        macAddress: `02:00:00:00:0${index}:0${at}`,
      }));
      return { ...node, nics: macs };
    });
    const leased = new LeasedSite(await ServedSite.open(t, { ...site, nodes: nics }));
    await leased.lease('lease-1', 'a', 'org-t', ['a1', 'a2']);
    await leased.lease('lease-2', 'b', 'org-u', ['b1']);
    await leased.join('tenant', 'lease-1', 'a1');
    await leased.join('tenant', 'lease-1', 'a2');
    await leased.join('stranger', 'lease-2', 'b1');
    return leased;
  }

  async lease(
    leaseId: string,
    owner: 'a' | 'b',
    lessee: string,
    nodeIds: readonly string[],
    more: object = {},
  ): Promise<void> {
    const given = { leaseId, owner: `org-${owner}`, lessee, nodeIds, startMs: START - 1 };
    const body = { ...terms({ ...given, securityLevel: 'none' }), ...more };
    const made = await this.served.send(owner, 'POST /leases', body);
    if (made.statusCode !== 201) throw new Error(made.body);
    this.served.site.clock.set(START + 1);
    await rest();
  }

  async join(who: CallerName, leaseId: string, nodeId: string): Promise<void> {
    await this.served.send(who, `POST /leases/${leaseId}/nodes/${nodeId}/join`);
    await rest();
  }

  async credential(who: CallerName, leaseId: string, nodeId: string): Promise<Credential> {
    const call = `POST /leases/${leaseId}/nodes/${nodeId}/bmc-credential`;
    const answer = await this.served.send(who, call);
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json<Credential>();
  }

  /** `call` is a method and a path below /redfish/v1. */
  async ask(
    credential: Pick<Credential, 'userName' | 'password'> | null,
    call: string,
    { headers = {}, payload, remoteAddress = '127.0.0.1' }: Sending = {},
  ): Promise<LightMyRequestResponse> {
    const [method, path] = call.split(' ') as ['GET', string];
    const basic = credential && `${credential.userName}:${credential.password}`;
    return this.served.app.inject({
      ...{ method, remoteAddress, url: `/redfish/v1${path}` },
      headers: {
        ...(basic === null
          ? {}
          : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
        'content-type': 'application/json',
        ...headers,
      },
      ...(payload === undefined ? {} : { payload: payload as object }),
    });
  }

  node(nodeId: string) {
    return this.served.site.devices.node(nodeId);
  }
}
