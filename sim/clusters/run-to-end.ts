/** A cluster that nobody trades with: one own event after another. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Cluster } from './cluster.ts';

/** @param endMs of the measured window: what happens until then counts, even if it is nothing */
export function runToEnd(cluster: Cluster, endMs: TimeMs): void {
  for (let nextMs = cluster.nextEventMs(); nextMs <= endMs; nextMs = cluster.nextEventMs()) {
    cluster.advance(nextMs);
  }
  cluster.advance(endMs);
  while (!cluster.isResolved()) {
    const nextMs = cluster.nextEventMs();
    if (nextMs === Infinity) return;
    cluster.advance(nextMs);
  }
}
