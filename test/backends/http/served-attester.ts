/** An attestation service behind its API, in the test's own process, with nodes whose TPMs are made. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { agentCalls } from '../../../backends/http/agent-calls.ts';
import { attestationFacade } from '../../../backends/http/attestation-routes.ts';
import { serviceGateway } from '../../../backends/http/gateway.ts';
import { serviceApi } from '../../../backends/http/service-api.ts';
import { newToken, Tokens, type TokenEntry } from '../../../backends/http/tokens.ts';
import { KeyShares } from '../../../backends/keys/key-shares.ts';
import type { PeerRequest } from '../../../backends/runner/peer-mail.ts';
import { carryOutAttestation, liveAttestation } from '../../../backends/runner/attestation.ts';
import type { AttesterWork } from '../../../backends/runner/attestation.ts';
import { LiveRunner } from '../../../backends/runner/runner.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import { AgentDesk } from '../../../backends/tpm/agent-desk.ts';
import { readCertificates } from '../../../backends/tpm/endorsement.ts';
import { identityOf, NODE_PCR, policyOf, PROFILE_PCRS } from '../../../backends/tpm/references.ts';
import { ATTESTER_DEFAULTS, watchKey, type AttesterState } from '../../../core/attester/state.ts';
import { sha256 } from '../../contract/store-contract.ts';
import { ManualClock } from '../runner/manual-clock.ts';
import { MadeAuthority } from '../tpm/made-authority.ts';
import { profileEvents } from '../tpm/made-log.ts';
import { MadeTpm } from '../tpm/made-tpm.ts';

export const CALLERS = {
  admin: { role: 'admin', name: 'operator', access: 'write' },
  tenant: { role: 'organisation', name: 'org-t', access: 'write' },
  stranger: { role: 'organisation', name: 'org-u', access: 'write' },
  reader: { role: 'organisation', name: 'org-t', access: 'read' },
  airlock: { role: 'service', name: 'airlock', access: 'write' },
} as const satisfies Record<string, Omit<TokenEntry, 'sha256'>>;
export type CallerName = keyof typeof CALLERS;

export const HARDWARE = { firmware: 'made', cpu: 'any', memoryMib: 512 };
const TOKENS = Object.fromEntries(
  Object.keys(CALLERS).map((name) => [name, newToken()]),
) as unknown as Record<CallerName, ReturnType<typeof newToken>>;

/** Reference values of a node that boots as it should, by a TPM that has done so. */
export function referencesOf(tpm: MadeTpm, nodeId: string, releasesKeyShare: boolean) {
  const values = (indexes: readonly number[]) =>
    Object.fromEntries(indexes.map((index) => [index, [tpm.pcrs[index]!]]));
  const profile = { hardware: HARDWARE, pcrs: values(PROFILE_PCRS) };
  return {
    policy: policyOf({ policyId: 'p', version: 1 }, [profile], releasesKeyShare),
    node: identityOf(nodeId, tpm.endorsementKeyHash, HARDWARE, values([NODE_PCR])),
  };
}

export class ServedAttester {
  readonly authority = new MadeAuthority();
  readonly clock = new ManualClock(Date.now());
  /** Commands for the isolation service. */
  readonly asked: PeerRequest[] = [];
  isolationAnswers = true;
  /** The isolation service's answer to a report. */
  answer!: (commandId: string) => void;
  readonly #folder: string;
  readonly #t: ExecutionContext;
  app!: FastifyInstance;
  #keys = 0;
  #stop: () => Promise<void> = async () => {};
  runner!: { readonly state: AttesterState };

