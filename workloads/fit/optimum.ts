/**
 * Minima of functions of a few variables, for likelihoods: the simplex of Nelder & Mead (Computer
 * Journal 7, 1965), which needs no derivative, and BFGS with differences for smooth ends.
 */

/** A minimum as far as it was found. */
export interface Minimum {
  readonly at: readonly number[];
  readonly value: number;
  readonly evaluations: number;
}

export interface SimplexOptions {
  /** Length of the first simplex along each axis; default .1 of each, at least .1. */
  readonly steps?: readonly number[];
  readonly maximumEvaluations?: number;
  /** Stops where values of the simplex differ by less than this, relatively. */
  readonly tolerance?: number;
}

type Vertex = { at: readonly number[]; value: number };

/** @param f answers Infinity where it has no value */
export function simplexMinimum(
  f: (at: readonly number[]) => number,
  start: readonly number[],
  options: SimplexOptions = {},
): Minimum {
  const steps = options.steps ?? start.map((x) => Math.max(0.1, Math.abs(0.1 * x)));
  const most = options.maximumEvaluations ?? 400 * start.length;
  const tolerance = options.tolerance ?? 1e-9;
  let evaluations = 0;
  const vertex = (at: readonly number[]): Vertex => {
    evaluations += 1;
    const value = f(at);
    return { at, value: Number.isNaN(value) ? Infinity : value };
  };
  const simplex = [vertex(start)];
  steps.forEach((step, i) => simplex.push(vertex(start.with(i, start[i]! + step))));
  const order = () => simplex.sort((a, b) => a.value - b.value);
  order();
  while (evaluations < most) {
    const [best, worst] = [simplex[0]!, simplex[simplex.length - 1]!];
    if (worst.value - best.value <= tolerance * (Math.abs(best.value) + 1e-12)) break;
    const centre = start.map((_, i) => {
      let sum = 0;
      for (let v = 0; v < simplex.length - 1; v++) sum += simplex[v]!.at[i]!;
      return sum / (simplex.length - 1);
    });
    const along = (share: number) => vertex(centre.map((x, i) => x + share * (x - worst.at[i]!)));
    const reflected = along(1);
    let next = reflected;
    if (reflected.value < best.value) {
      const expanded = along(2);
      if (expanded.value < reflected.value) next = expanded;
    } else if (reflected.value >= simplex[simplex.length - 2]!.value) {
      next = reflected.value < worst.value ? along(0.5) : along(-0.5);
      if (next.value >= Math.min(reflected.value, worst.value)) {
        for (let v = 1; v < simplex.length; v++) {
          simplex[v] = vertex(simplex[v]!.at.map((x, i) => best.at[i]! + (x - best.at[i]!) / 2));
        }
        order();
        continue;
      }
    }
    simplex[simplex.length - 1] = next;
    order();
  }
  return { ...simplex[0]!, evaluations };
}

/** The simplex, begun anew where it ended until it gains no more: it can stall on a ridge. */
export function restartedMinimum(
  f: (at: readonly number[]) => number,
  start: readonly number[],
  options: SimplexOptions = {},
): Minimum {
  let best = simplexMinimum(f, start, options);
  for (let restart = 0; restart < 5; restart++) {
    const again = simplexMinimum(f, best.at, options);
    const gain = best.value - again.value;
    const evaluations = best.evaluations + again.evaluations;
    best = again.value <= best.value ? { ...again, evaluations } : { ...best, evaluations };
    if (!(gain > 1e-7 * (Math.abs(best.value) + 1e-12))) break;
  }
  return best;
}

const DIFFERENCE = 1e-4;

function gradientAt(f: (at: readonly number[]) => number, at: readonly number[]): number[] {
  return at.map((x, i) => {
    const step = DIFFERENCE * Math.max(0.1, Math.abs(x));
    return (f(at.with(i, x + step)) - f(at.with(i, x - step))) / (2 * step);
  });
}

/** A smooth function's minimum near a start; the start itself where no step gains. */
export function smoothMinimum(
  f: (at: readonly number[]) => number,
  start: readonly number[],
  maximumSteps = 60,
): Minimum {
  let evaluations = 1;
  let at: readonly number[] = start;
  let value = f(at);
  let gradient = gradientAt(f, at);
  const scale = 1 / Math.max(1e-12, Math.hypot(...gradient));
  let inverse = start.map((_, i) => start.map((__, j) => (i === j ? 0.1 * scale : 0)));
  for (let step = 0; step < maximumSteps; step++) {
    const direction = inverse.map((row) => -dot(row, gradient));
    let slope = dot(direction, gradient);
    if (!(slope < 0)) break;
    let length = 1;
    let next = at;
    let nextValue = Infinity;
    for (; length > 1e-8; length /= 3) {
      next = at.map((x, i) => x + length * direction[i]!);
      nextValue = f(next);
      evaluations += 1;
      if (nextValue <= value + 1e-4 * length * slope) break;
    }
    if (!(nextValue < value)) break;
    const gain = value - nextValue;
    const nextGradient = gradientAt(f, next);
    evaluations += 2 * start.length;
    const moved = next.map((x, i) => x - at[i]!);
    inverse = updated(
      inverse,
      moved,
      nextGradient.map((g, i) => g - gradient[i]!),
    );
    [at, value, gradient] = [next, nextValue, nextGradient];
    slope = dot(gradient, gradient);
    if (gain <= 1e-10 * (Math.abs(value) + 1e-12)) break;
  }
  return { at, value, evaluations };
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** BFGS's update of the inverse of the second derivatives. */
function updated(
  inverse: readonly (readonly number[])[],
  moved: readonly number[],
  turned: readonly number[],
): number[][] {
  const curvature = dot(moved, turned);
  if (!(curvature > 1e-14)) return inverse.map((row) => [...row]);
  const product = inverse.map((row) => dot(row, turned));
  const factor = (1 + dot(turned, product) / curvature) / curvature;
  return inverse.map((row, i) =>
    row.map(
      (x, j) =>
        x +
        factor * moved[i]! * moved[j]! -
        (product[i]! * moved[j]! + moved[i]! * product[j]!) / curvature,
    ),
  );
}
