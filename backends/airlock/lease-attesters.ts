/**
 * Who attests a node: the isolation service knows which lease has it and which attester that lease
 * names. Asked anew each time: nothing of a lease that is over is left behind here.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { pathOf } from '../http/service-facade.ts';
import { jsonOf, send, type Sending, type Server } from '../peers/server.ts';

/** A service and our bearer token at it. */
export interface AttesterAddress {
  readonly server: Server;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly value: unknown;
}

const CALL_TIMEOUT_MS = 10_000;

export class LeaseAttesters {
  readonly #isolation: AttesterAddress;
  readonly #attesters: ReadonlyMap<string, AttesterAddress>;

  /**
   * @param isolation with a token that may look at nodes and leases, and should be able to no more
   * @param attesters by the names that leases give
   */
  constructor(isolation: AttesterAddress, attesters: ReadonlyMap<string, AttesterAddress>) {
    this.#isolation = isolation;
    this.#attesters = attesters;
  }

  /** What the attester of the node's lease answers. @throws NOT_FOUND_ATTESTER, RESOURCE_PEER */
  async post(nodeId: string, call: 'hello' | 'answer', body: object): Promise<Answer> {
    const path = `/v1${pathOf('nodes', nodeId, call)}`;
    return ask(await this.#attesterOf(nodeId), { method: 'POST', path, body });
  }

  /** The node's key share, sealed, in base64; null where there is none (yet). */
  async keyShare(nodeId: string): Promise<string | null> {
    const path = `/v1${pathOf('nodes', nodeId, 'key-share')}`;
    const { status, value } = await ask(await this.#attesterOf(nodeId), { method: 'GET', path });
    const { sealed } = (value ?? {}) as { readonly sealed?: unknown };
    if (status === 200 && typeof sealed === 'string') return sealed;
    if (status === 404) return null;
    throw unexpected('attester', status);
  }

  async #attesterOf(nodeId: string): Promise<AttesterAddress> {
    const { leaseId } = await this.#look(pathOf('nodes', nodeId));
    if (typeof leaseId !== 'string') throw nobody(`no lease has node ${nodeId}`);
    const { attester } = await this.#look(pathOf('leases', leaseId));
    if (typeof attester !== 'string') throw nobody(`lease ${leaseId} asks for no attestation`);
    const address = this.#attesters.get(attester);
    if (!address) throw nobody(`the gateway does not know an attester ${attester}`);
    return address;
  }

  async #look(path: string): Promise<Readonly<Record<string, unknown>>> {
    const sending = { method: 'GET', path: `/v1${path}` } as const;
    const { status, value } = await ask(this.#isolation, sending);
    if (status === 200 && typeof value === 'object' && value !== null) return value as never;
    throw unexpected('isolation service', status);
  }
}

async function ask(
  { server, token }: AttesterAddress,
  sending: Pick<Sending, 'method' | 'path' | 'body'>,
): Promise<Answer> {
  try {
    const response = await send(server, {
      ...sending,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    return { status: response.statusCode!, value: await jsonOf(response) };
  } catch (cause) {
    const message = `${server.name} cannot be reached`;
    throw new OcxError({ code: 'RESOURCE_PEER', message, remedy: 'try again' }, { cause });
  }
}

function nobody(message: string): OcxError {
  return new OcxError({ code: 'NOT_FOUND_ATTESTER', message });
}

function unexpected(who: string, status: number): OcxError {
  const message = `the ${who} answered ${status}`;
  return new OcxError({ code: 'RESOURCE_PEER', message, remedy: 'try again' });
}
