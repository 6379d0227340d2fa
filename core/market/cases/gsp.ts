/**
 * Case `gsp`: second prices against those of Vickrey, Clarke and Groves; the rule is in
 * `mechanisms/gsp.ts`. Payments by place, best first.
 */
import { secondPrices } from '../mechanisms/gsp.ts';
import type { CaseSolver } from './case.ts';
import { asList, asMoney, asNumbers, asRecord, invalid, toCredits } from './input.ts';

/** Best places beyond this are not a worked case. */
const MOST_QUALITY = 1e6;

/** Input `{values, slotQuality}`: worth of a unit of quality by bidder, quality by place. */
export const solveGsp: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const values = asList(record['values'], 'values').map((v, i) => asMoney(v, `values[${i}]`));
  const qualities = asNumbers(record['slotQuality'], 'slotQuality');
  const wrong = qualities.findIndex((quality) => quality < 0 || quality > MOST_QUALITY);
  if (wrong >= 0) {
    throw invalid(`slotQuality[${wrong}]`, `a number from 0 to ${MOST_QUALITY} is needed`);
  }
  values.sort((a, b) => b - a);
  qualities.sort((a, b) => b - a);
  const taken = Math.min(values.length, qualities.length);
  const seconds = secondPrices(
    values.map((price, organisation) => ({ organisation, price })),
    0,
  );
  const credits = (millicredits: number) => toCredits(Math.round(millicredits));
  // Whoever has a place moves all below it down by one.
  const pivotal = new Array<number>(taken).fill(0);
  for (let i = taken - 1; i >= 0; i--) {
    const drop = qualities[i]! - (i + 1 < taken ? qualities[i + 1]! : 0);
    pivotal[i] = (pivotal[i + 1] ?? 0) + drop * seconds[i]!;
  }
  return {
    gspPayments: pivotal.map((_, i) => credits(qualities[i]! * seconds[i]!)),
    vcgPayments: pivotal.map(credits),
  };
};
