import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { AgentFile } from '../../../backends/agent/agent-memory.ts';
import { Agent, type AgentOptions, type CallMarket } from '../../../backends/agent/agent.ts';
import type { ClusterEngine } from '../../../backends/engines/cluster-engine.ts';
import { wantFor } from '../../../backends/engines/cluster-engine.ts';
import { strategies } from '../../../core/agents/registry.ts';
import { commitmentOf } from '../../../core/market/sealing/commitment.ts';
import type { OrderSheet } from '../../../core/market/sealing/commitment.ts';
import { OcxError } from '../../../core/kernel/errors.ts';
import { temporaryFolder } from '../../cli/run.ts';
import { VALUATION } from '../engines/valuation.ts';

const SLOT_MS = 60_000;

/** An agent whose market, cluster and orchestrator only note what they are asked. */
class Stage {
  readonly folder: string;
  readonly calls: { path: string; body: Record<string, unknown>; key: string | undefined }[] = [];
  readonly done: string[] = [];
  readonly plans: object[] = [];
  news: { cursor: number; body: object }[] = [];
  isSealed = false;
  idleBorrowed: string[] = [];
  nowMs = 0;
  roundId = 0;
  /** What the market answers an order with. */
  refusal: OcxError | null = null;
  agent!: Agent;
  #controller = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(t: ExecutionContext) {
    this.folder = temporaryFolder(t);
    this.start();
    t.teardown(() => this.stop());
  }

  start(): void {
    this.#controller = new AbortController();
    this.agent = new Agent(this.#options());
    this.#running = this.agent.run(this.#controller.signal);
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#running;
  }

  get file(): AgentFile {
    return new AgentFile(join(this.folder, 'state.json'));
  }

  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < 400; turn++) {
      if (isSo()) return;
      await sleep(10);
    }
    throw new Error(`never: ${this.done.join()} ${JSON.stringify(this.calls)}`);
  }

  posted(path: string) {
    return this.calls.filter((call) => call.path === path);
  }

  #options(): AgentOptions {
    const note =
      (what: string) =>
      async (...given: unknown[]) => {
        const [first] = given;
        const named =
          typeof first === 'object' && first && 'nodeId' in first ? first.nodeId : first;
        this.done.push(`${what} ${String(named)}`);
      };
    const work = { id: 'j1', nodes: 1, durationMs: SLOT_MS, submittedMs: 0 };
    const engine: ClusterEngine = {
      kind: 'hpc',
      report: async (nowMs) => ({
        ...{ wants: [wantFor(VALUATION, work, nowMs)], spares: [], ownNodes: 1 },
        idle: new Map([['standard', ['o1']]]),
        idleBorrowed: this.idleBorrowed,
      }),
      ...{ expect: note('expect'), add: note('add'), drain: note('drain') },
      ...{ remove: note('remove'), lend: note('lend'), takeBack: note('takeBack') },
    };
    return {
      ...{ organisation: 'org-t', strategy: strategies.get('truthful')!, parameters: {}, engine },
      file: this.file,
      market: this.#market,
      leases: {
        plan: async (plan) => void this.plans.push(plan),
        news: async (after) => this.news.filter(({ cursor }) => cursor > after),
      },
      setup: { method: 'diskless', imageId: 'i', policyId: 'p', provisioner: 'provisioner' },
      ...{ attester: null, recallPenaltyPartsPerMillion: 0, bidAheadMs: 1_000 },
      ...{ times: { drainAheadMs: 2_000, removeAheadMs: 1_000, idleRounds: 2 } },
      giveBack: async (leaseId, nodeId) => void this.done.push(`return ${leaseId} ${nodeId}`),
      nowMs: () => this.nowMs,
      note: () => {},
    };
  }

  readonly #market: CallMarket = async (method, path, body, key) => {
    if (path === '/market') return this.#shown();
    if (path === '/prices') return { horizons: [{ horizon: 'epoch', prices: [] }] };
    if (path.endsWith('/account')) return { freeMillicredits: 1_000_000 };
    this.calls.push({ path, body: body as Record<string, unknown>, key });
    if (this.refusal && method === 'POST') throw this.refusal;
    return { accepted: 1, refused: [] };
  };

  #shown(): object {
    const closesMs = (this.roundId + 1) * 10_000;
    const round = {
      ...{ horizon: 'epoch', roundId: this.roundId, closesMs, startMs: closesMs },
      ...{ firstStartMs: closesMs, commitsEndMs: this.isSealed ? closesMs - 2_000 : null },
    };
    return {
      ...{ releaseMs: 0, setupMs: { none: 0, attested: 0, full: 0 }, isSealed: this.isSealed },
      nodeClasses: [{ name: 'standard', securityLevel: 'full' }],
      horizons: [{ horizon: 'epoch', slotMs: SLOT_MS, horizonSlots: 8, everyMs: 10_000, round }],
    };
  }
}

