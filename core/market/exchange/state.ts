/** What an exchange remembers beyond its market. */
import type { TimeMs } from '../../kernel/units.ts';
import type { LeaseSide } from '../../allocator/protocol.ts';
import type { Contract } from '../contracts.ts';
import type { LeaseEnd } from '../lease-report.ts';
import type { ClassPrice, SlotPrice } from '../orders.ts';
import type { LeaseReported } from '../protocol.ts';
import { initialMarketState } from '../state.ts';
import type { MarketState } from '../state.ts';
import { checkExchange } from './configuration.ts';
import type { ExchangeConfiguration } from './configuration.ts';
import type { ExchangeEffect, LeaseRequest, OpenRound, SolveRoundOutside } from './protocol.ts';

/** The round of one horizon that takes orders. */
export interface HorizonClock {
  round: OpenRound;
  /** Its time has come, and another round is still being solved. */
  isDue: boolean;
}

/** From a contract to the end of its lease. */
export interface Delivery {
  readonly contract: Contract;
  /** The exchange's name and the contract's id, and a number where that name was taken. */
  leaseId: string;
  /** Isolation service of the seller. */
  readonly service: string;
  /** Nodes asked for last; none while it waits for the lease whose nodes it takes over. */
  nodeIds: readonly string[];
  /** How many choices of nodes were refused, and how many names of the lease. */
  attempts: number;
  names: number;
  state: 'waiting' | 'asked' | 'arranged' | 'started' | 'over';
  /** What is to become of it as soon as it can: its contract is over, or its nodes go to others. */
  takeBack: 'calledOff' | 'preempted' | null;
  end: LeaseEnd['end'] | 'not-delivered';
  endedAtMs: TimeMs | null;
  /** Who called it off before it began. */
  cancelledBy: LeaseSide | null;
  readonly lostNodeIds: Set<string>;
}

/** A round that was cleared or lapsed, as everybody may know it. */
export interface PublishedRound {
  readonly roundId: number;
  readonly horizon: string;
  readonly startMs: TimeMs;
  readonly publishedMs: TimeMs;
  readonly contracts: number;
  readonly welfareMillicredits: number;
  readonly surplusMillicredits: number;
  readonly prices: readonly ClassPrice[];
  readonly slotPrices: readonly SlotPrice[];
  readonly solverVersion: string;
}

export interface ExchangeState {
  readonly configuration: ExchangeConfiguration;
  readonly market: MarketState;
  /** By horizon; empty until the exchange is opened. */
  readonly clocks: HorizonClock[];
  /** The round that is being solved, and how often it was asked for. */
  solving: {
    readonly effect: SolveRoundOutside;
    readonly startMs: TimeMs;
    readonly attempts: number;
  } | null;
  /** Sealed rounds whose lottery is not fixed yet: effect id → round. */
  readonly headsAwaited: Map<string, { readonly roundId: number; readonly deadlineMs: TimeMs }>;
  /** By contract id. */
  readonly deliveries: Map<string, Delivery>;
  /** Organisation → class → nodes, ascending. */
  readonly pledges: Map<string, Map<string, readonly string[]>>;
  /** Organisation → attester that it chose. */
  readonly attesters: Map<string, string>;
  /** Command id → a request that is not answered. */
  readonly requests: Map<string, { readonly contractId: string; readonly request: LeaseRequest }>;
  requestCount: number;
  /** The last ones, oldest first. */
  readonly published: PublishedRound[];
  /** By horizon: prices of the last round that had any. */
  readonly lastPrices: (readonly ClassPrice[])[];
  /** Option → its two sides. */
  readonly optionParties: Map<string, readonly [holder: string, writer: string]>;
}

/** Rounds that are kept for whoever was away. */
export const PUBLISHED_MAXIMUM = 100;

/** @throws INVARIANT_VIOLATED where the configuration makes no sense */
export function initialExchange(configuration: ExchangeConfiguration): ExchangeState {
  checkExchange(configuration);
  return {
    configuration,
    market: initialMarketState(configuration.market),
    clocks: [],
    solving: null,
    headsAwaited: new Map(),
    deliveries: new Map(),
    pledges: new Map(),
    attesters: new Map(),
    requests: new Map(),
    requestCount: 0,
    published: [],
    lastPrices: configuration.clocks.map(() => []),
    optionParties: new Map(),
  };
}

/** One step in the making. */
export interface Turn {
  readonly state: ExchangeState;
  readonly timeMs: TimeMs;
  readonly effects: ExchangeEffect[];
  /** Lease reports that the market has not been given yet. */
  readonly reports: LeaseReported[];
}
