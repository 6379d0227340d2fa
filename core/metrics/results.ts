/**
 * The results of one comparison: `metrics.json`, schema `ocx-metrics/1`.
 *
 * Ratios are fractions, durations seconds, capacity nodes or node-hours, money credits. What each
 * figure means is defined in `docs/METRICS.md`.
 */
import type { ForkOrigin } from './comparison.ts';
import type { RareEmergencies } from './rare-emergencies.ts';
import type { ClusterKind } from '../agents/view.ts';
import type { Estimate, MaybeEstimate } from './estimate.ts';
import type { DeviationGain } from './incentives.ts';
import type { MeasuredMechanism } from './mechanism-properties.ts';

export const METRICS_SCHEMA = 'ocx-metrics/1';

/** What one organisation demanded and got in one variant. */
export interface OrganisationResult {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly installedNodes: number;
  readonly demandNodeHours: Estimate;
  readonly metNodeHours: Estimate;
  /** Met ÷ demanded. */
  readonly metShare: MaybeEstimate;
  /** Node-hours run on borrowed nodes, and lent to others. */
  readonly borrowedNodeHours: Estimate;
  readonly lentNodeHours: Estimate;
  /** Node-time lost to recalls, kills and set-up, node-hours. */
  readonly lostNodeHours: Estimate;
  /** Receipts − payments, credits. */
  readonly netCredits: Estimate;
  /** Value of met demand + net credits, against the same under `static`, credits. */
  readonly gainCredits: Estimate;
  /** In the language of its kind, e.g. `meanWaitSeconds`, `lostLoadShare`, `timeToCapacitySeconds`. */
  readonly ownMeasures: Readonly<Record<string, MaybeEstimate>>;
}

export interface VariantResult {
  readonly name: string;
  readonly mechanism: string;
  /** `bmi`, `foreman`, … */
  readonly provisioning: string;
  readonly attestation: boolean;
  /** Whose run it goes on from, and when; absent where it begins at the beginning. */
  readonly forkedFrom?: ForkOrigin;
  readonly organisations: readonly OrganisationResult[];
  /** Busy node-time ÷ installed node-time. */
  readonly utilisation: Estimate;
  readonly metNodeHours: Estimate;
  readonly demandNodeHours: Estimate;
  /** Worth of all met demand to those whose it was: goodput weighted by value, credits. */
  readonly valueCredits?: Estimate;
  /** That − the same under `static`, replication by replication; payments cancel out. */
  readonly welfareGainCredits?: Estimate;
  readonly market: MarketBehaviour | null;
}

/** How often safeguards acted, and what defaults cost whom. */
export interface MarketSafety {
  /** By safeguard, those that never acted at 0. */
  readonly acted: Readonly<Record<string, Estimate>>;
  readonly actedInAll: Estimate;
  readonly haltedRounds: Estimate;
  readonly waterfallUses: Estimate;
  readonly suspensions: Estimate;
  /** Left unpaid beyond deposits, and the parts that other members and creditors bore; credits. */
  readonly lossCredits: Estimate;
  readonly mutualCredits: Estimate;
  readonly haircutCredits: Estimate;
  /** Gini index of the organisations' free credits in the end: 0 all alike, towards 1 one has all. */
  readonly creditGini: MaybeEstimate;
  /** Highest price of a node-hour of each class ÷ its median, of the rounds in which it traded. */
  readonly priceSpike: Readonly<Record<string, MaybeEstimate>>;
  /** Rounds of each class at a price more than half off the median of the day before. */
  readonly offBandRounds?: Readonly<Record<string, Estimate>>;
}

