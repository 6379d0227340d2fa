/**
 * An organisation's live agent: bids in every round what its cluster lacks and could spare, by the same
 * strategies as in the simulator, has won leases driven, and gives the nodes to the cluster for as long
 * as it has them. It trusts no clock but its own to take them out again: a node leaves the cluster before
 * its lease ends, whether or not anybody says that it does.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fillsOf } from '../../core/agents/own-trades.ts';
import type { OwnFills, Orders, Strategy } from '../../core/agents/agent.ts';
import type { ClusterView } from '../../core/agents/view.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { EnclavePlan } from '../../core/leasing/protocol.ts';
import type { MarketNotice, OwnContract } from '../../core/market/exchange/protocol.ts';
import { plainAsk, plainBid } from '../../core/market/order-check.ts';
import { commitmentOf } from '../../core/market/sealing/commitment.ts';
import type { ClusterEngine, ClusterReport } from '../engines/cluster-engine.ts';
import type { AgentFile, KeptContract } from './agent-memory.ts';
import { BorrowedNodes, type GiveBack, type NodeTimes } from './borrowed-nodes.ts';
import { epochTerms } from './market-view.ts';
import type { ShownMarket, ShownPrices } from './market-view.ts';

/** One call to the market's API; `key` makes it safe to send again. */
export type CallMarket = (
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
  key?: string,
) => Promise<object>;

/** Where won leases go. */
export interface LeaseDriver {
  plan(plan: Omit<EnclavePlan, 'kind' | 'timeMs'>): Promise<void>;
  news(after: number): Promise<readonly { readonly cursor: number; readonly body: object }[]>;
}

/** How nodes that are borrowed are set up. */
export type Setup = Pick<EnclavePlan, 'method' | 'imageId' | 'policyId' | 'provisioner'>;

export interface AgentOptions {
  readonly organisation: string;
  readonly strategy: Strategy;
  readonly parameters: Readonly<Record<string, number>>;
  readonly engine: ClusterEngine;
  readonly file: AgentFile;
  readonly market: CallMarket;
  readonly leases: LeaseDriver;
  readonly setup: Setup;
  /** Attester that it wants for its enclaves; null: whichever the market has for it. */
  readonly attester: string | null;
  readonly recallPenaltyPartsPerMillion: number;
  /** Orders are posted so long before a round closes. */
  readonly bidAheadMs: TimeMs;
  readonly times: NodeTimes;
  readonly giveBack: GiveBack;
  readonly nowMs: () => TimeMs;
  readonly note: (line: string) => void;
}

/** How often the agent looks whether there is something to do. */
const LOOK_MS = 500;

