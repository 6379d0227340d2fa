/** The isolation service behind its API, in the test's own process, with a token for everybody. */
import type { ExecutionContext } from 'ava';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { serviceApi } from '../../../backends/http/service-api.ts';
import { isolationFacade } from '../../../backends/http/isolation-routes.ts';
import { serviceGateway, type IsolationRunner } from '../../../backends/http/gateway.ts';
import { newToken, Tokens, type TokenEntry } from '../../../backends/http/tokens.ts';
import type { NodeHardware } from '../../../backends/redfish/hardware.ts';
import { addCredentialCall } from '../../../backends/redfish/credential-call.ts';
import { isolationNodes } from '../../../backends/redfish/isolation-nodes.ts';
import { addRedfish } from '../../../backends/redfish/redfish-service.ts';
import { smallSite } from '../../allocator/site.ts';
import { LiveSite } from '../runner/live-site.ts';

export const SECRET = Buffer.alloc(32, 7);
/** What all nodes of a small site are. */
export const HARDWARE: NodeHardware = {
  ...{ nodeClass: 'standard', processors: 2, coresPerProcessor: 4, threadsPerProcessor: 8 },
  ...{ memoryGib: 64, architecture: 'x86' },
};
const QUICK = { busyMs: 2_000, settleMs: 1_000, pollMs: 5 };

export const CALLERS = {
  admin: { role: 'admin', name: 'operator', access: 'write' },
  a: { role: 'organisation', name: 'org-a', access: 'write' },
  b: { role: 'organisation', name: 'org-b', access: 'write' },
  tenant: { role: 'organisation', name: 'org-t', access: 'write' },
  stranger: { role: 'organisation', name: 'org-u', access: 'write' },
  reader: { role: 'organisation', name: 'org-a', access: 'read' },
  attester: { role: 'service', name: 'attester', access: 'write' },
} as const satisfies Record<string, Omit<TokenEntry, 'sha256'>>;

export type CallerName = keyof typeof CALLERS;

interface Sending {
  readonly key?: string | null;
  readonly headers?: Record<string, string>;
}

export class ServedSite {
  readonly site: LiveSite;
  readonly app: FastifyInstance;
  readonly runner: IsolationRunner;
  readonly log: string[];
  readonly #tokens: ReadonlyMap<CallerName, string>;
  #keys = 0;

  private constructor(
    site: LiveSite,
    app: FastifyInstance,
    runner: IsolationRunner,
    log: string[],
    tokens: ReadonlyMap<CallerName, string>,
  ) {
    this.site = site;
    this.app = app;
    this.runner = runner;
    this.log = log;
    this.#tokens = tokens;
  }

  static async open(t: ExecutionContext, configuration = smallSite()): Promise<ServedSite> {
    const site = new LiveSite(t);
    site.configuration = configuration;
    const store = site.store();
    const runner = (await site.start(store)) as unknown as IsolationRunner;
    const tokens = new Map<CallerName, string>();
    const entries = (Object.keys(CALLERS) as CallerName[]).map((name): TokenEntry => {
      const { token, sha256 } = newToken();
      tokens.set(name, token);
      return { sha256, ...CALLERS[name] };
    });
    const log: string[] = [];
    const gateway = serviceGateway(isolationFacade, runner, store, 'isolation');
    const nodes = isolationNodes(runner, gateway);
    const app = await serviceApi({
      facade: isolationFacade,
      gateway,
      extend: (scope) => addCredentialCall(scope, { nodes, secret: SECRET }),
      beside: (server) =>
        addRedfish(server, { nodes, secret: SECRET, hardware: [HARDWARE], times: QUICK }),
      tokens: new Tokens(entries),
      version: '0.0.0',
      log: { write: (line) => log.push(line) },
    });
    t.teardown(() => app.close());
    return new ServedSite(site, app, runner, log, tokens);
  }

  token(caller: CallerName): string {
    return this.#tokens.get(caller)!;
  }

  /** `call` is a method and a path below /v1. */
  send(
    caller: CallerName | null,
    call: string,
    body?: unknown,
    { key, headers = {} }: Sending = {},
  ): Promise<LightMyRequestResponse> {
    const [method, path] = call.split(' ') as ['GET', string];
    this.#keys += 1;
    const idempotencyKey = key === undefined ? `key-${this.#keys}` : key;
    return this.app.inject({
      method,
      url: `/v1${path}`,
      headers: {
        ...(caller === null ? {} : { authorization: `Bearer ${this.token(caller)}` }),
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body as object }),
    });
  }

  /** Status and, of a problem, its code. */
  async code(caller: CallerName | null, call: string, body?: unknown, sending?: Sending) {
    const response = await this.send(caller, call, body, sending);
    if (response.statusCode < 300) return `${response.statusCode}`;
    return `${response.statusCode} ${response.json<{ code: string }>().code}`;
  }
}
