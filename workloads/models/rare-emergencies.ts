/**
 * Windows that hold a large emergency, and windows that hold none: both drawn from the model's own law
 * by rejection, and how probable the first is, in closed form.
 *
 * Declarations open a large event with the same chance each, whatever else they do. So the
 * probability that none does is a generating function of the Hawkes process, which is affine in its
 * intensity where excitation fades exponentially: E[(1 − q)^N | λ] = exp(a + b λ) with
 * b′ = −β b + (1 − q) exp(n β b) − 1 and a′ = β μ b over the time left (Errais, Giesecke & Goldberg,
 * SIAM J. Financial Mathematics 1(1), 2010). Solved by Runge–Kutta steps of fourth order.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import type { HawkesProcess } from './hawkes.ts';

/** Rarer ones would be drawn for too long. */
export const LEAST_PROBABILITY = 0.001;
/** Draws after which a window of that probability is there but for one time in e^100. */
const MOST_DRAWS = 100_000;
/** Runge–Kutta steps in one time constant. */
const STEPS_PER_CONSTANT = 50;

/** Times in days. */
export interface RareWindow {
  /** From the beginning of the process, unexcited, to that of the window. */
  readonly beforeDays: number;
  readonly days: number;
  /** Of a declaration: that it opens a large event. */
  readonly share: number;
}

/** Probability that at least one declaration in the window opens a large event. */
export function largeEventProbability(process: HawkesProcess, window: RareWindow): number {
  const { beforeDays, days, share } = window;
  const inWindow = integrate(process, share, days, { a: 0, b: 0 });
  const { a, b } = integrate(process, 0, beforeDays, inWindow);
  return -Math.expm1(a + b * process.baseRate);
}

interface Exponent {
  readonly a: number;
  readonly b: number;
}

function integrate(process: HawkesProcess, share: number, days: number, from: Exponent): Exponent {
  const { baseRate, branching, decay } = process;
  const slope = (b: number) => -decay * b + (1 - share) * Math.exp(branching * decay * b) - 1;
  const count = Math.max(1, Math.ceil(days * decay * STEPS_PER_CONSTANT));
  const step = days / count;
  let { a, b } = from;
  for (let i = 0; i < count; i++) {
    const k1 = slope(b);
    const k2 = slope(b + (step / 2) * k1);
    const k3 = slope(b + (step / 2) * k2);
    const k4 = slope(b + step * k3);
    const next = b + (step / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    // Simpson's rule over the step, with b in its middle by Hermite interpolation.
    const middle = (b + next) / 2 + (step / 8) * (k1 - slope(next));
    a += decay * baseRate * (step / 6) * (b + 4 * middle + next);
    b = next;
  }
  return { a, b };
}

/**
 * The first of the model's draws that is of the kind asked for.
 *
 * @param draw makes the draw of a number, the same one each time it is asked for that number
 * @throws OcxError INPUT_WORKLOAD where such draws are too rare
 */
export function drawUntil<Drawn>(
  draw: (number: number) => Drawn,
  isWanted: (drawn: Drawn) => boolean,
  probability: number,
): Drawn {
  if (probability >= LEAST_PROBABILITY) {
    for (let number = 0; number < MOST_DRAWS; number++) {
      const drawn = draw(number);
      if (isWanted(drawn)) return drawn;
    }
  }
  const chance = probability.toPrecision(2);
  throw new OcxError({
    code: 'INPUT_WORKLOAD',
    message: `windows that hold such an emergency, or none, have probability ${chance}: too rare to draw`,
    place: { keyPath: 'workload.conditionNodes' },
    remedy: `change its size, or the measured window, to reach ${LEAST_PROBABILITY}`,
  });
}
