/** Case `multiunit-vickrey`: what one winner pays; the rule is in `unit-market/displacement.ts`. */
import { displacement } from '../unit-market/displacement.ts';
import type { CaseSolver } from './case.ts';
import { asCount, asList, asMoney, asRecord, asText, invalid, toCredits } from './input.ts';

/** Stands for more units than anybody could want. */
const MOST_UNITS = 1_000_000_000;

/**
 * Input `{winner, unitsWon, losingUnits: [[number, price, who], …]}`, in the order in which they
 * would take the winner's place. Units that nobody would take are free.
 */
export const solveMultiunitVickrey: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const winner = asText(record['winner'], 'winner');
  const unitsWon = asCount(record['unitsWon'], 'unitsWon', 0, 1_000_000);
  const losing = asList(record['losingUnits'], 'losingUnits').map((entry, i) => {
    const path = `losingUnits[${i}]`;
    const parts = asList(entry, path);
    if (parts.length !== 3)
      throw invalid(path, 'a number of units, their price and whose they are');
    const isOwn = asText(parts[2], `${path}[2]`) === winner;
    return {
      organisation: isOwn ? 0 : null,
      units: asCount(parts[0], `${path}[0]`, 1, MOST_UNITS),
      price: asMoney(parts[1], `${path}[1]`),
    };
  });
  const { worth } = displacement(losing, 0, unitsWon);
  if (!Number.isSafeInteger(worth)) throw invalid('losingUnits', 'the payment is too large');
  return { payment: toCredits(worth) };
};
