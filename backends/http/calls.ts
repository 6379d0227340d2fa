/**
 * From a call to the service and back: whose command it is, under which id, and what an answer may
 * tell whom. A refusal about objects that the caller may not see says the same as of none at all.
 */
import { createHash } from 'node:crypto';
import { ADMINISTRATOR_QUERIES, type IsolationQuery } from '../../core/allocator/views.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { OcxError, type Refusal } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { IsolationGateway } from './gateway.ts';
import { NOT_THERE } from './problem.ts';
import type { CommandRoute, QueryRoute } from './isolation-routes.ts';

type Fields = Readonly<Record<string, unknown>>;

const KEY = /^[\x21-\x7e]{1,64}$/;

/** Field of a command → the query that shows whether the caller may see what it names. */
const VISIBLE_BY: ReadonlyMap<string, readonly [kind: string, field: string]> = new Map([
  ['nodeId', ['NodeShow', 'nodeId']],
  ['network', ['NetworkShow', 'network']],
  ['leaseId', ['LeaseShow', 'leaseId']],
  ['parentLeaseId', ['LeaseShow', 'leaseId']],
  ['offerId', ['OfferShow', 'offerId']],
]);

/** @throws what the caller is told: OcxError with the core's code */
export async function give(
  gateway: IsolationGateway,
  route: CommandRoute,
  from: Principal,
  key: string | undefined,
  fields: Fields,
): Promise<object> {
  if (key === undefined || !KEY.test(key)) {
    throw new OcxError({
      code: 'INPUT_IDEMPOTENCY_KEY',
      message: 'a call that changes something needs a header Idempotency-Key',
      remedy: 'up to 64 visible ASCII characters, new for every request, the same when sent again',
    });
  }
  const command = { kind: route.command, ...fields };
  requireWellFormed(command);
  const commandId = commandIdOf(from, key);
  const { refusal, result } = await gateway.submit({ from, commandId, command });
  if (!refusal) return (result ?? {}) as object;
  throw new OcxError(await tellable(gateway, route, from, fields, refusal));
}

/** JSON can spell half a character, which no text can hold and the journal does not take. */
function requireWellFormed(command: object): void {
  try {
    canonicalJson(command);
  } catch {
    const message = 'a text in it is no well-formed Unicode';
    throw new OcxError({ code: 'INPUT_BAD_ARGUMENT', message });
  }
}

/** The same key of the same party is the same command. */
function commandIdOf(from: Principal, key: string): string {
  return createHash('sha256').update(`${from.role} ${from.name} ${key}`).digest('hex');
}

async function tellable(
  gateway: IsolationGateway,
  route: CommandRoute,
  from: Principal,
  fields: Fields,
  refusal: Refusal,
): Promise<Refusal> {
  if (from.role === 'admin') return refusal;
  const ownsPath = from.role !== 'organisation' || fields['organisation'] === from.name;
  if (route.path.startsWith('/organisations/:organisation') && !ownsPath) return NOT_THERE;
  for (const [field, [kind, name]] of VISIBLE_BY) {
    const value = fields[field];
    if (typeof value !== 'string' || field === route.creates) continue;
    const query = { kind, from, [name]: value } as unknown as IsolationQuery;
    if ('code' in (await gateway.view(query))) return NOT_THERE;
  }
  return refusal;
}

/** @throws what the caller is told: OcxError with the core's code */
export async function look(
  gateway: IsolationGateway,
  route: QueryRoute,
  from: Principal,
  fields: Fields,
): Promise<object> {
  const query = { kind: route.query, from, ...fields } as unknown as IsolationQuery;
  const answer = await gateway.view(query);
  if (!('code' in answer && 'message' in answer)) return answer;
  const refusal = answer as Refusal;
  const isOwn = from.role === 'admin' || ADMINISTRATOR_QUERIES.has(route.query);
  throw new OcxError(isOwn || refusal.code.startsWith('INPUT_') ? refusal : NOT_THERE);
}