const CONTRACT = {
  ...{ contractId: 'c1', roundId: 0, buyer: 'org-t', seller: 'org-a', nodeClass: 'standard' },
  ...{ nodes: 1, startMs: 10_000, endMs: 70_000, recall: null, securityLevel: 'none' },
  ...{ side: 'bought', orderId: 'org-t:j1', millicredits: 5 },
};
const ARRANGED = {
  ...{ kind: 'LeaseArranged', contractId: 'c1', leaseId: 'm.c1', isolation: 'isolation' },
  ...{ attester: null, nodeIds: ['n1'], startMs: 10_000, endMs: 70_000 },
};

test('it bids once a round, shortly before it closes, and backs its offers', async (t) => {
  const stage = new Stage(t);
  await sleep(30);
  t.deepEqual(stage.posted('/orders'), []);
  stage.nowMs = 9_500;
  await stage.until(() => stage.posted('/orders').length === 1);
  const [{ body, key }] = stage.posted('/orders') as [Stage['calls'][0]];
  t.is(key, 'orders/0');
  t.like(body, { roundId: 0, bids: [{ bidId: 'org-t:j1', organisation: 'org-t' }] });
  t.like(stage.posted('/pledges/standard')[0]!.body, { nodeIds: ['o1'] });
  await stage.stop();
  stage.start();
  await sleep(700);
  t.is(stage.posted('/orders').length, 1, 'not again after a restart');
});

test('demand that nodes were bought for is not bid for again until the contract is over', async (t) => {
  const stage = new Stage(t);
  stage.agent.hear(1, { kind: 'ContractFormed', contract: CONTRACT });
  await stage.until(() => stage.file.record.marketCursor === 1);
  stage.nowMs = 9_500;
  await stage.until(() => stage.file.record.roundId === 0);
  t.deepEqual(stage.posted('/orders'), []);
  const over = { kind: 'ContractSettled', contractId: 'c1', outcome: 'completed', millicredits: 5 };
  stage.agent.hear(2, over);
  stage.roundId = 1;
  stage.nowMs = 19_500;
  await stage.until(() => stage.posted('/orders').length === 1);
  t.pass();
});

test('a lease is driven, its node added, drained and gone before it ends', async (t) => {
  const stage = new Stage(t);
  stage.nowMs = 10_000;
  stage.agent.hear(1, { kind: 'ContractFormed', contract: CONTRACT });
  stage.agent.hear(2, ARRANGED);
  await stage.until(() => stage.plans.length === 1);
  t.like(stage.plans[0]!, { leaseId: 'm.c1', endMs: 70_000, imageId: 'i', attester: null });
  stage.news.push({ cursor: 1, body: { kind: 'NodeReady', leaseId: 'm.c1', nodeId: 'n1' } });
  await stage.until(() => stage.done.includes('add n1'));
  stage.nowMs = 68_500;
  await stage.until(() => stage.done.includes('drain n1'));
  t.false(stage.done.includes('remove n1'));
  await stage.stop();
  stage.start();
  stage.nowMs = 69_500;
  await stage.until(() => stage.done.includes('remove n1'));
  t.deepEqual(stage.done, ['expect n1', 'add n1', 'drain n1', 'remove n1']);
});

