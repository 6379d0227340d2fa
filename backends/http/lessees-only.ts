/**
 * Who may have a node attested: the lessee of the lease that has it, and only at the attester that the
 * lease names. The isolation service is asked, because a verdict that anybody could ask for, under a
 * policy of its own, would open and shut the ports of others.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { jsonOf, send, type Server } from '../peers/server.ts';
import { pathOf, type Admission } from './service-facade.ts';

export interface LesseesOptions {
  /** Our name, as leases give it. */
  readonly attester: string;
  readonly isolation: Server;
  /** Bearer token of ours at the isolation service. */
  readonly token: string;
  /** Services that ask for their tenants, and are believed in that. */
  readonly orchestrators: readonly string[];
}

const CALL_TIMEOUT_MS = 5_000;

/** For `AttestNode`; whoever forgets a node that it never had attested forgets nothing. */
export function lesseesOnly(options: LesseesOptions): Admission {
  return async ({ command }, from, fields) => {
    if (command !== 'AttestNode' || isTrusted(options, from)) return;
    const { leaseId, nodeId } = fields;
    const lease = await leaseOf(options, String(leaseId));
    const isLessee = from.role === 'organisation' && lease['lessee'] === from.name;
    const nodeIds = lease['nodeIds'];
    const hasNode = Array.isArray(nodeIds) && nodeIds.includes(nodeId);
    if (isLessee && hasNode && lease['attester'] === options.attester) return;
    const message = `node ${String(nodeId)} under lease ${String(leaseId)} is not yours to have attested here`;
    throw new OcxError({ code: 'DENIED_LEASE', message });
  };
}

function isTrusted({ orchestrators }: LesseesOptions, { role, name }: Principal): boolean {
  return role === 'admin' || (role === 'service' && orchestrators.includes(name));
}

/**
 * A lease that is over, or not there yet, is no reason to say no for good: whoever asks for it will
 * hear so from the isolation service, and asks no more.
 *
 * @throws RESOURCE_PEER where nobody says whose it is
 */
async function leaseOf(
  { isolation, token }: LesseesOptions,
  leaseId: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await send(isolation, {
      ...{ method: 'GET', path: `/v1${pathOf('leases', leaseId)}` },
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const value = await jsonOf(response);
    const isDone = response.statusCode === 200 && typeof value === 'object' && value !== null;
    if (isDone) return value as Readonly<Record<string, unknown>>;
    throw new Error(`it answered ${response.statusCode}`);
  } catch (cause) {
    const message = 'the isolation service does not say whose lease it is';
    throw new OcxError({ code: 'RESOURCE_PEER', message, remedy: 'send it again' }, { cause });
  }
}
