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

/** `hpc-a (HPC)`; the name alone where it says its kind already. */
export function withKind(name: string, kind: string): string {
  const described = kindName(kind);
  return name.toLowerCase() === described.toLowerCase() ? name : `${name} (${described})`;
}

/** Kind of an organisation by its name; empty where no variant knows it. */
export function kindOf(metrics: Metrics, organisation: string): string {
  for (const variant of metrics.variants) {
    const found = variant.organisations.find((one) => one.name === organisation);
    if (found) return found.kind;
  }
  return '';
}
