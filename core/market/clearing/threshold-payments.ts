/**
 * Threshold payments (Parkes, Kalagnanam & Eso, "Achieving Budget-Balance with Vickrey-Based
 * Payment Schemes in Exchanges", IJCAI 2001, §4).
 *
 * Everybody who trades gets a discount on the own report. The Vickrey discount Δ = W − W(without
 * the agent) would make truth the best report, but the discounts of an exchange usually add up to
 * more than the surplus W there is. The threshold rule gives max(0, Δ − C) with the C at which they
 * add up to W: it keeps the largest shortfall against Δ as small as a balanced budget allows.
 *
 * Agents are buyers by bid and sellers by organisation. W(without) comes from refilling the present
 * allocation, hence is a lower bound of the true one; every Δ is cut to [0, surplus of the agent's
 * own trades] and the cuts are counted. Individual rationality (discount ≥ 0) and Σ payments = Σ
 * receipts (Σ discounts = W) hold in whole millicredits by construction, whatever the refill found.
 * Where the Vickrey discounts leave something over, C is negative: the rest is handed out too.
 */
import { splitExactly } from '../amounts.ts';
import { Absence } from './absence.ts';
import type { Allocation } from './allocation.ts';
import { worthOf } from './allocation.ts';
import type { Instance } from './instance.ts';
import type { SearchResult } from './search.ts';

export interface ThresholdPayments {
  /** By bid; 0 for those not served. */
  readonly payment: number[];
  /** By ask; 0 for those not used. */
  readonly receipt: number[];
  /** C; null where nothing was traded. */
  readonly threshold: number | null;
  readonly clampedDiscounts: number;
}

/** One agent that trades. */
interface Trader {
  /** Vickrey discount, cut to [0, most]. */
  readonly vickrey: number;
  /** Reported surplus of the trades that the agent takes part in. */
  readonly most: number;
}

export function thresholdPayments(search: SearchResult): ThresholdPayments {
  const { allocation } = search;
  const { instance } = allocation;
  const buyers: number[] = [];
  for (let b = 0; b < instance.bids.length; b++) if (allocation.optionOf[b]! >= 0) buyers.push(b);
  const sold = soldByAsk(allocation);
  const sellers = sellingOwners(instance, sold.nodeSlots);
  const payment = new Array<number>(instance.bids.length).fill(0);
  const receipt = new Array<number>(instance.asks.length).fill(0);
  if (buyers.length === 0) return { payment, receipt, threshold: null, clampedDiscounts: 0 };

  const absence = new Absence(search);
  let clampedDiscounts = 0;
  const trader = (vickrey: number, most: number): Trader => {
    if (vickrey < 0 || vickrey > most) clampedDiscounts += 1;
    return { vickrey: Math.min(Math.max(vickrey, 0), most), most };
  };
  const traders = [
    ...buyers.map((b) => trader(absence.lossWithoutBid(b), allocation.surplusOf[b]!)),
    ...sellers.map((owner) => {
      const { loss, most } = absence.lossWithoutSeller(owner);
      return trader(loss, most);
    }),
  ];
  const { threshold, discounts } = thresholdDiscounts(traders, allocation.welfare);
  buyers.forEach((b, i) => {
    const worth = worthOf(instance, allocation.optionOf[b]!, allocation.nodesOf[b]!);
    payment[b] = worth - discounts[i]!;
  });
  sellers.forEach((owner, i) => {
    payOwner(instance, sold, owner, discounts[buyers.length + i]!, receipt);
  });
  return { payment, receipt, threshold, clampedDiscounts };
}

/**
 * Discounts clamp(Δ − C, 0, most) that add up to exactly `total`, with the largest whole C at which
 * they reach it; what one millicredit of C is too much is taken off the last traders.
 *
 * @param traders Σ most ≥ total
 */
export function thresholdDiscounts(
  traders: readonly Trader[],
  total: number,
): { readonly threshold: number; readonly discounts: number[] } {
  let low = 0;
  let high = 0;
  for (const { vickrey, most } of traders) {
    high = Math.max(high, vickrey + 1);
    low = Math.min(low, vickrey - most);
  }
  // Invariant: the sum at `low` reaches the total, the sum at `high` does not (unless it is 0).
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (sumOfDiscounts(traders, middle) >= total) low = middle;
    else high = middle;
  }
  const discounts = traders.map(({ vickrey, most }) => cut(vickrey - low, most));
  let over = sumOfDiscounts(traders, low) - total;
  for (let i = traders.length - 1; over > 0 && i >= 0; i--) {
    const { vickrey, most } = traders[i]!;
    if (cut(vickrey - low - 1, most) === discounts[i]) continue;
    discounts[i]! -= 1;
    over -= 1;
  }
  return { threshold: low, discounts };
}

function sumOfDiscounts(traders: readonly Trader[], c: number): number {
  let sum = 0;
  for (const { vickrey, most } of traders) sum += cut(vickrey - c, most);
  return sum;
}

function cut(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value;
}

/** What was sold, by ask. */
export interface Sold {
  readonly nodeSlots: readonly number[];
  /** Its reserve. */
  readonly cost: readonly number[];
}

/** Each ask of an owner gets its reserve and, by node-slots sold, a share of the owner's discount. */
export function payOwner(
  instance: Instance,
  sold: Sold,
  owner: number,
  discount: number,
  receipt: number[],
): void {
  const own: number[] = [];
  for (let a = 0; a < instance.asks.length; a++) {
    if (instance.askOwner[a] === owner && sold.nodeSlots[a]! > 0) own.push(a);
  }
  const shares = splitExactly(
    discount,
    own.map((a) => sold.nodeSlots[a]!),
  );
  own.forEach((a, k) => (receipt[a] = sold.cost[a]! + shares[k]!));
}

/** Node-slots sold and their reserve, by ask. */
export function soldByAsk(allocation: Allocation): Sold {
  const { instance } = allocation;
  const nodeSlots = new Array<number>(instance.asks.length).fill(0);
  for (let b = 0; b < instance.bids.length; b++) {
    const o = allocation.optionOf[b]!;
    if (o < 0) continue;
    const parts = allocation.partsOf[b]!;
    for (let p = 0; p < parts.length; p += 2) {
      nodeSlots[parts[p]!]! += parts[p + 1]! * instance.optionSlots[o]!;
    }
  }
  const cost = nodeSlots.map((sold, a) => sold * instance.asks[a]!.reserveMillicredits);
  return { nodeSlots, cost };
}

/** Owners that sell something, by number. */
export function sellingOwners(instance: Instance, nodeSlots: readonly number[]): number[] {
  const owners = new Set<number>();
  for (let a = 0; a < nodeSlots.length; a++)
    if (nodeSlots[a]! > 0) owners.add(instance.askOwner[a]!);
  return [...owners];
}