/** Does the market behave? Null for variants without money. */
export interface MarketBehaviour {
  readonly rounds: Estimate;
  readonly bidsPerRound: Estimate;
  readonly contracts: Estimate;
  readonly leases: Estimate;
  readonly tradedNodeHours: Estimate;
  /** Mean price of a node-hour by class, credits. */
  readonly meanPrice: Readonly<Record<string, MaybeEstimate>>;
  /** Share of the upper bound on reported surplus, over the sampled rounds. */
  readonly efficiency: MaybeEstimate;
  readonly sampledRounds: Estimate;
  /** Trades at a loss to one side on its own report; 0 where the mechanism claims it. */
  readonly individualRationalityViolations: Estimate;
  /** Organisations worse off than alone, over the whole window, ÷ all. */
  readonly organisationsWorseOff: MaybeEstimate;
  /** Σ payments − Σ receipts, credits. */
  readonly budgetSurplusCredits: Estimate;
  /** Jain index of the organisations' gains. */
  readonly fairness: MaybeEstimate;
  readonly sharingIndex: MaybeEstimate;
  /**
   * Share of others' demand cells that can be read from what is public, over the sampled rounds;
   * with an open book, or a central scheduler, it is 1. Absent in results of earlier versions.
   */
  readonly leak?: { readonly sealed: MaybeEstimate; readonly bands: MaybeEstimate };
  readonly willingness: Willingness;
  /** By name, where there are more than the epoch call; else empty. */
  readonly horizons: Readonly<Record<string, HorizonTrade>>;
  /** Absent where options are not traded. */
  readonly options?: OptionResult;
  readonly recalls: Estimate;
  /** Leases whose nodes the exchange gave to somebody else. */
  readonly preemptions: Estimate;
  readonly defaults: Estimate;
  /** What the safeguards and the clearing house did. */
  readonly safety?: MarketSafety;
  /** What the mechanism claims, and the domain; as printed. */
  readonly claims: Readonly<Record<string, string>>;
  /** What false reports would have brought; absent where the scenario does not ask. */
  readonly deviationGain?: DeviationGain;
}

/** How willing owners are to share, in one variant. */
export interface Willingness {
  /** From falling idle to being offered, over the nodes that were offered. */
  readonly timeToOfferMedianSeconds: MaybeEstimate;
  readonly timeToOfferP95Seconds: MaybeEstimate;
  /** Node-time offered for which own jobs are moved ÷ node-time offered. */
  readonly reshapeIndex: MaybeEstimate;
}

/** Options in the measured window. */
export interface OptionResult {
  readonly written: Estimate;
  readonly nodes: Estimate;
  readonly premiumCredits: Estimate;
  readonly called: Estimate;
  /** Of those called: all nodes ready within the holder's τ. */
  readonly deliveredInTime: Estimate;
  readonly expired: Estimate;
}

/** What was traded on one horizon. */
export interface HorizonTrade {
  readonly rounds: Estimate;
  readonly contracts: Estimate;
  readonly tradedNodeHours: Estimate;
}

/** Metric 1. */
export interface HardwareReduction {
  readonly variant: string;
  readonly installedNodes: number;
  readonly requiredStaticNodes: Estimate;
  readonly requiredMarketNodes: Estimate;
  /** Largest over the replications. */
  readonly requiredStaticNodesMaximum: number;
  readonly requiredMarketNodesMaximum: number;
  /** (N*_static − N*) ÷ N*_static: the headline. */
  readonly saving: MaybeEstimate;
  /** (N − N*_static) ÷ N. */
  readonly rightSizing: Estimate;
  /** Σ node-time ÷ window, nodes. */
  readonly workBound: Estimate;
  /** Demand bound function, nodes. */
  readonly intervalBound: Estimate;
  /** Share of the possible saving (down to the interval bound) that was captured. */
  readonly captured: MaybeEstimate;
  /** Points (alignment, correlation) → saving. */
  readonly byCorrelation: readonly CorrelationPoint[];
  /** Met demand around N* was checked to rise with hardware; replications where it did not. */
  readonly nonMonotoneReplications: number;
}

/** One point of the saving as a function of how alike the owners' demands are in time. */
export interface CorrelationPoint {
  /** Shift between the owners' local times, hours; 0: all peaks aligned. */
  readonly alignmentHours: number;
  /** Mean pairwise correlation of hourly demand, measured. */
  readonly correlation: Estimate;
  readonly saving: MaybeEstimate;
}

/** Metric 2, against `static`. */
export interface ExtraDemandMet {
  readonly variant: string;
  readonly nodeHours: Estimate;
  /** Of what static partition missed. */
  readonly shareOfMissed: MaybeEstimate;
  /** Upper bound of what a full-information optimum could have met beyond static. */
  readonly optimumNodeHours: Estimate;
  readonly organisations: Readonly<Record<string, { readonly nodeHours: Estimate }>>;
  readonly kinds: Readonly<Record<string, { readonly nodeHours: Estimate }>>;
}

