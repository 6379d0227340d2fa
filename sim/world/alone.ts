/** Static partition: every organisation alone on its own nodes. No services, no rounds. */
import type { ClusterOutcome } from '../clusters/cluster.ts';
import { runToEnd } from '../clusters/run-to-end.ts';
import type { Organisation } from '../scenario/schema.ts';
import { clusterOf } from './clusters.ts';
import { measuredWindow } from './setup.ts';
import type { RunSetup } from './setup.ts';

export function runAlone(setup: RunSetup, organisation: Organisation): ClusterOutcome {
  const cluster = clusterOf(setup, organisation);
  runToEnd(cluster, measuredWindow(setup.scenario).endMs);
  return cluster.outcome();
}
