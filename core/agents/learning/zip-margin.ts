/**
 * How a trader with zero intelligence plus moves its profit margin after a shout.
 *
 * Paper: Cliff, "Minimal-intelligence agents for bargaining behaviours in market-based
 * environments", HP Laboratories report HPL-97-91 (1997).
 * Rule: a trader asks (or bids) p = λ · (1 + μ), λ its limit price. After a shout at q that was
 * accepted, a seller with p ≤ q raises μ, and one with p ≥ q lowers it if the shout was a bid and it
 * still has to sell; after an offer that nobody took, a seller with p ≥ q lowers it. Buyers mirror
 * this. μ goes towards a target τ = R · q + A a little beyond q by the Widrow–Hoff rule with momentum:
 * Γ ← γ Γ + (1 − γ) β (τ − p), then μ ← (p + Γ) / λ − 1.
 */
import type { RandomStream } from '../../kernel/random.ts';
import { uniformIn } from '../draws.ts';

/** Constants of the paper: where β, γ and the first margin are drawn from, and the target's noise. */
const LEARNING_RATE = { low: 0.1, high: 0.5 };
const MOMENTUM = { low: 0, high: 0.1 };
const FIRST_MARGIN = { low: 0.05, high: 0.35 };
const RELATIVE_NOISE = 0.05;

export interface ZipMargin {
  readonly side: 'buyer' | 'seller';
  /** μ: at least 0 for a seller, −1 … 0 for a buyer. */
  readonly margin: number;
  /** Γ as a share of the limit price. */
  readonly change: number;
  /** β. */
  readonly rate: number;
  /** γ. */
  readonly momentum: number;
}

export interface Shout {
  readonly price: number;
  readonly kind: 'bid' | 'offer';
  readonly accepted: boolean;
}

export function firstMargin(side: ZipMargin['side'], draws: RandomStream): ZipMargin {
  const rate = uniformIn(draws, LEARNING_RATE.low, LEARNING_RATE.high);
  const momentum = uniformIn(draws, MOMENTUM.low, MOMENTUM.high);
  const first = uniformIn(draws, FIRST_MARGIN.low, FIRST_MARGIN.high);
  return { side, margin: side === 'seller' ? first : -first, change: 0, rate, momentum };
}

/**
 * @param limit λ, positive
 * @param active it still has to trade
 * @param noise A of the target at most, in units of price
 */
export function afterShout(
  trader: ZipMargin,
  limit: number,
  active: boolean,
  shout: Shout,
  draws: RandomStream,
  noise: number,
): ZipMargin {
  const price = limit * (1 + trader.margin);
  const way = wayOf(trader.side, price, active, shout);
  if (way === null) return trader;
  const relative = uniformIn(draws, 0, RELATIVE_NOISE);
  const absolute = uniformIn(draws, 0, noise);
  const target =
    way === 'up'
      ? shout.price * (1 + relative) + absolute
      : shout.price * (1 - relative) - absolute;
  const step = trader.rate * (target - price);
  const change = (trader.momentum * trader.change * limit + (1 - trader.momentum) * step) / limit;
  const moved = trader.margin + change;
  const margin = trader.side === 'seller' ? Math.max(0, moved) : Math.min(0, Math.max(-1, moved));
  return { ...trader, margin, change };
}

/** Which way the trader's price goes; null: it stays. */
function wayOf(
  side: ZipMargin['side'],
  price: number,
  active: boolean,
  shout: Shout,
): 'up' | 'down' | null {
  const own = side === 'seller' ? 'offer' : 'bid';
  const beaten = side === 'seller' ? price >= shout.price : price <= shout.price;
  const more = side === 'seller' ? 'up' : 'down';
  const less = side === 'seller' ? 'down' : 'up';
  if (shout.accepted) {
    const couldGain = side === 'seller' ? price <= shout.price : price >= shout.price;
    if (couldGain) return more;
    return shout.kind !== own && active && beaten ? less : null;
  }
  return shout.kind === own && active && beaten ? less : null;
}
