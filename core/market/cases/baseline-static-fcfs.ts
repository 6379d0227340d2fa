/**
 * Case `baseline-static-fcfs`: strict first come first served, each partition alone against one pool.
 *
 * Rule (ours, defined by the case): jobs queue in order of (arrive, id) for the partition of their
 * organisation, or all for the sum of all partitions. The first in the queue starts as soon as its
 * nodes are free; nobody overtakes it (no backfill). A job that is larger than the whole partition
 * never runs (start: null) and holds up nobody. A node is free at the instant at which a job ends.
 */
import type { CaseSolver } from './case.ts';
import { asCount, asList, asNumber, asRecord, asText, entriesOf, invalid, keyed } from './input.ts';

interface QueuedJob {
  readonly id: string;
  readonly organisation: string;
  readonly nodes: number;
  readonly arrive: number;
  readonly duration: number;
}

/** Input `{partition: {organisation: nodes}, jobs: [{id, org, nodes, arrive, dur}]}`. */
export const solveStaticFcfs: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const partition = new Map(
    entriesOf(record['partition'], 'partition').map(([name, nodes]) => [
      name,
      asCount(nodes, `partition.${name}`),
    ]),
  );
  const jobs = asList(record['jobs'], 'jobs').map((job, i) => readJob(job, `jobs[${i}]`));
  const ids = new Set(jobs.map(({ id }) => id));
  if (ids.size !== jobs.length) throw invalid('jobs', 'two jobs have the same id');
  const alone: [string, number | null][] = [];
  let pool = 0;
  for (const [name, nodes] of partition) {
    pool += nodes;
    alone.push(
      ...starts(
        jobs.filter(({ organisation }) => organisation === name),
        nodes,
      ),
    );
  }
  const stray = jobs.find(({ organisation }) => !partition.has(organisation));
  if (stray) throw invalid(`jobs.${stray.id}.org`, 'an organisation without a partition');
  return { startStatic: keyed(alone), startPooled: keyed(starts(jobs, pool)) };
};

function readJob(value: unknown, keyPath: string): QueuedJob {
  const job = asRecord(value, keyPath);
  const arrive = asNumber(job['arrive'], `${keyPath}.arrive`);
  const duration = asNumber(job['dur'], `${keyPath}.dur`);
  if (duration < 0) throw invalid(`${keyPath}.dur`, 'a duration is not negative');
  return {
    id: asText(job['id'], `${keyPath}.id`),
    organisation: asText(job['org'], `${keyPath}.org`),
    nodes: asCount(job['nodes'], `${keyPath}.nodes`, 1),
    arrive,
    duration,
  };
}

/** When each job starts on so many nodes. */
function starts(jobs: readonly QueuedJob[], nodes: number): [string, number | null][] {
  const queue = [...jobs].sort(
    (a, b) => a.arrive - b.arrive || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
  let running: { endsAt: number; nodes: number }[] = [];
  let free = nodes;
  let now = -Infinity;
  return queue.map((job) => {
    if (job.nodes > nodes) return [job.id, null];
    now = Math.max(now, job.arrive);
    running.sort((a, b) => a.endsAt - b.endsAt);
    let ended = 0;
    while (ended < running.length && (running[ended]!.endsAt <= now || free < job.nodes)) {
      free += running[ended]!.nodes;
      now = Math.max(now, running[ended]!.endsAt);
      ended += 1;
    }
    running = running.slice(ended);
    free -= job.nodes;
    running.push({ endsAt: now + job.duration, nodes: job.nodes });
    return [job.id, now];
  });
}
