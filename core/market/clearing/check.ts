/**
 * Whether a clearing may stand. A solver is not trusted: what it answers is held against the round
 * before anything follows from it. Written apart from the solvers' own code, on slots rather than on
 * their compressed arrays, so that both cannot be wrong in the same way.
 */
import type { Refusal } from '../../kernel/errors.ts';
import { isSafeAmount } from '../../kernel/units.ts';
import type { Mechanism } from '../mechanism.ts';
import { askFault, bidFault } from '../order-check.ts';
import { isCompatible } from '../orders.ts';
import type {
  Ask,
  Bid,
  BidOption,
  ClassPrice,
  Clearing,
  Fill,
  MarketRound,
  SlotPrice,
} from '../orders.ts';
import { resaleAsks } from '../standing.ts';
import { classPrices } from './result.ts';

type Claims = Pick<Mechanism['properties'], 'individualRationality' | 'budgetBalance'>;

/**
 * Checks feasibility (windows, capacity per ask and slot, one option a bid, compatibility), whole
 * and safe money, Σ, the reported welfare and prices, and individual rationality and budget balance
 * where the mechanism claims them.
 *
 * @returns the first thing that is wrong, with code `MARKET_SOLUTION_WRONG`, or null
 */
export function checkClearing(
  round: MarketRound,
  clearing: Clearing,
  claims: Claims,
): Refusal | null {
  return new ClearingCheck(round, clearing, claims).run();
}

class ClearingCheck {
  readonly #round: MarketRound;
  readonly #clearing: Clearing;
  readonly #claims: Claims;
  readonly #bids = new Map<string, Bid>();
  readonly #asks = new Map<string, Ask>();
  readonly #used = new Map<string, Int32Array>();
  readonly #reserve = new Map<string, number>();
  /** Preempted contracts whose nodes may be used. */
  readonly #resold = new Set<string>();
  readonly #served = new Set<string>();
  #payments = 0;
  #welfare = 0;

  constructor(round: MarketRound, clearing: Clearing, claims: Claims) {
    this.#round = round;
    this.#clearing = clearing;
    this.#claims = claims;
    for (const bid of round.bids) {
      if (!bidFault(bid, round.horizonSlots) && !this.#bids.has(bid.bidId)) {
        this.#bids.set(bid.bidId, bid);
      }
    }
    for (const ask of round.asks) {
      if (!askFault(ask, round.horizonSlots) && !this.#asks.has(ask.askId)) {
        this.#asks.set(ask.askId, ask);
      }
    }
    // Nodes of standing contracts are there only where the clearing preempts them.
    const preempted = new Set(clearing.preempted);
    for (const ask of resaleAsks(round).keys()) {
      if (!preempted.has(ask.askId) || this.#asks.has(ask.askId)) continue;
      this.#asks.set(ask.askId, ask);
      this.#resold.add(ask.askId);
    }
  }

  run(): Refusal | null {
    for (const fill of this.#clearing.fills) {
      const fault = this.#fillFault(fill);
      if (fault) return wrong(`the fill of ${fill.bidId} ${fault}`);
    }
    const fault = this.#preemptionFault() ?? this.#moneyFault() ?? this.#priceFault();
    return fault ? wrong(fault) : null;
  }

  #fillFault(fill: Fill): string | null {
    const bid = this.#bids.get(fill.bidId);
    if (!bid) return 'is for no bid of the round';
    if (this.#served.has(fill.bidId)) return 'is its second';
    this.#served.add(fill.bidId);
    const option = bid.options[fill.optionIndex];
    if (!option) return 'has an option that the bid does not have';
    const { nodes, paymentMillicredits } = fill;
    if (!Number.isInteger(nodes) || nodes < option.minimumNodes || nodes > option.nodes) {
      return 'has a number of nodes that was not asked for';
    }
    const fault = this.#partsFault(bid, option, fill);
    if (fault) return fault;
    if (!isSafeAmount(paymentMillicredits) || paymentMillicredits < 0) {
      return 'is paid by no amount of money';
    }
    const worth = Math.floor((option.valueMillicredits * nodes) / option.nodes);
    if (this.#claims.individualRationality === 'always' && paymentMillicredits > worth) {
      return 'costs more than the bid says it is worth';
    }
    this.#payments += paymentMillicredits;
    this.#welfare += worth;
    return null;
  }

  #partsFault(bid: Bid, option: BidOption, fill: Fill): string | null {
    let sum = 0;
    const slots = option.endSlot - option.startSlot;
    const used = new Set<string>();
    for (const { askId, nodes } of fill.parts) {
      const ask = this.#asks.get(askId);
      if (!ask) return 'uses no ask of the round';
      if (used.has(askId)) return 'uses an ask twice';
      used.add(askId);
      if (!Number.isInteger(nodes) || nodes < 1) return 'has a part without nodes';
      if (ask.nodeClass !== option.nodeClass || !isCompatible(bid, ask)) {
        return 'uses an ask that may not serve it';
      }
      if (ask.startSlot > option.startSlot || ask.endSlot < option.endSlot) {
        return 'goes beyond the window of an ask';
      }
      if (!this.#take(ask, option, nodes)) return 'uses more nodes of an ask than it has';
      const reserve = ask.reserveMillicredits * nodes * slots;
      this.#reserve.set(askId, (this.#reserve.get(askId) ?? 0) + reserve);
      this.#welfare -= reserve;
      sum += nodes;
    }
    return sum === fill.nodes ? null : 'has parts that do not add up';
  }

  #take(ask: Ask, option: BidOption, nodes: number): boolean {
    let used = this.#used.get(ask.askId);
    if (!used) {
      used = new Int32Array(ask.endSlot - ask.startSlot);
      this.#used.set(ask.askId, used);
    }
    for (let slot = option.startSlot; slot < option.endSlot; slot++) {
      const at = slot - ask.startSlot;
      used[at]! += nodes;
      if (used[at]! > ask.nodes) return false;
    }
    return true;
  }

