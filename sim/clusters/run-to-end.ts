/** A cluster that nobody trades with: one own event after another. */
import type { Cluster } from './cluster.ts';

export function runToEnd(cluster: Cluster): void {
  while (!cluster.isResolved()) {
    const nextMs = cluster.nextEventMs();
    if (nextMs === Infinity) return;
    cluster.advance(nextMs);
  }
}
