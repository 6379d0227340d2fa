/** Worked cases: small inputs of one mechanism, in credits, with a known answer. */

export interface MarketCase {
  readonly mechanism: string;
  readonly input: unknown;
}

/**
 * Solves the input of one kind of case.
 *
 * @returns an object with the keys of the case's `expected`; money in credits
 * @throws OcxError INPUT_CASE_INVALID
 */
export type CaseSolver = (input: unknown) => Record<string, unknown>;
