/** A node need with a daily and a weekly cycle: the plainest demand that is not flat. */
import type { NodeNeedSeries } from '../../core/demand/demand.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';

export interface DailyCycle {
  /** Mean over a week, before rounding up to whole nodes. */
  readonly meanNodes: number;
  /** Half the day's swing over its mean, 0…1; the peak is at `peakHour`. */
  readonly dayAmplitude: number;
  /** Local hour of the peak. */
  readonly peakHour?: number;
  /** Saturday's and Sunday's need over a working day's. */
  readonly weekendFactor: number;
  /** Standard deviation of the hourly noise over the need; it fades by half in two hours. */
  readonly noise: number;
}

const DEFAULT_PEAK_HOUR = 14;
/** Correlation of the noise of one hour with the hour before: half in two hours. */
const PERSISTENCE = Math.SQRT1_2;

/** One need an hour, whole nodes, over [0, horizonMs). */
export function dailyCycle(
  cycle: DailyCycle,
  horizonMs: number,
  stream: RandomStream,
): NodeNeedSeries {
  const times: number[] = [];
  const nodes: number[] = [];
  const workday = (cycle.meanNodes * 7) / (5 + 2 * cycle.weekendFactor);
  const innovation = Math.sqrt(1 - PERSISTENCE * PERSISTENCE);
  let noise = stream.normal();
  for (let hour = 0; hour * HOUR_MS < horizonMs; hour++) {
    const weekend = hour % 168 >= 120 ? cycle.weekendFactor : 1;
    const angle = (2 * Math.PI * ((hour % 24) - (cycle.peakHour ?? DEFAULT_PEAK_HOUR))) / 24;
    const day = 1 + cycle.dayAmplitude * Math.cos(angle);
    const level = workday * weekend * day * (1 + cycle.noise * noise);
    noise = PERSISTENCE * noise + innovation * stream.normal();
    const need = Math.max(0, Math.round(level));
    if (nodes.length > 0 && nodes[nodes.length - 1] === need) continue;
    times.push(hour * HOUR_MS);
    nodes.push(need);
  }
  return { timeMs: Float64Array.from(times), nodes: Float64Array.from(nodes) };
}
