/** Names that charts share. */
import type { ClusterKind } from '../../../core/agents/view.ts';
import type { Metrics } from '../../../core/metrics/results.ts';

const KIND_NAMES: Readonly<Record<ClusterKind, string>> = {
  hpc: 'HPC',
  htc: 'HTC',
  cloud: 'cloud',
  testbed: 'testbed',
  government: 'government',
};

export function kindName(kind: string): string {
  return Object.hasOwn(KIND_NAMES, kind) ? KIND_NAMES[kind as ClusterKind] : kind;
}

/** Kind of an organisation by its name; empty where no variant knows it. */
export function kindOf(metrics: Metrics, organisation: string): string {
  for (const variant of metrics.variants) {
    const found = variant.organisations.find((one) => one.name === organisation);
    if (found) return found.kind;
  }
  return '';
}
