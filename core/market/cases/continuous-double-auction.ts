/** Case `continuous-double-auction`: one order book; the rule is in `unit-market/order-book.ts`. */
import type { TimeInForce } from '../orders.ts';
import { OrderBook } from '../unit-market/order-book.ts';
import type { BookOrder } from '../unit-market/order-book.ts';
import type { CaseSolver } from './case.ts';
import { asCount, asList, asMoney, asRecord, asText, invalid, toCredits } from './input.ts';

const MOST_UNITS = 1_000_000;

/** As exchanges abbreviate them, and by our own names. */
const TIMES: ReadonlyMap<string, TimeInForce> = new Map([
  ['GTC', 'limit'],
  ['IOC', 'immediate-or-cancel'],
  ['FOK', 'fill-or-kill'],
  ['limit', 'limit'],
  ['immediate-or-cancel', 'immediate-or-cancel'],
  ['fill-or-kill', 'fill-or-kill'],
]);

/**
 * Input `{orders: [{id, side: 'buy' | 'sell', qty, price, tif?, minQty?}]}` in order of submission;
 * `tif` is GTC (the default), IOC or FOK, `minQty` the least first fill of a bid. Trades are listed
 * as they happen, the resting book best first.
 */
export const solveContinuousDoubleAuction: CaseSolver = (input) => {
  const list = asList(asRecord(input, 'input')['orders'], 'orders');
  const ids: string[] = [];
  const orders = list.map((entry, i) => readOrder(entry, i, ids));
  if (new Set(ids).size !== ids.length) throw invalid('orders', 'two orders have the same id');
  const trades: object[] = [];
  const book = new OrderBook((buy, sell, qty, price) =>
    trades.push({ buy: ids[buy], sell: ids[sell], qty, price: toCredits(price) }),
  );
  for (const order of orders) book.submit(order);
  const resting = (side: 'buy' | 'sell') =>
    book
      .resting(side)
      .map(({ order, units, price }) => ({ id: ids[order], qty: units, price: toCredits(price) }));
  return { trades, restingBook: { buy: resting('buy'), sell: resting('sell') } };
};

function readOrder(value: unknown, i: number, ids: string[]): BookOrder {
  const path = `orders[${i}]`;
  const order = asRecord(value, path);
  ids.push(asText(order['id'], `${path}.id`));
  const side = asText(order['side'], `${path}.side`);
  if (side !== 'buy' && side !== 'sell') throw invalid(`${path}.side`, 'buy or sell is needed');
  const units = asCount(order['qty'], `${path}.qty`, 1, MOST_UNITS);
  const timeInForce = TIMES.get(asText(order['tif'] ?? 'GTC', `${path}.tif`));
  if (!timeInForce) throw invalid(`${path}.tif`, 'GTC, IOC or FOK is needed');
  const minimum = asCount(order['minQty'] ?? 1, `${path}.minQty`, 1, units);
  if (side === 'sell' && minimum > 1) throw invalid(`${path}.minQty`, 'only bids have a minimum');
  const price = asMoney(order['price'], `${path}.price`);
  return { order: i, organisation: i, side, price, units, minimum, timeInForce };
}
