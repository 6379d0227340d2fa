/**
 * What an organisation's agent sees: its own cluster, its own account, its own fills and what the
 * market published. Never another organisation's queue.
 */
import type { Constraint } from '../market/constraints/constraint.ts';
import type { NodeProperties } from '../market/constraints/properties.ts';
import type { ClassPrice, SecurityLevel } from '../market/orders.ts';
import type { StreamName } from '../kernel/random.ts';
import type { Millicredits, TimeMs } from '../kernel/units.ts';

export type ClusterKind = 'hpc' | 'htc' | 'cloud' | 'testbed' | 'government';

/** Nodes that the cluster lacks. */
export interface Want {
  /** Stable across rounds for the same piece of demand. */
  readonly wantId: string;
  readonly nodes: number;
  /** Equal to `nodes` for a gang, 1 for work that scales. */
  readonly minimumNodes: number;
  /** Acceptable classes, best first. */
  readonly nodeClasses: readonly string[];
  /** Working time needed on a node, set-up not counted. */
  readonly durationMs: number;
  readonly earliestStartMs: TimeMs;
  /** The work is worth nothing if it ends later. */
  readonly latestEndMs: TimeMs;
  /** What serving the whole want is worth to the organisation. */
  readonly valueMillicredits: Millicredits;
  /** Its own estimate of how likely the want stays unserved otherwise, 0 … 1. */
  readonly certainty: number;
  readonly securityLevel: SecurityLevel;
  readonly acceptsRecall: boolean;
  /** The work keeps its progress when it is stopped: a shorter lease is of use too. */
  readonly keepsProgress?: boolean;
}

/** Nodes that the cluster could do without. */
export interface Spare {
  readonly spareId: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly fromMs: TimeMs;
  readonly untilMs: TimeMs;
  /** What the owner gives up, for one node over one hour. */
  readonly costMillicreditsPerNodeHour: Millicredits;
  /** Null: firm. A number: the owner keeps the right to take them back at this notice. */
  readonly recallNoticeMs: number | null;
}

/** Nodes that an agent has bought without a use for them. */
export interface HoardedNodes {
  /** Begins with `HOARD_PREFIX`: the own id of an ask for them. */
  readonly hoardId: string;
  readonly nodeClass: string;
  /** Not sold on yet for any time after now. */
  readonly nodes: number;
  readonly fromMs: TimeMs;
  readonly untilMs: TimeMs;
}

/** Own ids of bids and asks that are for a hoard begin so; no cluster names its own like this. */
export const HOARD_PREFIX = 'hoard/';

export interface ClusterView {
  readonly organisation: string;
  readonly kind: ClusterKind;
  readonly nowMs: TimeMs;
  readonly wants: readonly Want[];
  readonly spares: readonly Spare[];
  /** Nodes owned, lent ones among them. */
  readonly ownNodes: number;
  readonly balanceMillicredits: Millicredits;
  readonly givenNodeMs: number;
  readonly receivedNodeMs: number;
  /** Names the draws of a strategy that plays at random: another stream in every round. */
  readonly draws?: StreamName;
  /** Nodes bought to be sold on; absent: none. */
  readonly hoard?: readonly HoardedNodes[];
  /** What nodes that it borrows must be. */
  readonly constraints?: readonly Constraint[];
  /** Further names under which it is a member of the market. */
  readonly aliases?: readonly string[];
}

/** How the market is laid out in time: what an agent needs to turn times into slots. */
export interface MarketTerms {
  /** Name of the horizon; absent: the epoch call. */
  readonly horizon?: string;
  /** First instant that is traded; absent: the round's start. */
  readonly firstStartMs?: TimeMs;
  readonly roundStartMs: TimeMs;
  readonly slotMs: number;
  readonly horizonSlots: number;
  /** Time a lease loses at its start before a node is ready, by security level. */
  readonly setupMs: Readonly<Record<SecurityLevel, number>>;
  /** Time a lease loses at its end to power-off, sanitizing and verification. */
  readonly releaseMs: number;
  /** First slot in which preempted nodes can be had; absent where nothing is preempted. */
  readonly resaleSlots?: number;
  readonly lastPrices: readonly ClassPrice[];
  /** Security level that each class can prove. */
  readonly classSecurity: Readonly<Record<string, SecurityLevel>>;
  readonly recallPenaltyPartsPerMillion: number;
  /** What each class is, for asks to say: bids may demand it. */
  readonly classProperties?: Readonly<Record<string, NodeProperties>>;
}
