/** Case `proportional-share`: the divisible rule of `mechanisms/proportional-share.ts`, by host. */
import { proportionalShares } from '../mechanisms/proportional-share.ts';
import type { CaseSolver } from './case.ts';
import { asNumber, asRecord, entriesOf, invalid, keyed, member } from './input.ts';

/**
 * Input `{bids: {user: {host: money}}, capacity: {host: units}}`. A user's shares name the hosts that it
 * bids for; the price is money / capacity, null where there is no capacity.
 */
export const solveProportionalShare: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const hosts = entriesOf(record['capacity'], 'capacity').map(([id, value]) => {
    return { id, units: amountOf(value, `capacity.${id}`) };
  });
  const names = new Set(hosts.map(({ id }) => id));
  const users = entriesOf(record['bids'], 'bids').map(([id, value]) => {
    const money = entriesOf(value, `bids.${id}`);
    const stray = money.find(([host]) => !names.has(host));
    if (stray) throw invalid(`bids.${id}.${stray[0]}`, 'a host without a capacity');
    return {
      id,
      money: keyed(money.map(([h, m]) => [h, amountOf(m, `bids.${id}.${h}`)] as const)),
    };
  });
  const shares = users.map(({ id }) => [id, keyed<number>([])] as const);
  const prices = hosts.map(({ id, units }) => {
    const money = users.map((user) => (member(user.money, id) as number | undefined) ?? 0);
    proportionalShares(units, money).forEach((share, u) => {
      if (money[u]! > 0) shares[u]![1][id] = share;
    });
    const all = money.reduce((sum, amount) => sum + amount, 0);
    return [id, units > 0 ? all / units : null] as const;
  });
  return { share: keyed(shares), pricePerUnit: keyed(prices) };
};

/** Shares need no whole millicredits: they are no payments. */
function amountOf(value: unknown, keyPath: string): number {
  const amount = asNumber(value, keyPath);
  if (amount < 0 || amount > 1e12) throw invalid(keyPath, 'a number from 0 to 10^12 is needed');
  return amount;
}
