/** What the safeguards remember from event to event: plain data, bounded. */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import type { MirroredBid } from './mirrors.ts';
import type { Repricing } from './turns.ts';

/** Prices that a node-slot may have; `high` null: no upper limit. */
export interface PriceBand {
  readonly lowMillicredits: Millicredits;
  readonly highMillicredits: Millicredits | null;
}

export interface TrackRecord {
  successes: number;
  failures: number;
}

/** Money of a seller that answers for the hardware of one contract. */
export interface WarrantyBond {
  readonly buyer: string;
  readonly seller: string;
  readonly nodeClass: string;
  readonly amountMillicredits: Millicredits;
  /** Null while the contract lives. */
  claimableUntilMs: TimeMs | null;
}

/** Who sold a class in a round, and what the offers of the round were. */
export interface Award {
  readonly roundId: number;
  readonly nodeClass: string;
  readonly winner: string;
  /** Least reserve of the winner, and of everybody else; null where nobody else offered. */
  readonly winningMillicredits: Millicredits;
  readonly nextMillicredits: Millicredits | null;
}

export interface TradeRecord {
  readonly buyer: string;
  readonly seller: string;
  readonly nodeSlots: number;
}

export interface SafeguardMemory {
  /** By class, fixed when the last round was published. */
  collar: Map<string, PriceBand>;
  /** By class: least penalty of a recall, parts per million. */
  recallFloor: Map<string, number>;
  /** Rounds that will still be held without trade. */
  haltedRounds: number;
  readonly records: Map<string, TrackRecord>;
  /** `organisation/class` → nodes that were idle, as attested for this round. */
  readonly idle: Map<string, { readonly roundId: number; readonly nodes: number }>;
  /** Organisations whose deposit is locked. */
  readonly identities: Set<string>;
  /** By contract id. */
  readonly bonds: Map<string, WarrantyBond>;
  /** `organisation/class` → first round in which it may sell again. */
  readonly barred: Map<string, number>;
  readonly awards: Award[];
  /** Bid → price of a node-slot, in the last round. */
  bidPrices: Map<string, number>;
  readonly repricings: Repricing[];
  readonly trades: TradeRecord[];
  readonly mirrored: MirroredBid[];
  /** Contract of the market maker → nodes of it that are sold on. */
  readonly resold: Map<string, number>;
  /** By class: nodes asked for in the round that is open. */
  readonly openDemand: Map<string, number>;
  /** The open round has been called before its time. */
  called: boolean;
  lastCloseMs: TimeMs | null;
}

export function emptyMemory(): SafeguardMemory {
  return {
    collar: new Map(),
    recallFloor: new Map(),
    haltedRounds: 0,
    records: new Map(),
    idle: new Map(),
    identities: new Set(),
    bonds: new Map(),
    barred: new Map(),
    awards: [],
    bidPrices: new Map(),
    repricings: [],
    trades: [],
    mirrored: [],
    resold: new Map(),
    openDemand: new Map(),
    called: false,
    lastCloseMs: null,
  };
}
