/** Case `posted-price`: the rule is in `mechanisms/posted-price.ts`; prices in credits, unrounded. */
import { nextPrice } from '../mechanisms/posted-price.ts';
import type { CaseSolver } from './case.ts';
import { asNumber, asNumbers, asRecord, invalid } from './input.ts';

/** Input `{p0, eta, floor, ceiling, demand, supply}`, one entry of the last two a round. */
export const solvePostedPrice: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const terms = {
    eta: asNumber(record['eta'], 'eta'),
    floor: asNumber(record['floor'], 'floor'),
    ceiling: asNumber(record['ceiling'], 'ceiling'),
  };
  if (terms.floor > terms.ceiling) throw invalid('floor', 'the floor is above the ceiling');
  const demand = asNumbers(record['demand'], 'demand');
  const supply = asNumbers(record['supply'], 'supply');
  if (demand.length !== supply.length) throw invalid('supply', 'one entry a round is needed');
  if (Math.min(...demand, ...supply) < 0) throw invalid('demand', 'quantities are not negative');
  let price = asNumber(record['p0'], 'p0');
  const prices = demand.map((wanted, i) => (price = nextPrice(price, wanted, supply[i]!, terms)));
  return { prices };
};
