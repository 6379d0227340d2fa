/** An estimated figure as every result holds it: mean over replications with its interval. */
export interface Estimate {
  readonly mean: number;
  /** 95 % interval, lower and upper end. */
  readonly ci95: readonly [number, number];
  /** Replications behind it. */
  readonly n: number;
}

/** A figure that may not exist; the reason is printed in its place. */
export type MaybeEstimate = Estimate | { readonly value: null; readonly reason: string };

export function isEstimate(figure: MaybeEstimate): figure is Estimate {
  return 'mean' in figure;
}
