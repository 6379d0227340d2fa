/**
 * Case `clearing-house`: the default waterfall (ours, defined by the case; word for word in
 * `docs/market/clearing-house.md`).
 */
import { runWaterfall } from '../clearing-house/waterfall.ts';
import type { CaseSolver } from './case.ts';
import { asMoney, asRecord, asText, entriesOf, invalid, keyed, toCredits } from './input.ts';

/** Input `{deposits, defaulter, loss, defaulterFund, exchangeCapital, fund}`. */
export const solveClearingHouse: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const money = (key: string) => asMoney(record[key], key);
  const deposits = amounts(record['deposits'], 'deposits');
  const defaulter = asText(record['defaulter'], 'defaulter');
  const deposit = deposits.find(([name]) => name === defaulter);
  if (!deposit) throw invalid('defaulter', 'the defaulter has no deposit in the list');
  // The defaulter's own share comes second and is `defaulterFund`.
  const others = amounts(record['fund'], 'fund').filter(([name]) => name !== defaulter);
  const use = runWaterfall(money('loss'), {
    deposit: deposit[1],
    ownShare: money('defaulterFund'),
    capital: money('exchangeCapital'),
    shares: others.map(([, share]) => share),
  });
  return {
    used: {
      defaulterDeposit: toCredits(use.deposit),
      defaulterFund: toCredits(use.ownShare),
      exchangeCapital: toCredits(use.capital),
    },
    mutualised: keyed(others.map(([name], i) => [name, toCredits(use.mutual[i]!)])),
    residualHaircut: toCredits(use.haircut),
  };
};

function amounts(value: unknown, keyPath: string): [string, number][] {
  return entriesOf(value, keyPath).map(([name, amount]) => [
    name,
    asMoney(amount, `${keyPath}.${name}`),
  ]);
}