  private constructor(t: ExecutionContext) {
    this.#t = t;
    this.#folder = mkdtempSync(join(tmpdir(), 'ocx-attester-'));
    t.teardown(async () => {
      await this.#stop();
      rmSync(this.#folder, { recursive: true });
    });
  }

  static async open(t: ExecutionContext): Promise<ServedAttester> {
    const served = new ServedAttester(t);
    await served.start();
    return served;
  }

  /** A new process on the same files; the one before has ended. */
  async start(): Promise<void> {
    const store = openSqliteStore(join(this.#folder, 'store.db'));
    const shares = new KeyShares(join(this.#folder, 'shares.db'));
    const makers = { roots: readCertificates([this.authority.root]), intermediates: [] };
    const desk = new AgentDesk(makers, shares, () => this.clock.nowMs());
    const configuration = { ...ATTESTER_DEFAULTS, name: 'attester', reportRetryMs: 2_000 };
    const runner = await LiveRunner.start(
      liveAttestation,
      {
        ...{ store, journal: 'attestation', configuration, version: 'test', sha256 },
        nowMs: this.clock.nowMs(),
      },
      {
        clock: () => this.clock,
        carryOut: (effect, state) => carryOutAttestation(desk, effect as AttesterWork, state),
        ask: (request) => {
          this.asked.push(request);
          if (this.isolationAnswers) setImmediate(() => this.answer(request.command.commandId));
        },
        deadLetter: (_, error) => this.#t.fail(String(error)),
        failed: (error) => this.#t.log(error),
      },
    );
    this.runner = runner;
    const to = { role: 'service', name: 'attester' } as const;
    this.answer = (commandId) =>
      runner.takeReply({ kind: 'Reply', commandId, to, refusal: null, result: null });
    this.app = await serviceApi({
      facade: attestationFacade,
      gateway: serviceGateway(attestationFacade, runner, store, 'attestation'),
      tokens: new Tokens(
        (Object.keys(CALLERS) as CallerName[]).map((name) => {
          return { sha256: TOKENS[name].sha256, ...CALLERS[name] };
        }),
      ),
      version: '0',
      extend: agentCalls(desk, ['airlock']),
    });
    this.#stop = async () => {
      await this.app.close();
      await runner.stop();
      await store.close();
      shares.close();
    };
  }

  bearer(caller: CallerName): string {
    return `Bearer ${TOKENS[caller].token}`;
  }

  stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = async () => {};
    return stop();
  }

  send(
    caller: CallerName,
    call: string,
    body?: object,
    key?: string,
  ): Promise<LightMyRequestResponse> {
    const [method, path] = call.split(' ') as ['GET', string];
    this.#keys += 1;
    return this.app.inject({
      ...{ method, url: `/v1${path}` },
      headers: {
        authorization: this.bearer(caller),
        'idempotency-key': key ?? `key-${this.#keys}`,
      },
      ...(body === undefined ? {} : { payload: body }),
    });
  }

  async code(caller: CallerName, call: string, body?: object): Promise<string> {
    const response = await this.send(caller, call, body);
    if (response.statusCode < 300) return `${response.statusCode}`;
    return `${response.statusCode} ${response.json<{ code: string }>().code}`;
  }

  /** Registers a node and a policy by its boot, which the site knows to be good. */
  async addNode(nodeId: string, releasesKeyShare = false): Promise<MadeTpm> {
    const tpm = new MadeTpm(this.authority);
    tpm.boot(profileEvents());
    const { node, policy } = referencesOf(tpm, nodeId, releasesKeyShare);
    await this.send('admin', 'POST /nodes', node);
    await this.send('tenant', 'POST /policies', policy);
    return tpm;
  }

  attest(leaseId: string, nodeId: string, more: object = {}): Promise<string> {
    const fields = { fencingToken: 1, bootCount: 1, policyId: 'p', ...more };
    return this.code('tenant', `POST /leases/${leaseId}/nodes/${nodeId}/attestation`, fields);
  }

  /** The agent's way; the code of the last thing that it was told. */
  async agent(nodeId: string, tpm: MadeTpm): Promise<string> {
    const hello = await this.send('airlock', `POST /nodes/${nodeId}/hello`, tpm.hello());
    if (hello.statusCode !== 200)
      return `${hello.statusCode} ${hello.json<{ code: string }>().code}`;
    const { credential, nonce } = hello.json<{ credential: string; nonce: string }>();
    const secret = tpm.activate(Buffer.from(credential, 'base64'));
    const answer = tpm.quote(nonce, secret ?? Buffer.alloc(32));
    return this.code('airlock', `POST /nodes/${nodeId}/answer`, answer);
  }

  verdict(leaseId: string, nodeId: string): string | undefined {
    return this.runner.state.watches.get(watchKey(leaseId, nodeId))?.verdict;
  }
}
