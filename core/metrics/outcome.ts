/**
 * What one run (one replication of one variant) leaves behind: plain data that crosses worker
 * threads. Every metric is computed from these and nothing else.
 */
import type { LeakedCells } from '../market/sealing/publication.ts';
import type { ClusterKind } from '../agents/view.ts';
import type { Millicredits, NodeMs, TimeMs } from '../kernel/units.ts';
import type { DemandWindows } from './bounds.ts';

/** The jobs of a batch cluster, for `jobs-<organisation>.csv`; columns of equal length. */
export interface JobColumns {
  readonly jobNumber: Float64Array;
  readonly submitMs: Float64Array;
  readonly requestedNodes: Int32Array;
  readonly requestedMs: Float64Array;
  /** First start; NaN where it never started. */
  readonly startMs: Float64Array;
  /** NaN where it never completed. */
  readonly finishMs: Float64Array;
  /** 1 where it was done within its patience, else 0. */
  readonly met: Uint8Array;
}

export interface OrganisationOutcome {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly installedNodes: number;
  readonly securityLevel: 'none' | 'attested' | 'full';
  readonly demandNodeMs: NodeMs;
  readonly metNodeMs: NodeMs;
  readonly valueMillicredits: Millicredits;
  /** Receipts − payments − penalties in the measured window. */
  readonly netMillicredits: Millicredits;
  readonly lostNodeMs: NodeMs;
  readonly borrowedNodeMs: NodeMs;
  readonly lentNodeMs: NodeMs;
  /** Node-time idle, and offered, at the rounds; for the sharing index. */
  readonly idleNodeRounds: number;
  readonly offeredNodeRounds: number;
  /** Node-time of all offers that no work has to stop for; of it, where waiting jobs are moved. */
  readonly offeredNodeMs: NodeMs;
  readonly movedNodeMs: NodeMs;
  /** Nodes by the minutes they were idle before they were offered, ascending. */
  readonly timeToOffer: readonly (readonly [minutes: number, nodes: number])[];
  readonly ownMeasures: Readonly<Record<string, number | null>>;
  /** Hour by hour of the measured window, node-ms. */
  readonly demandHours: Float64Array;
  readonly busyHours: Float64Array;
  readonly lentHours: Float64Array;
  readonly borrowedHours: Float64Array;
  /** Of replication 0 of a batch cluster; null elsewhere. */
  readonly jobs: JobColumns | null;
}

/** One lease as it ended. */
export interface LeaseOutcome {
  /** Absent: the epoch call. */
  readonly horizon?: string;
  readonly leaseId: string;
  readonly seller: string;
  readonly buyer: string;
  readonly nodeClass: string;
  readonly securityLevel: 'none' | 'attested' | 'full';
  readonly nodes: number;
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
  readonly priceMillicredits: Millicredits;
  /** Node-time between ready and given up. */
  readonly usedNodeMs: NodeMs;
  /** Mean over its nodes, from hand-over to ready; null where none became ready. */
  readonly setupMs: number | null;
  readonly recallable: boolean;
  readonly end: 'expired' | 'recalled' | 'returned' | 'failed';
}

export interface RoundOutcome {
  /** Absent: the epoch call. */
  readonly horizon?: string;
  readonly atMs: TimeMs;
  readonly bids: number;
  readonly asks: number;
  readonly fills: number;
  readonly offeredNodes: number;
  readonly wantedNodes: number;
  readonly welfareMillicredits: Millicredits;
  /** Upper bound on the welfare where it was sampled. */
  readonly boundMillicredits: number | null;
  /** Demand cells and how many a publication gives away, in the same rounds. */
  readonly leak: LeakedCells | null;
  /** It was not solved, since one side was empty or the market halted. */
  readonly unsolved?: true;
  /** By class in the scenario's order: millicredits for a node-hour. */
  readonly prices: readonly (number | null)[];
}

/** What defaults left unpaid beyond deposits; all 0 without a clearing house. */
export interface WaterfallOutcome {
  readonly uses: number;
  readonly lossMillicredits: Millicredits;
  readonly mutualMillicredits: Millicredits;
  readonly haircutMillicredits: Millicredits;
  readonly suspensions: number;
}

/** Options in the measured window. */
export interface OptionOutcome {
  written: number;
  /** Of those written. */
  nodes: number;
  premiumMillicredits: Millicredits;
  called: number;
  /** Called, and all nodes ready within the holder's τ of the call. */
  deliveredInTime: number;
  expired: number;
}

export interface MarketOutcome {
  readonly rounds: readonly RoundOutcome[];
  readonly leases: readonly LeaseOutcome[];
  readonly individualRationalityViolations: number;
  readonly surplusMillicredits: Millicredits;
  readonly recalls: number;
  /** Leases whose nodes the exchange gave to somebody else. */
  readonly preemptions: number;
  readonly defaults: number;
  /** Tickets that an owner's isolation service would not redeem: sold twice, or past. */
  readonly ticketsRefused: number;
  /** How often each safeguard acted, by name. */
  readonly safeguards: Readonly<Record<string, number>>;
  /** Rounds that were held without trade because of a halt. */
  readonly haltedRounds: number;
  /** By organisation: credits that it had free in the end. */
  readonly freeMillicredits: readonly Millicredits[];
  readonly waterfall: WaterfallOutcome;
  /** Absent where options are not traded. */
  readonly options?: OptionOutcome;
}

export interface RunOutcome {
  readonly variant: string;
  readonly replication: number;
  readonly organisations: readonly OrganisationOutcome[];
  /** All demand, and what of it was met, as windows. */
  readonly demand: DemandWindows;
  readonly met: DemandWindows;
  /** When the last of the cohort was met, missed or lost; under `static` the window's end. */
  readonly resolvedMs: TimeMs;
  readonly market: MarketOutcome | null;
  readonly digest: string;
  readonly events: number;
  readonly invariantViolations: readonly string[];
  readonly ledgerImbalanceMillicredits: Millicredits;
}

/** The least hardware of one replication. */
export interface SearchOutcome {
  readonly replication: number;
  readonly alignmentHours: number;
  /** Mean pairwise correlation of hourly demand. */
  readonly correlation: number | null;
  readonly installedNodes: number;
  readonly requiredStaticNodes: number;
  /** By organisation. */
  readonly requiredStatic: Readonly<Record<string, number>>;
  readonly requiredMarketNodes: number;
  /** Nodes, on the work that the market met with its least hardware. */
  readonly workBound: number;
  readonly intervalBound: number;
  /** Met demand rose with hardware at every size looked at around the result. */
  readonly monotone: boolean;
  readonly invariantViolations: readonly string[];
}

/** What everybody got where one organisation, or all, reported in another way. */
export interface ProfileOutcome {
  readonly variant: string;
  readonly replication: number;
  /** Who reported `own`; null: everybody. */
  readonly organisation: string | null;
  readonly own: string;
  /** How the others reported; null: as the scenario says. */
  readonly others: string | null;
  /** By organisation. */
  readonly utilityMillicredits: Readonly<Record<string, Millicredits>>;
}