export class Agent {
  readonly #options: AgentOptions;
  readonly #nodes: BorrowedNodes;
  #messages: { readonly cursor: number; readonly body: unknown }[] = [];
  #trouble: string | null = null;
  #attesterTold = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { engine, file, times, note, giveBack } = options;
    this.#nodes = new BorrowedNodes(engine, file, times, note, giveBack);
  }

  /** Place of the last message of the market that was taken. */
  get marketCursor(): number {
    return this.#messages.at(-1)?.cursor ?? this.#options.file.record.marketCursor;
  }

  /** A message of the market; each once and in order. */
  hear(cursor: number, body: unknown): void {
    if (cursor > this.marketCursor) this.#messages.push({ cursor, body });
  }

  /** Works until it is told to end. What fails is tried again at the next look. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const part of [
        () => this.#takeMessages(),
        () => this.#takeNews(),
        () => this.#nodes.see(this.#options.nowMs()),
        () => this.#bid(),
      ]) {
        await part().then(
          () => {},
          (error: unknown) => this.#troubled(error),
        );
      }
      await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  #troubled(error: unknown): void {
    const said = error instanceof Error ? error.message : String(error);
    if (said !== this.#trouble) this.#options.note(said);
    this.#trouble = said;
  }

  async #takeMessages(): Promise<void> {
    const { file } = this.#options;
    for (let next = this.#messages[0]; next; next = this.#messages[0]) {
      await this.#take(next.body as MarketNotice);
      this.#messages.shift();
      file.record.marketCursor = next.cursor;
      file.save();
    }
  }

  async #take(notice: MarketNotice | null): Promise<void> {
    const { record } = this.#options.file;
    switch (notice?.kind) {
      case 'ContractFormed': {
        const { contract } = notice;
        const { contractId, endMs } = contract;
        record.contracts[contractId] ??= { contract, leaseId: null, nodeIds: [], endMs };
        record.fills.push(contract);
        this.#options.note(wordsOf(contract));
        return;
      }
      case 'LeaseArranged':
        return this.#arranged(notice);
      case 'ContractSettled':
        return this.#settled(notice);
      case 'CommitmentsPublished':
        return this.#reveal(notice.roundId);
      default:
    }
  }

  async #arranged(notice: Extract<MarketNotice, { kind: 'LeaseArranged' }>): Promise<void> {
    const { file, engine, leases, setup } = this.#options;
    const { contractId, leaseId, nodeIds, endMs, attester } = notice;
    const kept = file.record.contracts[contractId];
    if (!kept) return;
    Object.assign(kept, { leaseId, nodeIds, endMs });
    if (kept.contract.side === 'sold') return engine.lend(nodeIds);
    const { securityLevel, nodeClass } = kept.contract;
    for (const nodeId of nodeIds) await engine.expect({ nodeId, leaseId, nodeClass, endMs });
    await leases.plan({ ...setup, leaseId, securityLevel, attester, endMs });
  }

  async #settled(notice: Extract<MarketNotice, { kind: 'ContractSettled' }>): Promise<void> {
    const { file, engine, note } = this.#options;
    const { contractId, outcome, millicredits } = notice;
    const kept = file.record.contracts[contractId];
    if (!kept) return;
    note(`contract ${contractId} is over: ${outcome}, ${millicredits} millicredits`);
    if (kept.contract.side === 'sold') await engine.takeBack(kept.nodeIds);
    else if (kept.leaseId !== null) {
      this.#nodes.endLease(kept.leaseId, this.#options.nowMs());
      // Those that never came are not expected any more.
      for (const nodeId of this.#notElsewhere(kept)) await engine.remove(nodeId);
    }
    delete file.record.contracts[contractId];
  }

  /** Nodes of a contract that are neither in the cluster nor part of another contract. */
  #notElsewhere(kept: KeptContract): string[] {
    const { nodes, contracts } = this.#options.file.record;
    const others = Object.values(contracts).filter((other) => other !== kept);
    const taken = new Set([...Object.keys(nodes), ...others.flatMap(({ nodeIds }) => nodeIds)]);
    return kept.nodeIds.filter((nodeId) => !taken.has(nodeId));
  }

  async #takeNews(): Promise<void> {
    const { file, leases } = this.#options;
    for (const { cursor, body } of await leases.news(file.record.newsCursor)) {
      this.#nodes.hear(body, (leaseId) => this.#contractOf(leaseId), this.#options.nowMs());
      file.record.newsCursor = cursor;
      file.save();
    }
  }

  #contractOf(leaseId: string) {
    const { contracts } = this.#options.file.record;
    return Object.values(contracts).find((kept) => kept.leaseId === leaseId) ?? null;
  }

  /** Once a round, shortly before it closes. */
  async #bid(): Promise<void> {
    const { market, file, nowMs, bidAheadMs, recallPenaltyPartsPerMillion } = this.#options;
    const shown = (await market('GET', '/market')) as ShownMarket;
    const prices = (await market('GET', '/prices')) as ShownPrices;
    const open = epochTerms(shown, prices, recallPenaltyPartsPerMillion);
    if (!open || open.round.roundId <= file.record.roundId) return;
    const { round, terms } = open;
    const closesMs = round.commitsEndMs ?? round.closesMs;
    if (nowMs() < closesMs - bidAheadMs) return;
    await this.#tellAttester();
    const { engine, strategy, parameters } = this.#options;
    const report = await engine.report(nowMs());
    this.#nodes.noteIdle(report.idleBorrowed, nowMs());
    const view = await this.#view(report, round.startMs);
    const decision = strategy.decide(
      view,
      terms,
      this.#fills(terms.slotMs),
      file.record.memory,
      parameters,
    );
    await this.#pledge(report);
    if (shown.isSealed) await this.#commit(round.roundId, decision.orders);
    else await this.#post(round.roundId, decision.orders);
    Object.assign(file.record, { memory: decision.memory, roundId: round.roundId, fills: [] });
    file.save();
  }

  #fills(slotMs: number): OwnFills {
    const { organisation, file } = this.#options;
    const asTraded = (contract: OwnContract) => ({
      ...contract,
      ...{ buyer: organisation, seller: organisation, optionIndex: 0 },
      ...{ wantRef: contract.orderId, askId: contract.orderId },
      ...{ priceMillicredits: contract.millicredits, receiptMillicredits: contract.millicredits },
    });
    const { fills } = file.record;
    const bought = fills.filter(({ side }) => side === 'bought').map(asTraded);
    const sold = fills.filter(({ side }) => side === 'sold').map(asTraded);
    return fillsOf(bought, sold, slotMs);
  }

  async #view(report: ClusterReport, roundStartMs: TimeMs): Promise<ClusterView> {
    const { organisation, engine, market, file, nowMs } = this.#options;
    const path = `/organisations/${encodeURIComponent(organisation)}/account`;
    const account = (await market('GET', path)) as { freeMillicredits: number };
    // What was bought for a piece of demand serves it, also while it is not there yet.
    const served = new Set(
      Object.values(file.record.contracts).map(({ contract }) => contract.orderId),
    );
    return {
      organisation,
      kind: engine.kind,
      nowMs: Math.max(nowMs(), roundStartMs),
      wants: report.wants.filter(({ wantId }) => !served.has(`${organisation}:${wantId}`)),
      spares: report.spares,
      ownNodes: report.ownNodes,
      balanceMillicredits: account.freeMillicredits,
      ...{ givenNodeMs: 0, receivedNodeMs: 0 },
    };
  }

  async #pledge({ idle }: ClusterReport): Promise<void> {
    for (const [nodeClass, nodeIds] of idle) {
      await this.#options.market('PUT', `/pledges/${encodeURIComponent(nodeClass)}`, { nodeIds });
    }
  }

  async #tellAttester(): Promise<void> {
    const { attester } = this.#options;
    if (this.#attesterTold || attester === null) return;
    await this.#options.market('PUT', '/attester', { attester });
    this.#attesterTold = true;
  }

  async #post(roundId: number, { bids, asks }: Orders): Promise<void> {
    if (bids.length + asks.length === 0) return;
    const { market, note } = this.#options;
    const body = { roundId, bids, asks };
    const posted = await market('POST', '/orders', body, `orders/${roundId}`).catch(isBidAlready);
    const { refused = [] } = (posted ?? {}) as {
      refused?: { orderId: string; refusal: { code: string } }[];
    };
    for (const { orderId, refusal } of refused) note(`order ${orderId}: ${refusal.code}`);
  }

  /** The sheet is on the disk before anybody has its hash: whoever cannot reveal loses its bond. */
  async #commit(roundId: number, { bids, asks }: Orders): Promise<void> {
    if (bids.length + asks.length === 0) return;
    const { organisation: agent, file, market } = this.#options;
    const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
    const sheet = { agent, bids: bids.map(plainBid), asks: asks.map(plainAsk), nonce };
    if (file.record.sheet?.roundId !== roundId) file.record.sheet = { roundId, sheet };
    file.save();
    const commitment = commitmentOf(file.record.sheet!.sheet);
    await market('POST', '/commitments', { roundId, commitment }, `commit/${roundId}`);
  }

  async #reveal(roundId: number): Promise<void> {
    const { file, market } = this.#options;
    if (file.record.sheet?.roundId !== roundId) return;
    const { bids, asks, nonce } = file.record.sheet.sheet;
    await market('POST', '/reveals', { roundId, bids, asks, nonce }, `reveal/${roundId}`).catch(
      isLate,
    );
    file.record.sheet = null;
  }
}

/** Before a restart this round was bid in already, with other orders: those stand. */
function isBidAlready(error: unknown): null {
  if (error instanceof OcxError && error.code === 'CONFLICT_IDEMPOTENCY_KEY') return null;
  throw error;
}

/** The round is over, or the sheet was revealed before: to try again would change nothing. */
function isLate(error: unknown): null {
  if (error instanceof OcxError && error.code.startsWith('MARKET_REVEAL')) return null;
  throw error;
}

function wordsOf({ contractId, side, nodes, nodeClass, millicredits }: OwnContract): string {
  return `${side} ${nodes} of ${nodeClass} for ${millicredits} millicredits, contract ${contractId}`;
}
