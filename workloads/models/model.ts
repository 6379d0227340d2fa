/** What every workload model is to the rest. */
import type { TObject } from 'typebox';
import type { ClusterKind } from '../../core/agents/view.ts';
import type { LoadedDemand, WorkloadContext } from '../context.ts';

/** One model; its schema is the workload table of a scenario that names it. */
export interface WorkloadModel {
  readonly name: string;
  /** One line for help texts, with the source. */
  readonly title: string;
  readonly kinds: readonly ClusterKind[];
  readonly schema: TObject;
  generate(table: never, context: WorkloadContext): LoadedDemand;
}
