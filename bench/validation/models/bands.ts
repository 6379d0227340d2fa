/** Figures of a workload model, and the bands in which they must lie. */

/** Figures by name. */
export type Figures = Readonly<Record<string, number>>;

export interface Band {
  /** Names the figure. */
  readonly figure: string;
  /** What was published or measured on the data, for the table; the bounds are around it. */
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** Decimals in the table. */
  readonly digits: number;
}

export interface HeldBand extends Band {
  readonly found: number;
  readonly isInside: boolean;
}

/** One model with all its bands. */
export interface ModelBands {
  readonly model: string;
  /** What was drawn, and where the bands come from; one sentence each. */
  readonly drawn: string;
  readonly source: string;
  readonly bands: readonly Band[];
  /** Figures of the model as it is. */
  measure(): Figures;
}

/** A band from the least to the greatest value that was published. */
export function range(figure: string, low: number, high: number, digits: number): Band {
  return { figure, expected: (low + high) / 2, low, high, digits };
}

/** A band of ± `tolerance` around a published value. */
export function around(figure: string, expected: number, tolerance: number, digits: number): Band {
  return { figure, expected, low: expected - tolerance, high: expected + tolerance, digits };
}

/** At most so much: for the largest deviation from a published curve. */
export function atMost(figure: string, high: number, digits: number): Band {
  return { figure, expected: 0, low: 0, high, digits };
}

/** Each band with what was found; a figure that is missing or no number lies outside. */
export function hold(bands: readonly Band[], figures: Figures): HeldBand[] {
  return bands.map((band) => {
    const found = figures[band.figure] ?? NaN;
    return { ...band, found, isInside: found >= band.low && found <= band.high };
  });
}

/** Names of the figures outside their bands. */
export function outside(bands: readonly Band[], figures: Figures): string[] {
  return hold(bands, figures).flatMap(({ figure, isInside }) => (isInside ? [] : [figure]));
}

/** Largest absolute difference of two curves of the same length. */
export function largestDeviation(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(found[i]! - expected[i]!));
  }
  return largest;
}
