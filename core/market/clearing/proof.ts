/** What an exact method says about a round. */
import type { Allocation } from './allocation.ts';

export interface Proof {
  readonly allocation: Allocation;
  /** No allocation is worth more. */
  readonly upperBound: number;
  /** Branches of the exact search. */
  readonly branches: number;
  /** The welfare is the upper bound. */
  readonly proved: boolean;
}
