/**
 * Case `muda`: one half of the market at the price of the other (`unit-market/exogenous-price.ts`).
 *
 * As in the reference implementation of the paper's authors, units that are worth exactly the price
 * are not traded, and a trader's units may be listed in any order.
 */
import { Lottery } from '../lottery.ts';
import { tradeAtPrice } from '../unit-market/exogenous-price.ts';
import { tradersOf } from '../unit-market/displacement.ts';
import { sumOf, unitBook } from '../unit-market/unit-book.ts';
import type { UnitAsk, UnitBid } from '../unit-market/unit-book.ts';
import type { CaseSolver } from './case.ts';
import {
  asCount,
  asList,
  asMoney,
  asRecord,
  asText,
  entriesOf,
  invalid,
  keyed,
  member,
  toCredits,
} from './input.ts';

/**
 * Input `{traders: {id: {side: 'buy' | 'sell', units: [[number, value], …]}}, exogenousPrice}`;
 * `params.variant` may be `vickrey` (the default) or `lottery`, and `params.seed` that of its lots.
 */
export const solveMuda: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const price = asMoney(record['exogenousPrice'], 'exogenousPrice');
  const { excess, seed } = readParameters(record['params']);
  const traders = entriesOf(record['traders'], 'traders');
  const bids: UnitBid[] = [];
  const asks: UnitAsk[] = [];
  traders.forEach(([id, value], organisation) => {
    const keyPath = `traders.${id}`;
    const trader = asRecord(value, keyPath);
    const side = asText(trader['side'], `${keyPath}.side`);
    if (side !== 'buy' && side !== 'sell')
      throw invalid(`${keyPath}.side`, 'buy or sell is needed');
    const units = readUnits(trader['units'], `${keyPath}.units`);
    for (const unit of units) {
      const order = bids.length + asks.length;
      if (side === 'buy') bids.push({ order, organisation, ...unit, minimum: 1 });
      else asks.push({ order, organisation, ...unit });
    }
  });
  const lottery = new Lottery({ roundId: 0, seed: String(seed) });
  const name = (organisation: number) => traders[organisation]![0];
  const book = unitBook(bids, asks, {
    compare: (a, b) => (excess === 'vickrey' ? a - b : lottery.compare(name(a), name(b))),
    isHeads: (organisation) => lottery.isHeads(name(organisation)),
  });
  const trades = tradeAtPrice(book, { price, excess, tradesIndifferent: false });
  const quantity = sumOf(trades.bought);
  const worth = (orders: readonly UnitAsk[], traded: readonly number[]) =>
    sumOf(traded.map((units, i) => units * orders[i]!.price));
  const total = worth(book.bids, trades.bought) - worth(book.asks, trades.sold);
  const revenue = sumOf(trades.paid) - sumOf(trades.received);
  const fees: [string, number][] = [];
  const units: [string, number][] = [];
  const note = (orders: readonly UnitAsk[], traded: number[], money: number[], sign: number) => {
    for (const [organisation, own] of tradersOf(orders, traded)) {
      const paid = sumOf(own.places.map((i) => money[i]!));
      units.push([name(organisation), own.units]);
      fees.push([name(organisation), toCredits(sign * (paid - own.units * price))]);
    }
  };
  note(book.bids, trades.bought, trades.paid, 1);
  note(book.asks, trades.sold, trades.received, -1);
  return {
    quantity,
    units: keyed(units),
    fee: keyed(fees),
    tradePrice: toCredits(price),
    tradersGain: toCredits(total - revenue),
    exchangeRevenue: toCredits(revenue),
    totalGain: toCredits(total),
  };
};

/** More units than this are not a worked case. */
const MOST_UNITS = 1_000_000;

function readUnits(value: unknown, keyPath: string): { units: number; price: number }[] {
  return asList(value, keyPath).map((entry, i) => {
    const path = `${keyPath}[${i}]`;
    const pair = asList(entry, path);
    if (pair.length !== 2) throw invalid(path, 'a number of units and their value are needed');
    const units = asCount(pair[0], `${path}[0]`, 1, MOST_UNITS);
    return { units, price: asMoney(pair[1], `${path}[1]`) };
  });
}

function readParameters(value: unknown) {
  const params = value === undefined ? {} : asRecord(value, 'params');
  const excess = member(params, 'variant') ?? 'vickrey';
  if (excess !== 'vickrey' && excess !== 'lottery') {
    throw invalid('params.variant', 'vickrey or lottery is needed');
  }
  const seed = asCount(member(params, 'seed') ?? 0, 'params.seed');
  return { excess, seed } as const;
}
