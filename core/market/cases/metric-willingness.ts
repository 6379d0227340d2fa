/**
 * Case `metric-willingness`: the sharing-propensity index (ours, defined by the case).
 *
 * SPI = Σ offered node-slots / Σ idle node-slots; null where nothing was idle.
 */
import type { CaseSolver } from './case.ts';
import { asNumbers, asRecord, invalid } from './input.ts';

/** Input `{idleNodesPerSlot, offeredNodesPerSlot}`. */
export const solveWillingness: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const idle = asNumbers(record['idleNodesPerSlot'], 'idleNodesPerSlot');
  const offered = asNumbers(record['offeredNodesPerSlot'], 'offeredNodesPerSlot');
  if (idle.length !== offered.length) {
    throw invalid('offeredNodesPerSlot', 'one entry a slot is needed in both lists');
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return { SPI: sum(idle) > 0 ? sum(offered) / sum(idle) : null };
};
