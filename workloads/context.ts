/** What a workload is loaded for, and what loading it gives. */
import type { Demand, DemandSource, Rarity, Stratum } from '../core/demand/demand.ts';
import type { ClusterKind } from '../core/agents/view.ts';
import { randomStream, type RandomStream } from '../core/kernel/random.ts';

/** One organisation in one replication. */
export interface WorkloadContext {
  readonly kind: ClusterKind;
  readonly organisation: string;
  readonly seed: number;
  readonly replication: number;
  /** Demand is made for [0, horizonMs); 0 is a Monday, 00:00 local time. */
  readonly horizonMs: number;
  /** Cohorts start here; injected emergencies lie after it. */
  readonly warmUpMs: number;
  /** Which windows to draw, where they are conditioned; default those with what is rare. */
  readonly stratum?: Stratum;
  /** Size of the organisation's own cluster, all classes. */
  readonly nodes: number;
  /** Relative paths are taken from here first … */
  readonly scenarioFolder: string;
  /** … then from here (`OCX_TRACES`). */
  readonly tracesFolder: string | undefined;
}

/** A demand with where it came from. */
export interface LoadedDemand {
  readonly demand: Demand;
  readonly sources: readonly DemandSource[];
  /** Absent where nothing was conditioned. */
  readonly rarity?: Rarity;
}

/** The random stream of one purpose of this organisation in this replication. */
export function workloadStream(context: WorkloadContext, purpose: string): RandomStream {
  return randomStream({
    seed: context.seed,
    replication: context.replication,
    entity: context.organisation,
    purpose: `workload.${purpose}`,
  });
}