/** Metric 3. */
export interface ProvisioningEffect {
  /** Extra demand met with diskless and with diskful provisioning, node-hours. */
  readonly bmi: Estimate;
  readonly foreman: Estimate;
  /** bmi − foreman, replication by replication. */
  readonly difference: Estimate;
  readonly kinds: Readonly<
    Record<
      string,
      { readonly bmi: Estimate; readonly foreman: Estimate; readonly difference: Estimate }
    >
  >;
  /** By lease length: share of the lease that is left for work. */
  readonly byLeaseLength: readonly {
    readonly leaseSeconds: number;
    readonly bmi: number;
    readonly foreman: number;
    /** Node-hours traded at about this length, diskless and diskful. */
    readonly tradedBmi: Estimate;
    readonly tradedForeman: Estimate;
  }[];
  /** Shortest lease worth taking, seconds, by method. */
  readonly breakEvenLeaseSeconds: { readonly bmi: MaybeEstimate; readonly foreman: MaybeEstimate };
}

/** Metric 4. */
export interface SecurityEffect {
  /** Price of a node-hour of an attestable class − one of a class without TPM, credits. */
  readonly premium: Readonly<Record<string, MaybeEstimate>>;
  /** Demand met by security-sensitive organisations, node-hours. */
  readonly sensitive: {
    readonly market: Estimate;
    readonly static: Estimate;
    /** market − static, replication by replication. */
    readonly difference: Estimate;
    readonly slowProvisioning: MaybeEstimate;
  };
  /** What attestation costs the others: met node-hours without it − with it. */
  readonly costToOthers: MaybeEstimate;
}

/** One provisioning time of the shape of the prospectus' Figure 3-3. */
export interface ProvisioningTime {
  readonly method: 'foreman' | 'bmi';
  readonly firmware: 'uefi' | 'linuxboot';
  readonly securityLevel: 'none' | 'attested' | 'full';
  /** Phase name → seconds, in order. */
  readonly phases: readonly { readonly name: string; readonly seconds: number }[];
  readonly totalSeconds: number;
}

/** One hour of one variant, averaged over replications; for the charts over time. */
export interface HourlySeries {
  readonly variant: string;
  /** Hours since the end of the warm-up, ascending. */
  readonly hour: readonly number[];
  readonly installedNodes: number;
  /** Node need of all organisations. */
  readonly demandNodes: readonly number[];
  readonly busyNodes: readonly number[];
  readonly lentNodes: readonly number[];
  readonly offeredNodes: readonly number[];
  /** By class: price of a node-hour in credits; null where nothing was traded. */
  readonly price: Readonly<Record<string, readonly (number | null)[]>>;
  /** By organisation: nodes it could use (owned − lent + borrowed, ready). */
  readonly capacityByOrganisation: Readonly<Record<string, readonly number[]>>;
  readonly demandByOrganisation: Readonly<Record<string, readonly number[]>>;
}

/** Who traded with whom in one variant, node-hours and credits. */
export interface TradeFlow {
  readonly variant: string;
  readonly seller: string;
  readonly buyer: string;
  readonly nodeHours: Estimate;
  readonly credits: Estimate;
}

export interface SensitivityPoint {
  /** Key path of the parameter, e.g. `patience`, `tau`. */
  readonly parameter: string;
  readonly value: number;
  readonly extraNodeHours: Estimate;
}

export interface Metrics {
  readonly schema: typeof METRICS_SCHEMA;
  readonly scenario: string;
  readonly seed: number;
  readonly replications: number;
  readonly horizonSeconds: number;
  readonly warmUpSeconds: number;
  readonly variants: readonly VariantResult[];
  readonly hardwareReduction: HardwareReduction | null;
  /** The main market variant; every variant's own figure is in `extraDemandByVariant`. */
  readonly extraDemandMet: ExtraDemandMet;
  readonly extraDemandByVariant: readonly ExtraDemandMet[];
  readonly provisioningEffect: ProvisioningEffect | null;
  readonly provisioningTimes: readonly ProvisioningTime[];
  readonly security: SecurityEffect | null;
  /** Mean pairwise correlation of the organisations' hourly demand. */
  readonly demandCorrelation: MaybeEstimate;
  readonly series: readonly HourlySeries[];
  readonly trades: readonly TradeFlow[];
  readonly sensitivity: readonly SensitivityPoint[];
  /** Absent where emergencies are not conditioned on. */
  readonly rareEmergencies?: RareEmergencies;
  /** What the mechanisms of the variants claim, measured on random markets. */
  readonly mechanisms?: readonly MeasuredMechanism[];
  readonly invariantViolations: number;
  readonly ledgerImbalance: number;
  /** One digest over the events of every replication: equal digests, equal histories. */
  readonly digest: string;
}
