/** Distances between a sample and a model, and figures of dependence. */

/** Σ (observed − expected)² / expected over neighbours pooled until each expects five (Cochran). */
export function pooledChiSquare(
  observed: ArrayLike<number>,
  expected: ArrayLike<number>,
  least = 5,
): number {
  let sum = 0;
  let [seen, wanted] = [0, 0];
  let [lastSeen, lastWanted] = [0, 0];
  const close = () => {
    sum += ((lastSeen - lastWanted) * (lastSeen - lastWanted)) / (lastWanted || 1);
  };
  for (let i = 0; i < observed.length; i++) {
    seen += observed[i]!;
    wanted += expected[i]!;
    if (wanted < least) continue;
    if (lastWanted > 0) close();
    [lastSeen, lastWanted] = [seen, wanted];
    [seen, wanted] = [0, 0];
  }
  // What is left at the end belongs to the last pool.
  lastSeen += seen;
  lastWanted += wanted;
  close();
  return sum;
}

/** Largest difference of two distribution functions that are given by counts or masses a cell. */
export function largestDifference(
  observed: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  let [all, mass] = [0, 0];
  for (let i = 0; i < observed.length; i++) {
    all += observed[i]!;
    mass += expected[i]!;
  }
  let [below, wanted, largest] = [0, 0, 0];
  for (let i = 0; i < observed.length; i++) {
    below += observed[i]! / all;
    wanted += expected[i]! / mass;
    largest = Math.max(largest, Math.abs(below - wanted));
  }
  return largest;
}

/** Largest difference of the distribution functions of two ascending samples. */
export function twoSampleDistance(a: Float64Array, b: Float64Array): number {
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= x) i += 1;
    while (j < b.length && b[j]! <= x) j += 1;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

/** Largest difference between an ascending sample and a continuous distribution function. */
export function sampleDistance(ascending: Float64Array, below: (x: number) => number): number {
  let largest = 0;
  const n = ascending.length;
  for (let i = 0; i < n; i++) {
    const model = below(ascending[i]!);
    largest = Math.max(largest, model - i / n, (i + 1) / n - model);
  }
  return largest;
}

/** Correlation of a series with itself so many places later; 0 where it never changes. */
export function autocorrelation(values: ArrayLike<number>, lag: number): number {
  const n = values.length;
  let centre = 0;
  for (let i = 0; i < n; i++) centre += values[i]! / n;
  let [own, shifted] = [0, 0];
  for (let i = 0; i < n; i++) {
    const here = values[i]! - centre;
    own += here * here;
    if (i + lag < n) shifted += here * (values[i + lag]! - centre);
  }
  return own > 0 ? shifted / own : 0;
}

/** Spearman's correlation of ranks, ties with their mean rank; 0 where one never changes. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (x.length - 1) / 2;
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - middle, y[i]! - middle];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function ranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranked = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let i = from; i < to; i++) ranked[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranked;
}
