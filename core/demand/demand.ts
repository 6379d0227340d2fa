/** What each kind of cluster is asked to do: the input of one replication. */
import type { TimeMs } from '../kernel/units.ts';
import type { JobTable } from './jobs.ts';

/** Where numbers come from; printed beside every input. */
export type InputLabel = 'real' | 'derived' | 'synthetic';

/** Whole nodes needed from each instant on; times ascending, first at 0. */
export interface NodeNeedSeries {
  readonly timeMs: Float64Array;
  readonly nodes: Float64Array;
}

/** A gang of identical nodes for a fixed time, worth nothing after its deadline. */
export interface Experiment {
  readonly experimentId: string;
  readonly releaseMs: TimeMs;
  readonly deadlineMs: TimeMs;
  readonly nodes: number;
  readonly durationMs: number;
  /** The experimenter would also work at nights and at weekends. */
  readonly acceptsOffHours: boolean;
}

/** A national emergency: nodes needed within the organisation's τ, for as long as it lasts. */
export interface Emergency {
  readonly emergencyId: string;
  readonly startMs: TimeMs;
  readonly durationMs: number;
  readonly nodes: number;
  /** True where the experiment put it in, false where the process drew it. */
  readonly injected: boolean;
  /** Importance weight of annualised demand figures; 1 for a drawn emergency. */
  readonly weight: number;
}

/** What replications of a comparison are conditioned on, because it is rare. */
export interface Rarity {
  /** The measured window holds an emergency of at least so many nodes. */
  readonly nodes: number;
  /** That it does, under the model that emergencies are drawn from. */
  readonly probability: number;
}

/** Measured windows with what is rare, or without it. */
export type Stratum = 'some' | 'none';

export type Demand =
  | { readonly kind: 'batch'; readonly jobs: JobTable }
  | { readonly kind: 'cloud'; readonly needs: NodeNeedSeries }
  | { readonly kind: 'testbed'; readonly experiments: readonly Experiment[] }
  | {
      readonly kind: 'government';
      /** What the reserve does outside emergencies; may be all zero. */
      readonly needs: NodeNeedSeries;
      readonly emergencies: readonly Emergency[];
    };

/** One input file or model behind a demand, for the manifest. */
export interface DemandSource {
  readonly name: string;
  readonly label: InputLabel;
  /** SHA-256 of the file, or null for a model. */
  readonly sha256: string | null;
  /** One sentence on how it was treated, e.g. "resampled in blocks of a week (47 weeks)". */
  readonly treatment: string;
  readonly droppedRecords: Readonly<Record<string, number>>;
}
