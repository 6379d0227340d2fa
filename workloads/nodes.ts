/** From processors to whole nodes, by an explicit number of cores a node. */
import { emptyJobTable, type JobTable } from '../core/demand/jobs.ts';
import { OcxError } from '../core/kernel/errors.ts';

/** What becomes of a job that is wider than the whole cluster. */
export type WideJobs = 'drop' | 'cap';

export interface NodeJobs {
  /** `processors` counts nodes. */
  readonly jobs: JobTable;
  /** Jobs wider than the cluster, which were dropped. */
  readonly widerDropped: number;
  /** Jobs wider than the cluster, which were cut down to it. */
  readonly widerCapped: number;
}

/**
 * nodes = ⌈processors / coresPerNode⌉; with a scale the nearest whole number of nodes, because
 * rounding every scaled width up would add load. At least 1 either way.
 *
 * @param clusterNodes most nodes a job may have; `wide` says what becomes of a wider one
 * @param widthScale factor on widths, to fit a log of one machine to a cluster of another size
 * @throws OcxError INPUT_CORES_PER_NODE for a number of cores that is no positive number
 */
export function jobsOnNodes(
  jobs: JobTable,
  coresPerNode: number,
  clusterNodes: number,
  wide: WideJobs = 'drop',
  widthScale = 1,
): NodeJobs {
  if (!(coresPerNode > 0) || !(widthScale > 0)) {
    throw new OcxError({
      code: 'INPUT_CORES_PER_NODE',
      message: `cores per node is ${coresPerNode}, scale of widths ${widthScale}; both must be > 0`,
    });
  }
  const nodes = new Int32Array(jobs.count);
  let wider = 0;
  for (let i = 0; i < jobs.count; i++) {
    const exact = (jobs.processors[i]! * widthScale) / coresPerNode;
    // The small slack keeps 0.1 · 30 from becoming 4 nodes.
    nodes[i] = Math.max(1, widthScale === 1 ? Math.ceil(exact - 1e-9) : Math.round(exact));
    if (nodes[i]! > clusterNodes) wider += 1;
  }
  const dropping = wide === 'drop';
  const kept = emptyJobTable(dropping ? jobs.count - wider : jobs.count);
  for (let i = 0, to = 0; i < jobs.count; i++) {
    if (dropping && nodes[i]! > clusterNodes) continue;
    kept.jobNumber[to] = jobs.jobNumber[i]!;
    kept.submitSeconds[to] = jobs.submitSeconds[i]!;
    kept.runSeconds[to] = jobs.runSeconds[i]!;
    kept.estimateSeconds[to] = jobs.estimateSeconds[i]!;
    kept.processors[to] = Math.min(nodes[i]!, clusterNodes);
    kept.user[to] = jobs.user[i]!;
    to += 1;
  }
  return { jobs: kept, widerDropped: dropping ? wider : 0, widerCapped: dropping ? 0 : wider };
}
