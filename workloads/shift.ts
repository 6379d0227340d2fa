/**
 * Moves a demand against the others', round the end of the horizon, so that its total stays the
 * same: how alignment between organisations is varied.
 */
import type { Demand, NodeNeedSeries } from '../core/demand/demand.ts';
import { emptyJobTable, type JobTable } from '../core/demand/jobs.ts';

/** The demand with all its times later by `shiftMs`, modulo `horizonMs`. */
export function shiftDemand(demand: Demand, shiftMs: number, horizonMs: number): Demand {
  const shift = ((shiftMs % horizonMs) + horizonMs) % horizonMs;
  if (shift === 0) return demand;
  const move = (timeMs: number) => {
    const moved = timeMs + shift;
    return moved >= horizonMs ? moved - horizonMs : moved;
  };
  switch (demand.kind) {
    case 'batch':
      return { kind: 'batch', jobs: shiftJobs(demand.jobs, move) };
    case 'cloud':
      return { kind: 'cloud', needs: shiftNeeds(demand.needs, shift, horizonMs) };
    case 'testbed':
      return {
        kind: 'testbed',
        experiments: demand.experiments
          .map((experiment) => {
            const releaseMs = move(experiment.releaseMs);
            const windowMs = experiment.deadlineMs - experiment.releaseMs;
            return { ...experiment, releaseMs, deadlineMs: releaseMs + windowMs };
          })
          .sort((a, b) => a.releaseMs - b.releaseMs || order(a.experimentId, b.experimentId)),
      };
    case 'government':
      return {
        kind: 'government',
        needs: shiftNeeds(demand.needs, shift, horizonMs),
        emergencies: demand.emergencies
          .map((emergency) => ({ ...emergency, startMs: move(emergency.startMs) }))
          .sort((a, b) => a.startMs - b.startMs || order(a.emergencyId, b.emergencyId)),
      };
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function shiftJobs(jobs: JobTable, move: (timeMs: number) => number): JobTable {
  const submit = jobs.submitSeconds.map((seconds) => move(seconds * 1000) / 1000);
  const rows = Uint32Array.from(submit, (_, index) => index);
  rows.sort((a, b) => submit[a]! - submit[b]! || a - b);
  const moved = emptyJobTable(jobs.count);
  rows.forEach((row, to) => {
    moved.jobNumber[to] = jobs.jobNumber[row]!;
    moved.submitSeconds[to] = submit[row]!;
    moved.runSeconds[to] = jobs.runSeconds[row]!;
    moved.estimateSeconds[to] = jobs.estimateSeconds[row]!;
    moved.processors[to] = jobs.processors[row]!;
    moved.user[to] = jobs.user[row]!;
  });
  return moved;
}

function shiftNeeds(needs: NodeNeedSeries, shift: number, horizonMs: number): NodeNeedSeries {
  const count = needs.timeMs.length;
  const times: number[] = [];
  const nodes: number[] = [];
  const cut = horizonMs - shift;
  let first = 0;
  while (first + 1 < count && needs.timeMs[first + 1]! <= cut) first += 1;
  // What holds at the cut comes to stand at 0.
  times.push(0);
  nodes.push(needs.nodes[first]!);
  for (let i = first + 1; i < count && needs.timeMs[i]! < horizonMs; i++) {
    times.push(needs.timeMs[i]! - cut);
    nodes.push(needs.nodes[i]!);
  }
  for (let i = 0; i < count && needs.timeMs[i]! < cut; i++) {
    times.push(needs.timeMs[i]! + shift);
    nodes.push(needs.nodes[i]!);
  }
  return { timeMs: Float64Array.from(times), nodes: Float64Array.from(nodes) };
}