  /** Only what may be preempted is, once, and to some use. */
  #preemptionFault(): string | null {
    const { preempted = [] } = this.#clearing;
    if (new Set(preempted).size !== preempted.length) return 'a contract is preempted twice';
    for (const contractId of preempted) {
      if (!this.#resold.has(contractId)) return `${contractId} may not be preempted`;
      if (!this.#used.has(contractId)) return `${contractId} is preempted for nothing`;
    }
    return null;
  }

  #moneyFault(): string | null {
    const { receipts, surplusMillicredits, welfareMillicredits, search } = this.#clearing;
    const { individualRationality, budgetBalance } = this.#claims;
    let paidOut = 0;
    for (const [askId, receipt] of receipts) {
      if (!isSafeAmount(receipt) || receipt < 0) return `the receipt of ${askId} is no money`;
      if (receipt > 0 && !this.#reserve.has(askId)) return `${askId} is paid and sells nothing`;
      paidOut += receipt;
    }
    if (individualRationality === 'always') {
      for (const [askId, reserve] of this.#reserve) {
        if ((receipts.get(askId) ?? 0) < reserve) return `${askId} gets less than its reserve`;
      }
    }
    const surplus = this.#payments - paidOut;
    if (!Number.isSafeInteger(this.#payments) || !Number.isSafeInteger(paidOut)) {
      return 'the sums leave the safe range';
    }
    if (surplus !== surplusMillicredits) return 'the surplus is not payments less receipts';
    if (budgetBalance === 'strong' && surplus !== 0) return 'payments and receipts differ';
    if (budgetBalance === 'weak' && surplus < 0) return 'receipts exceed payments';
    if (budgetBalance === 'no-money' && (this.#payments !== 0 || paidOut !== 0)) {
      return 'money moves where there is none';
    }
    if (this.#welfare !== welfareMillicredits) return 'the welfare is not what the fills are worth';
    if (search && search.objectiveMillicredits !== welfareMillicredits) {
      return 'the objective is not the welfare';
    }
    if (search && !(search.upperBoundMillicredits >= welfareMillicredits)) {
      return 'the welfare is above its own upper bound';
    }
    return null;
  }

  #priceFault(): string | null {
    const { slotPrices } = this.#clearing;
    if (slotPrices !== undefined && !areSlotPrices(slotPrices, this.#round)) {
      return 'the slot prices are not prices of what is on offer';
    }
    const round = { ...this.#round, bids: [...this.#bids.values()] };
    const own = classPrices(round, this.#clearing.fills);
    return samePrices(own, this.#clearing.prices) ? null : 'the prices are not those of the fills';
  }
}

/** Whole prices of classes on offer, in order, within the horizon. What they are is not checked. */
function areSlotPrices(prices: readonly SlotPrice[], { asks, horizonSlots }: MarketRound): boolean {
  const offered = new Set(asks.map((ask) => ask?.nodeClass));
  let [before, end] = ['', 0];
  return prices.every(({ nodeClass, startSlot, endSlot, millicreditsPerNodeSlot }) => {
    const isLater = nodeClass > before || (nodeClass === before && startSlot >= end);
    [before, end] = [nodeClass, endSlot];
    return (
      offered.has(nodeClass) &&
      isLater &&
      [startSlot, endSlot].every(Number.isInteger) &&
      startSlot >= 0 &&
      startSlot < endSlot &&
      endSlot <= horizonSlots &&
      isSafeAmount(millicreditsPerNodeSlot) &&
      millicreditsPerNodeSlot >= 0
    );
  });
}

function samePrices(a: readonly ClassPrice[], b: readonly ClassPrice[]): boolean {
  return (
    a.length === b.length &&
    a.every(
      ({ nodeClass, millicreditsPerNodeSlot }, i) =>
        nodeClass === b[i]!.nodeClass && millicreditsPerNodeSlot === b[i]!.millicreditsPerNodeSlot,
    )
  );
}

function wrong(message: string): Refusal {
  return { code: 'MARKET_SOLUTION_WRONG', message };
}
