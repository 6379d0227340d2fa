/**
 * Cells of ln of whole seconds, and the mass that a gamma of ln seconds has in each: short values
 * stand alone, longer ones share cells of a fortieth, far finer than what a gamma changes over.
 */
import { gammaDistribution, logGamma } from '../sampling.ts';

const ALONE = 40;
const WIDTH = 1 / 40;
/** Cells below this many seconds are wide: the distribution function counts there. */
const EXACT_BELOW = 12;

/** Cells [edges[i], edges[i + 1]) of seconds, the last one up to the longest. */
export interface LogCells {
  readonly edges: Float64Array;
  readonly logEdges: Float64Array;
  /** Middles of the cells on that scale. */
  readonly logMiddles: Float64Array;
  /** ln of both, for densities. */
  readonly edgeLogs: Float64Array;
  readonly middleLogs: Float64Array;
  /** ln of the longest value. */
  readonly longestLog: number;
}

/**
 * @param shift subtracted from each edge but the first: ½ where whole seconds were rounded to the
 * nearest, 0 where they were cut off
 */
export function logCells(longestLog: number, shift = 0): LogCells {
  const edges: number[] = [1];
  let edge = 1;
  for (;;) {
    edge = edge < ALONE ? edge + 1 : Math.max(edge + 1, Math.ceil(edge * Math.exp(WIDTH)));
    if (Math.log(edge) >= longestLog - 1e-9) break;
    edges.push(edge - shift);
  }
  edges.push(Math.exp(longestLog));
  const logEdges = Float64Array.from(edges, (each, i) => (i === 0 ? 0 : Math.log(each)));
  logEdges[logEdges.length - 1] = longestLog;
  const logMiddles = logEdges.slice(1).map((to, i) => (to + logEdges[i]!) / 2);
  const [edgeLogs, middleLogs] = [logEdges.map(Math.log), logMiddles.map(Math.log)];
  return {
    edges: Float64Array.from(edges),
    logEdges,
    logMiddles,
    edgeLogs,
    middleLogs,
    longestLog,
  };
}

/** Which cell seconds lie in; beyond the longest the last one. */
export function cellOfSeconds({ edges }: LogCells, seconds: number): number {
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= seconds) low = middle;
    else high = middle;
  }
  return low;
}

/** Mass of a gamma of ln seconds in each cell. */
export function gammaMasses(cells: LogCells, shape: number, scale: number): Float64Array {
  const { edges, logEdges, logMiddles, edgeLogs, middleLogs } = cells;
  const masses = new Float64Array(logMiddles.length);
  const constant = logGamma(shape) + shape * Math.log(scale);
  const density = (x: number, logOfX: number) =>
    Math.exp((shape - 1) * logOfX - x / scale - constant);
  let below = 0;
  let start = NaN;
  for (let i = 0; i < masses.length; i++) {
    const to = logEdges[i + 1]!;
    if (edges[i]! < EXACT_BELOW) {
      const upTo = gammaDistribution(to, shape, scale);
      masses[i] = Math.max(0, upTo - below);
      below = upTo;
      continue;
    }
    // Simpson's rule, whose ends neighbours share.
    if (Number.isNaN(start)) start = density(logEdges[i]!, edgeLogs[i]!);
    const end = density(to, edgeLogs[i + 1]!);
    const middle = density(logMiddles[i]!, middleLogs[i]!);
    masses[i] = ((to - logEdges[i]!) * (start + 4 * middle + end)) / 6;
    start = end;
  }
  return masses;
}

/** Shape and scale of the gamma with a mean and a standard deviation. */
export function gammaOf(mean: number, deviation: number): { shape: number; scale: number } {
  return { shape: (mean / deviation) * (mean / deviation), scale: (deviation * deviation) / mean };
}
