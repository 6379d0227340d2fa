/**
 * When somebody is there to begin an experiment: Monday to Friday, 08:00–20:00 local. What nobody
 * could have begun in time, no market could have added.
 */
import type { Experiment } from '../../core/demand/demand.ts';
import { DAY_MS, HOUR_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { MetDemand } from './cluster.ts';

const OFFICE_OPENS_HOUR = 8;
const OFFICE_CLOSES_HOUR = 20;
const OFFICE_DAYS = 5;

/** Time 0 of a simulation is a Monday, 00:00 local. */
export function isOffice(atMs: TimeMs): boolean {
  const day = Math.floor((atMs % WEEK_MS) / DAY_MS);
  const hour = Math.floor((atMs % DAY_MS) / HOUR_MS);
  return day < OFFICE_DAYS && hour >= OFFICE_OPENS_HOUR && hour < OFFICE_CLOSES_HOUR;
}

/** The next opening after the instant. */
export function nextOffice(atMs: TimeMs): TimeMs {
  let opens = atMs - (atMs % DAY_MS) + OFFICE_OPENS_HOUR * HOUR_MS;
  while (opens <= atMs || !isOffice(opens)) opens += DAY_MS;
  return opens;
}

/** The end of the last office hours before the instant, for an instant outside of them. */
function lastClosing(atMs: TimeMs): TimeMs {
  let closed = atMs - (atMs % DAY_MS) + OFFICE_CLOSES_HOUR * HOUR_MS;
  while (closed > atMs || !isOffice(closed - 1)) closed -= DAY_MS;
  return closed;
}

/** The last instant at which it can begin and still meet its deadline. */
export function latestStartMs(experiment: Experiment): TimeMs {
  return experiment.deadlineMs - experiment.durationMs;
}

/**
 * Experiments as windows for the bounds: from the first instant at which somebody can begin one to
 * the last at which it can end. Those that nobody can begin in time are left out.
 */
export function feasibleWindows(experiments: readonly Experiment[]): MetDemand {
  const releaseMs: number[] = [];
  const dueMs: number[] = [];
  const nodeMs: number[] = [];
  for (const experiment of experiments) {
    const { acceptsOffHours, durationMs, nodes } = experiment;
    const always = (atMs: TimeMs) => acceptsOffHours || isOffice(atMs);
    const released = experiment.releaseMs;
    const first = always(released) ? released : nextOffice(released);
    const latest = latestStartMs(experiment);
    if (first > latest) continue;
    releaseMs.push(first);
    dueMs.push((always(latest) ? latest : lastClosing(latest)) + durationMs);
    nodeMs.push(nodes * durationMs);
  }
  return { releaseMs, dueMs, nodeMs };
}
