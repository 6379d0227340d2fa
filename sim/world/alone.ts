/** Static partition: every organisation alone on its own nodes. No services, no rounds. */
import type { Cluster, ClusterOutcome } from '../clusters/cluster.ts';
import type { Organisation } from '../scenario/schema.ts';
import { clusterOf } from './clusters.ts';
import type { RunSetup } from './setup.ts';

export function runAlone(setup: RunSetup, organisation: Organisation): ClusterOutcome {
  const cluster = clusterOf(setup, organisation);
  runToEnd(cluster);
  return cluster.outcome();
}

export function runToEnd(cluster: Cluster): void {
  while (!cluster.isResolved()) {
    const nextMs = cluster.nextEventMs();
    if (nextMs === Infinity) return;
    cluster.advance(nextMs);
  }
}
