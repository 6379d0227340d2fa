/**
 * Every call of a service, tried by everybody over HTTP on what is theirs, on what is another's and on
 * what is not there. What a service's own table has to say is only who may do what.
 */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import type { ServiceGateway } from '../../../../backends/http/gateway.ts';
import { serviceApi } from '../../../../backends/http/service-api.ts';
import { parametersOf } from '../../../../backends/http/service-facade.ts';
import type {
  CommandRoute,
  QueryRoute,
  ServiceFacade,
  ServiceQuery,
} from '../../../../backends/http/service-facade.ts';
import { newToken, Tokens, type TokenEntry } from '../../../../backends/http/tokens.ts';
import type { Refusal } from '../../../../core/kernel/errors.ts';
import type { Principal } from '../../../../core/kernel/service.ts';

/** A service in memory, as far as a call reaches it. */
export interface World {
  give(
    from: Principal,
    command: { readonly kind: string },
  ): { readonly refusal: Refusal | null; readonly result: unknown };
  view(query: ServiceQuery): Refusal | object;
  /** Differs wherever anything of the state does. */
  digest(): string;
}

export interface Prepared {
  readonly world: World;
  readonly fields?: object;
}

export interface Case {
  /** Roles, by their names in the table. */
  readonly allowed: readonly string[];
  /** Codes that others are told, where it is not only that it is not theirs. */
  readonly refusal?: RegExp;
  /** A world where it is legal, and its fields. */
  prepare(): Prepared;
}

export interface ServiceTable {
  readonly facade: ServiceFacade<never>;
  readonly roles: Readonly<Record<string, Principal>>;
  /** By kind of command or query. */
  readonly cases: Readonly<Record<string, Case>>;
}

export interface Asking {
  /** Null: nobody. */
  readonly role: string | null;
  readonly isReader?: boolean;
  /** Instead of the name of every object in the path. */
  readonly object?: string;
  /** Instead of the command's own. */
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of one service. */
export class Matrix {
  readonly table: ServiceTable;
  readonly #app: FastifyInstance;
  readonly #tokens: ReadonlyMap<string, string>;
  readonly #place: { world: World | null };
  #keys = 0;

  private constructor(
    table: ServiceTable,
    app: FastifyInstance,
    tokens: ReadonlyMap<string, string>,
    place: { world: World | null },
  ) {
    this.table = table;
    this.#app = app;
    this.#tokens = tokens;
    this.#place = place;
  }

  static async open(table: ServiceTable): Promise<Matrix> {
    const tokens = new Map<string, string>();
    const entries = Object.entries(table.roles).flatMap(([name, principal]) =>
      (['read', 'write'] as const).map((access): TokenEntry => {
        const { token, sha256 } = newToken();
        tokens.set(`${name} ${access}`, token);
        return { sha256, access, ...principal };
      }),
    );
    const place = { world: null };
    const { facade } = table;
    const gateway = gatewayOf(place);
    const options = { facade, gateway, tokens: new Tokens(entries), version: '0.0.0' };
    return new Matrix(table, await serviceApi(options), tokens, place);
  }

  /** Sends one call to a world of its own. */
  async ask(
    route: CommandRoute | QueryRoute,
    { world, fields = {} }: Prepared,
    { role, isReader = false, object, payload, headers = {} }: Asking,
  ): Promise<LightMyRequestResponse> {
    this.#place.world = world;
    const given = fields as Readonly<Record<string, unknown>>;
    const isCommand = 'command' in route;
    const { path, rest } = fill(route.path, given, (name) => {
      // One of a list names nothing of anybody's.
      const isChoice = isCommand && Array.isArray(this.#fieldsOf(route.command)[name]);
      return isChoice ? undefined : object;
    });
    const wholeBody = isCommand ? route.wholeBody : undefined;
    const body = wholeBody === undefined ? rest : (given[wholeBody] as object);
    const token = role && this.#tokens.get(`${role} ${isReader ? 'read' : 'write'}`);
    return this.#app.inject({
      method: isCommand ? route.method : 'GET',
      url: `/v1${path}${isCommand ? '' : queryString(rest)}`,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(isCommand ? { 'idempotency-key': `key-${++this.#keys}` } : {}),
        ...headers,
      },
      ...(isCommand && Object.keys(body).length > 0 ? { payload: body } : {}),
      ...(payload === undefined ? {} : { payload }),
    });
  }

  #fieldsOf(command: string): Readonly<Record<string, unknown>> {
    return this.table.facade.commandFields[command]!;
  }

  /** True where what the path names may be seen by this role, as the service's own queries say. */
  sees(
    { path }: CommandRoute | QueryRoute,
    { world, fields = {} }: Prepared,
    role: string,
  ): boolean {
    const from = this.table.roles[role]!;
    const given = fields as Readonly<Record<string, unknown>>;
    const named = parametersOf(path).filter((name) => this.table.facade.visibleBy.has(name));
    return (
      named.length > 0 &&
      named.every((name) => {
        const [kind, field] = this.table.facade.visibleBy.get(name)!;
        return !('code' in world.view({ kind, from, ...{ [field]: given[name] } }));
      })
    );
  }

  close(): Promise<void> {
    return this.#app.close();
  }
}

function fill(
  path: string,
  fields: Readonly<Record<string, unknown>>,
  object: (name: string) => string | undefined,
) {
  const names = parametersOf(path);
  const missing = names.find((name) => typeof fields[name] !== 'string');
  if (missing !== undefined) throw new Error(`${path}: ${missing} is no text`);
  const filled = names.reduce(
    (text, name) =>
      text.replace(`:${name}`, encodeURIComponent(object(name) ?? String(fields[name]))),
    path,
  );
  const rest = Object.entries(fields).filter(([name]) => !names.includes(name));
  return { path: filled, rest: Object.fromEntries(rest) };
}

function queryString(fields: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== null);
  const pairs = given.map(([name, value]): [string, string] => [name, String(value)]);
  const text = new URLSearchParams(pairs).toString();
  return text && `?${text}`;
}

function gatewayOf(place: { readonly world: World | null }): ServiceGateway {
  return {
    async submit({ from, command }) {
      return place.world!.give(from, command as { kind: string });
    },
    view: async (query) => place.world!.view(query),
    messages: async () => [],
    watch: () => () => {},
    status: () => ({
      ...{ isRunning: true, epoch: 1, waiting: 0, events: 0, durable: 0, refused: 0, gauges: [] },
    }),
  };
}
