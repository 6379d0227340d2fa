/**
 * The hold model (Vaucher & Duval 1975; Jones, CACM 29(4), 1986): take the first event, hand it to
 * its handler, put it back an increment later; the number that waits stays the same.
 */
export type Handler = (timeMs: number) => void;

/**
 * @param initialTimes when the events are due that wait at the start; their number stays
 * @param events how many to hand out
 * @param increments times between an event and its successor; a power of two of them, mean 1
 * @param handlers four; event i goes to handler i mod 4
 * @returns time of the last event: equal for every queue that is right
 */
export type HoldLoop = (
  initialTimes: Float64Array,
  events: number,
  increments: Float64Array,
  handlers: readonly Handler[],
) => number;

/** Exponential times with mean 1 from a small congruential generator. */
export function exponentialTimes(count: number, seed: number): Float64Array {
  const times = new Float64Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    times[i] = -Math.log((state + 0.5) / 4_294_967_296);
  }
  return times;
}
