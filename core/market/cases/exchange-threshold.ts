/**
 * Case `exchange-threshold`: Parkes, Kalagnanam & Eso, IJCAI 2001, with the exact optimum.
 *
 * Buyers want `nodes` of one type over a window for `value`; sellers offer `nodes` over a window for
 * `ask`, all or nothing. An allocation is a set of buyers and sellers such that in every slot of every
 * type the sellers bring at least what the buyers take. Types do not touch each other, so each is
 * solved alone, by branch and bound, once with everybody and once without each winner.
 */
import { thresholdDiscounts } from '../clearing/threshold-payments.ts';
import type { CaseSolver } from './case.ts';
import {
  asCount,
  asMoney,
  asRecord,
  asText,
  entriesOf,
  invalid,
  keyed,
  toCredits,
} from './input.ts';

interface Trader {
  readonly id: string;
  readonly type: string;
  readonly nodes: number;
  readonly start: number;
  readonly end: number;
  /** Value or ask, millicredits, for everything. */
  readonly amount: number;
}

interface Best {
  readonly surplus: number;
  readonly buyers: readonly Trader[];
  readonly sellers: readonly Trader[];
}

/** Traders of one type on one side; beyond this an exact answer could take too long. */
const MOST_TRADERS = 14;

export const solveExchangeThreshold: CaseSolver = (input) => {
  const record = asRecord(input, 'input');
  const buyers = readTraders(record['buyers'], 'buyers', 'value');
  const sellers = readTraders(record['sellers'], 'sellers', 'ask');
  const ids = new Set([...buyers, ...sellers].map(({ id }) => id));
  if (ids.size !== buyers.length + sellers.length) {
    throw invalid('sellers', 'a buyer and a seller have the same id');
  }
  const best = optimum(buyers, sellers);
  const winners = [...best.buyers, ...best.sellers];
  const without = (trader: Trader) =>
    optimum(
      buyers.filter((other) => other !== trader),
      sellers.filter((other) => other !== trader),
    ).surplus;
  const vickrey = winners.map((trader) => best.surplus - without(trader));
  const sumVickrey = vickrey.reduce((a, b) => a + b, 0);
  // Where the Vickrey discounts are within the surplus, they are what everybody gets.
  const { threshold, discounts } =
    sumVickrey <= best.surplus
      ? { threshold: 0, discounts: vickrey }
      : thresholdDiscounts(
          vickrey.map((discount) => ({ vickrey: discount, most: discount })),
          best.surplus,
        );
  const pays = (trader: Trader, discount: number) =>
    best.buyers.includes(trader) ? trader.amount - discount : -trader.amount - discount;
  const credits = (values: readonly number[]) =>
    keyed(winners.map(({ id }, i) => [id, toCredits(values[i]!)] as const));
  const payments = winners.map((trader, i) => pays(trader, discounts[i]!));
  return {
    surplus: toCredits(best.surplus),
    winners: {
      buyers: best.buyers.map(({ id }) => id),
      sellers: best.sellers.map(({ id }) => id),
    },
    vickreyDiscount: credits(vickrey),
    threshold: toCredits(threshold),
    discount: credits(discounts),
    payments: credits(payments),
    vcgPayments: credits(winners.map((trader, i) => pays(trader, vickrey[i]!))),
    vcgDeficit: toCredits(sumVickrey - best.surplus),
    budget: toCredits(payments.reduce((a, b) => a + b, 0)),
  };
};

function readTraders(value: unknown, side: string, amountKey: string): Trader[] {
  const traders = entriesOf(value, side).map(([id, entry]) => {
    const path = `${side}.${id}`;
    const order = asRecord(entry, path);
    const start = asCount(order['start'], `${path}.start`);
    return {
      id,
      type: asText(order['type'], `${path}.type`),
      nodes: asCount(order['nodes'], `${path}.nodes`, 1),
      start,
      end: asCount(order['end'], `${path}.end`, start + 1),
      amount: asMoney(order[amountKey], `${path}.${amountKey}`),
    };
  });
  const counts = new Map<string, number>();
  for (const { type } of traders) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const [type, count] of counts) {
    if (count > MOST_TRADERS) {
      throw invalid(side, `${count} of type ${type}: up to ${MOST_TRADERS} are solved exactly`);
    }
  }
  return traders;
}

function optimum(buyers: readonly Trader[], sellers: readonly Trader[]): Best {
  const types = [...new Set(buyers.map(({ type }) => type))].sort();
  const parts = types.map((type) =>
    new TypeOptimum(
      buyers.filter((trader) => trader.type === type),
      sellers.filter((trader) => trader.type === type),
    ).solve(),
  );
  return {
    surplus: parts.reduce((sum, { surplus }) => sum + surplus, 0),
    buyers: parts.flatMap((part) => part.buyers),
    sellers: parts.flatMap((part) => part.sellers),
  };
}

/** Branch and bound over buyers; for every set of them the cheapest sellers that carry it. */
class TypeOptimum {
  readonly #buyers: readonly Trader[];
  readonly #sellers: readonly Trader[];
  /** Slots at which something starts: between two of them nothing changes. */
  readonly #slots: readonly number[];
  readonly #need: number[];
  readonly #chosenBuyers: Trader[] = [];
  readonly #chosenSellers: Trader[] = [];
  #best: Best = { surplus: 0, buyers: [], sellers: [] };

  constructor(buyers: readonly Trader[], sellers: readonly Trader[]) {
    this.#buyers = buyers;
    this.#sellers = sellers;
    const starts = new Set([...buyers, ...sellers].map(({ start }) => start));
    this.#slots = [...starts].sort((a, b) => a - b);
    this.#need = this.#slots.map(() => 0);
  }

  solve(): Best {
    this.#chooseBuyers(0, 0);
    return this.#best;
  }

  #chooseBuyers(next: number, value: number): void {
    let rest = 0;
    for (let i = next; i < this.#buyers.length; i++) rest += this.#buyers[i]!.amount;
    if (value + rest <= this.#best.surplus) return;
    const buyer = this.#buyers[next];
    if (!buyer) {
      this.#chooseSellers(0, value);
      return;
    }
    this.#chosenBuyers.push(buyer);
    this.#shift(buyer, 1);
    this.#chooseBuyers(next + 1, value + buyer.amount);
    this.#shift(buyer, -1);
    this.#chosenBuyers.pop();
    this.#chooseBuyers(next + 1, value);
  }

  #chooseSellers(next: number, surplus: number): void {
    if (surplus <= this.#best.surplus) return;
    if (this.#need.every((need) => need <= 0)) {
      this.#best = {
        surplus,
        buyers: [...this.#chosenBuyers],
        sellers: [...this.#chosenSellers],
      };
      return;
    }
    const seller = this.#sellers[next];
    if (!seller) return;
    this.#chosenSellers.push(seller);
    this.#shift(seller, -1);
    this.#chooseSellers(next + 1, surplus - seller.amount);
    this.#shift(seller, 1);
    this.#chosenSellers.pop();
    this.#chooseSellers(next + 1, surplus);
  }

  #shift({ start, end, nodes }: Trader, sign: number): void {
    this.#slots.forEach((slot, i) => {
      if (slot >= start && slot < end) this.#need[i]! += sign * nodes;
    });
  }
}
