/**
 * Where the warm-up of a stationary series ends: MSER-5 (White, Simulation 69(6), 1997; White, Cobb
 * & Spratt, WSC 2000). Means of five observations each; the cut is the one that minimises
 * the squared width of the interval of what is left, Σ(y − ȳ)² / (n − d)², over the first half.
 *
 * It is claimed for one series that is stationary in the end, and finds no cut for one that drifts:
 * a minimum at the end of the first half says that the run is too short.
 */

/** Observations a mean, as in the papers. */
export const MSER_BATCH = 5;

export type WarmUp =
  | {
      /** Observations to leave out at the beginning; a multiple of five. */
      readonly cut: number;
    }
  | { readonly cut: null; readonly reason: string };

/** Fewest observations with which a cut is looked for; chosen: ten means. */
export const LEAST_OBSERVATIONS = 50;

/** @param series in order of time */
export function mser5(series: ArrayLike<number>): WarmUp {
  const count = Math.floor(series.length / MSER_BATCH);
  if (series.length < LEAST_OBSERVATIONS) {
    return { cut: null, reason: `fewer than ${LEAST_OBSERVATIONS} observations` };
  }
  const means = batchesOfFive(series, count);
  // From the back: mean and squares of y[d..] (Welford 1962) for every cut d.
  let mean = 0;
  let squares = 0;
  let best = Infinity;
  let cut = 0;
  const lastCut = Math.floor(count / 2);
  for (let d = count - 1; d >= 0; d--) {
    const kept = count - d;
    const distance = means[d]! - mean;
    mean += distance / kept;
    squares += distance * (means[d]! - mean);
    const width = squares / (kept * kept);
    // Among equal cuts the earliest: it keeps most.
    if (d <= lastCut && width <= best) {
      best = width;
      cut = d;
    }
  }
  if (!Number.isFinite(best)) return { cut: null, reason: 'an observation is not a number' };
  if (cut === lastCut)
    return { cut: null, reason: 'the series is not stationary in its second half' };
  return { cut: cut * MSER_BATCH };
}

function batchesOfFive(series: ArrayLike<number>, count: number): Float64Array {
  const means = new Float64Array(count);
  for (let batch = 0; batch < count; batch++) {
    let sum = 0;
    for (let i = 0; i < MSER_BATCH; i++) sum += series[batch * MSER_BATCH + i]!;
    means[batch] = sum / MSER_BATCH;
  }
  return means;
}
