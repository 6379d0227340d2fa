/** Linear programs as data, and the port through which somebody else solves them. */
import type { Refusal } from '../../kernel/errors.ts';

/**
 * maximise cost · x subject to rowLower ≤ A x ≤ rowUpper, 0 ≤ x ≤ columnUpper; A by columns:
 * entries starts[j] … starts[j + 1] − 1 of `rowIndex` and `coefficient` belong to column j.
 * With `integer`, columns marked 1 must be whole.
 */
export interface LinearProgram {
  readonly cost: Float64Array;
  readonly columnUpper: Float64Array;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  readonly starts: Int32Array;
  readonly rowIndex: Int32Array;
  readonly coefficient: Float64Array;
  readonly integer?: Uint8Array;
  /** With `integer`: columns to start from, feasible. */
  readonly start?: Float64Array;
  /** With `integer`: most nodes of the search tree, and the relative gap at which it may end. */
  readonly mostNodes?: number;
  readonly relativeGap?: number;
}

export type LpSolution =
  | {
      /** `limited`: stopped by `mostNodes` with a feasible solution. */
      readonly status: 'optimal' | 'limited';
      readonly objective: number;
      /** By the solver's word no solution has a larger objective. */
      readonly bound: number;
      readonly columnValue: Float64Array;
      /** Price of one unit more of each row's upper limit, ≥ 0; of no meaning with `integer`. */
      readonly rowPrice: Float64Array;
    }
  | { readonly status: 'failed'; readonly refusal: Refusal };

/** Synchronous and reusable: one call leaves nothing behind for the next. */
export interface LpSolver {
  readonly version: string;
  solve(program: LinearProgram): LpSolution;
}