test('a lease that is recalled ends when it was said to, not when it was meant to', async (t) => {
  const stage = new Stage(t);
  stage.nowMs = 10_000;
  stage.agent.hear(1, { kind: 'ContractFormed', contract: CONTRACT });
  stage.agent.hear(2, ARRANGED);
  await stage.until(() => stage.plans.length === 1);
  stage.news.push({ cursor: 1, body: { kind: 'NodeReady', leaseId: 'm.c1', nodeId: 'n1' } });
  await stage.until(() => stage.done.includes('add n1'));
  stage.news.push({ cursor: 2, body: { kind: 'NodeEnding', leaseId: 'm.c1', atMs: 20_000 } });
  stage.nowMs = 19_500;
  await stage.until(() => stage.done.includes('remove n1'));
  t.pass();
});

test('a node without use in two rounds in a row goes back, out of the cluster first', async (t) => {
  const stage = new Stage(t);
  stage.nowMs = 10_000;
  stage.agent.hear(1, { kind: 'ContractFormed', contract: CONTRACT });
  stage.agent.hear(2, ARRANGED);
  await stage.until(() => stage.plans.length === 1);
  stage.news.push({ cursor: 1, body: { kind: 'NodeReady', leaseId: 'm.c1', nodeId: 'n1' } });
  await stage.until(() => stage.file.record.nodes['n1']?.stage === 'added');
  stage.idleBorrowed = ['n1'];
  for (const roundId of [1, 2]) {
    t.false(stage.done.includes('remove n1'));
    stage.roundId = roundId;
    stage.nowMs = (roundId + 1) * 10_000 - 500;
    await stage.until(() => stage.file.record.roundId === roundId);
  }
  await stage.until(() => stage.done.includes('return m.c1 n1'));
  t.deepEqual(stage.done.slice(-2), ['remove n1', 'return m.c1 n1']);
});

test('own nodes that were sold are lent until the contract is over', async (t) => {
  const stage = new Stage(t);
  stage.agent.hear(1, { kind: 'ContractFormed', contract: { ...CONTRACT, side: 'sold' } });
  stage.agent.hear(2, { ...ARRANGED, nodeIds: ['o1'] });
  await stage.until(() => stage.done.includes('lend o1'));
  t.deepEqual(stage.plans, []);
  stage.agent.hear(3, { kind: 'ContractSettled', contractId: 'c1', outcome: 'completed' });
  await stage.until(() => stage.done.includes('takeBack o1'));
  t.deepEqual(Object.keys(stage.file.record.contracts), []);
});

test('a sheet is on the disk before its hash is anywhere, and revealed as it was', async (t) => {
  const stage = new Stage(t);
  stage.isSealed = true;
  stage.nowMs = 7_500;
  await stage.until(() => stage.posted('/commitments').length === 1);
  const { sheet } = stage.file.record.sheet!;
  const { commitment } = stage.posted('/commitments')[0]!.body as { commitment: string };
  t.is(commitment, commitmentOf(sheet));
  await stage.stop();
  stage.start();
  stage.agent.hear(1, { kind: 'CommitmentsPublished', roundId: 0 });
  await stage.until(() => stage.posted('/reveals').length === 1);
  const { bids, asks, nonce } = stage.posted('/reveals')[0]!.body as unknown as OrderSheet;
  t.is(commitmentOf({ agent: 'org-t', bids, asks, nonce }), commitment);
});

test('orders that were posted before a restart stand; a market that fails is asked again', async (t) => {
  const stage = new Stage(t);
  stage.refusal = new OcxError({ code: 'BACKEND_UNREACHABLE', message: 'away' });
  stage.nowMs = 9_500;
  await stage.until(() => stage.posted('/orders').length >= 1);
  t.is(existsSync(join(stage.folder, 'state.json')) ? stage.file.record.roundId : -1, -1);
  stage.refusal = new OcxError({ code: 'CONFLICT_IDEMPOTENCY_KEY', message: 'it is there' });
  await stage.until(() => stage.file.record.roundId === 0);
  t.pass();
});

test('a file of something else is not written over', (t) => {
  const path = join(temporaryFolder(t), 'state.json');
  writeFileSync(path, '{"schema":"other"}');
  t.throws(() => new AgentFile(path), { code: 'INPUT_AGENT_FILE' });
});
