/**
 * A market whose rules change between two rounds: what was agreed stays as it was agreed, money stays
 * where it is, and later rounds go by the new rules.
 */
import { invariant } from '../kernel/errors.ts';
import { horizonCount, horizonOf } from './horizons.ts';
import type { MarketConfiguration } from './protocol.ts';
import type { MarketState } from './state.ts';

/**
 * The state under another configuration. What a mechanism carries from round to round goes on where
 * the mechanism is the same, and is empty where it is another.
 *
 * Organisations, horizons and what has accounts or a memory of its own (safeguards, clearing house,
 * sealed orders, endowment, money) must be the same.
 *
 * @throws OcxError INVARIANT_VIOLATED where they are not, or while a round is being held
 */
export function reconfigured(state: MarketState, configuration: MarketConfiguration): MarketState {
  const before = state.configuration;
  const count = horizonCount(configuration);
  invariant(count === horizonCount(before), 'the horizons stay the same');
  invariant(state.pending === null && state.books.size === 0, 'no round is being held');
  for (const part of FIXED) {
    const isSame = JSON.stringify(configuration[part]) === JSON.stringify(before[part]);
    invariant(isSame, `a market keeps its ${part}`);
  }
  const mechanismStates = state.mechanismStates.map((carried, index) => {
    const [old, next] = [horizonOf(before, index), horizonOf(configuration, index)];
    invariant(old.name === next.name && !old.option === !next.option, 'horizons keep their names');
    return old.mechanism === next.mechanism ? carried : {};
  });
  return { ...state, configuration, mechanismStates };
}

/** What has accounts or a memory in the state. */
const FIXED = [
  'organisations',
  'isolationService',
  'isolationServices',
  'money',
  'endowment',
  'clearingHouse',
  'safeguards',
  'sealing',
] as const;
