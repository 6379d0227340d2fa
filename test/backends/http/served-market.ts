/** The market behind its API, in the test's own process, with a token for everybody. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { serviceGateway } from '../../../backends/http/gateway.ts';
import { marketFacade } from '../../../backends/http/market-routes.ts';
import { serviceApi } from '../../../backends/http/service-api.ts';
import { newToken, Tokens, type TokenEntry } from '../../../backends/http/tokens.ts';
import { signReceipt } from '../../../backends/receipts/ed25519.ts';
import { liveMarket } from '../../../backends/runner/market.ts';
import { LiveRunner } from '../../../backends/runner/runner.ts';
import { RoundSolver } from '../../../backends/solver/round-solver.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import type { ExchangeConfiguration } from '../../../core/market/exchange/configuration.ts';
import type { ExchangeEffect, ExchangeEvent } from '../../../core/market/exchange/protocol.ts';
import type { ExchangeState } from '../../../core/market/exchange/state.ts';
import { sha256 } from '../../contract/store-contract.ts';
import { exchangeConfiguration } from '../../market/exchange/traded-site.ts';
import { ManualClock } from '../runner/manual-clock.ts';

export const CALLERS = {
  admin: { role: 'admin', name: 'operator' },
  a: { role: 'organisation', name: 'org-a' },
  b: { role: 'organisation', name: 'org-b' },
  tenant: { role: 'organisation', name: 'org-t' },
  stranger: { role: 'organisation', name: 'org-u' },
} as const;

export type CallerName = keyof typeof CALLERS;

export class ServedMarket {
  readonly clock: ManualClock;
  readonly runner: LiveRunner<ExchangeConfiguration, ExchangeState, ExchangeEvent, ExchangeEffect>;
  readonly publicKey: string;
  readonly #app: FastifyInstance;
  readonly #tokens: ReadonlyMap<string, string>;
  #keys = 0;

  private constructor(parts: {
    clock: ManualClock;
    runner: ServedMarket['runner'];
    publicKey: string;
    app: FastifyInstance;
    tokens: ReadonlyMap<string, string>;
  }) {
    this.clock = parts.clock;
    this.runner = parts.runner;
    this.publicKey = parts.publicKey;
    this.#app = parts.app;
    this.#tokens = parts.tokens;
  }

  static async open(
    t: ExecutionContext,
    configuration = exchangeConfiguration(),
  ): Promise<ServedMarket> {
    const folder = mkdtempSync(join(tmpdir(), 'ocx-market-'));
    const store = openSqliteStore(join(folder, 'store.db'));
    const clock = new ManualClock(1);
    const keys = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const sign = (receipt: Parameters<typeof signReceipt>[0]) =>
      signReceipt(receipt, keys.privateKey);
    const solver = new RoundSolver();
    const runner: ServedMarket['runner'] = await LiveRunner.start(
      liveMarket(sign),
      { store, journal: 'market', configuration, version: 'test', sha256, nowMs: 1 },
      {
        clock: () => clock,
        carryOut: async (effect) =>
          effect.kind === 'SolveRound'
            ? solver.solve(effect, AbortSignal.timeout(30_000))
            : { status: 'ok', value: { head: runner.headHash } },
        deadLetter: (event, error) => t.fail(`${event.kind}: ${String(error)}`),
        failed: (error) => t.fail(String(error)),
      },
    );
    runner.take({ kind: 'ExchangeOpened' });
    const facade = marketFacade(sign);
    const tokens = new Map<string, string>();
    const entries = Object.entries(CALLERS).map(([name, principal]): TokenEntry => {
      const { token, sha256: hash } = newToken();
      tokens.set(name, token);
      return { sha256: hash, ...principal, access: 'write' };
    });
    const app = await serviceApi({
      facade,
      gateway: serviceGateway(facade, runner, store, 'market'),
      tokens: new Tokens(entries),
      version: '0.0.0',
    });
    t.teardown(async () => {
      await app.close();
      await runner.stop();
      await solver.close();
      await store.close();
      rmSync(folder, { recursive: true });
    });
    return new ServedMarket({ clock, runner, publicKey: keys.publicKey, app, tokens });
  }

  token(caller: CallerName): string {
    return this.#tokens.get(caller)!;
  }

  /** Answers at a socket too. @returns its address for commands */
  async listen(path: string): Promise<string> {
    await this.#app.listen({ path });
    return `unix:${path}`;
  }

  /** `call` is a method and a path below /v1. */
  send(caller: CallerName, call: string, body?: object): Promise<LightMyRequestResponse> {
    const [method, path] = call.split(' ') as ['GET', string];
    return this.#app.inject({
      method,
      url: `/v1${path}`,
      headers: {
        authorization: `Bearer ${this.#tokens.get(caller)!}`,
        'idempotency-key': `key-${++this.#keys}`,
      },
      ...(body === undefined ? {} : { payload: body }),
    });
  }

  /** Status and, of a problem, its code. */
  async code(caller: CallerName, call: string, body?: object): Promise<string> {
    const response = await this.send(caller, call, body);
    if (response.statusCode < 300) return `${response.statusCode}`;
    return `${response.statusCode} ${response.json<{ code: string }>().code}`;
  }

  async shown(caller: CallerName, path: string): Promise<Record<string, unknown>> {
    return (await this.send(caller, `GET ${path}`)).json();
  }

  /** Moves the clock, and waits for the round that is closed then to be solved. */
  async closeRound(atMs: number): Promise<void> {
    this.clock.set(atMs);
    while (this.runner.state.market.pending) await new Promise((done) => setTimeout(done, 5));
    await this.runner.durable();
  }
}
