/**
 * From a call to the service and back: whose command it is, under which id, and what an answer may
 * tell whom. A refusal about objects that the caller may not see says the same as of none at all.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { OcxError, type Refusal } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { ServiceGateway } from './gateway.ts';
import { NOT_THERE } from './problem.ts';
import type { CommandRoute, QueryRoute, ServiceFacade } from './service-facade.ts';

type Fields = Readonly<Record<string, unknown>>;

const KEY = /^[\x21-\x7e]{1,64}$/;

/** @throws what the caller is told: OcxError with the core's code */
export async function give(
  facade: ServiceFacade<never>,
  gateway: ServiceGateway,
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
  throw new OcxError(await tellable(facade, gateway, route, from, fields, refusal));
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

/** Hex digits of a party's mark: 128 bits, so that nobody finds a name with another's mark. */
const MARK_DIGITS = 32;

/**
 * The same key of the same party is the same command. The id is the party's mark and the key, so that
 * what the service says later about a command of its can be told under its own key.
 */
export function commandIdOf(from: Principal, key: string): string {
  return `${markOf(from)}/${key}`;
}

function markOf({ role, name }: Principal): string {
  return createHash('sha256').update(`${role} ${name}`).digest('hex').slice(0, MARK_DIGITS);
}

/** What a message to a party says of one of its own commands: the key that it gave. */
export function withOwnKey(to: Principal, body: object): object {
  const { commandId } = body as { readonly commandId?: unknown };
  const start = `${markOf(to)}/`;
  if (typeof commandId !== 'string' || !commandId.startsWith(start)) return body;
  return { ...body, commandId: commandId.slice(start.length) };
}

async function tellable(
  facade: ServiceFacade<never>,
  gateway: ServiceGateway,
  route: CommandRoute,
  from: Principal,
  fields: Fields,
  refusal: Refusal,
): Promise<Refusal> {
  if (from.role === 'admin') return refusal;
  const ownsPath = from.role !== 'organisation' || fields['organisation'] === from.name;
  if (route.path.startsWith('/organisations/:organisation') && !ownsPath) return NOT_THERE;
  for (const [field, [kind, name]] of facade.visibleBy) {
    const value = fields[field];
    if (typeof value !== 'string' || field === route.creates) continue;
    const answer = await gateway.view({ kind, from, ...{ [name]: value } });
    if ('code' in answer) return NOT_THERE;
  }
  return refusal;
}

/** @throws what the caller is told: OcxError with the core's code */
export async function look(
  facade: ServiceFacade<never>,
  gateway: ServiceGateway,
  route: QueryRoute,
  from: Principal,
  fields: Fields,
): Promise<object> {
  const answer = await gateway.view({ ...fields, kind: route.query, from });
  if (!('code' in answer && 'message' in answer)) return answer;
  const refusal = answer as Refusal;
  const isOwn = from.role === 'admin' || facade.administratorQueries.has(route.query);
  throw new OcxError(isOwn || refusal.code.startsWith('INPUT_') ? refusal : NOT_THERE);
}
