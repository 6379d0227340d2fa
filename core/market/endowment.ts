/**
 * Endowments: who has lent nodes has credits to borrow some. A pool is shared out by contributed
 * node-hours, credits that lie about decay and are capped, so that nobody saves up without end
 * (crash 15, hoarding).
 *
 * Rule, in this order: every free balance decays by the configured share for each whole day since the
 * last sharing out, rounded down; what is above the cap goes; the pool is split by largest remainder,
 * weights being the node-seconds delivered on leases since the last time plus a base share of the node-
 * time that the member brings along; no member gets more than the greatest part, nor more than fits
 * under the cap. What is not given stays where it was. Deposits neither decay nor count.
 */
import type { Refusal } from '../kernel/errors.ts';
import { DAY_MS } from '../kernel/units.ts';
import type { Millicredits, NodeMs, TimeMs } from '../kernel/units.ts';
import { multiplyDivide, splitExactly } from './amounts.ts';
import { isOutsider } from './currency.ts';
import { applyEntry, balanceOf, TREASURY_ACCOUNT } from './ledger.ts';
import type { LedgerEntry, Posting } from './ledger.ts';
import { MAXIMUM_NAME_LENGTH } from './order-check.ts';
import type { MarketEffect, ShareOut } from './protocol.ts';
import type { MarketState } from './state.ts';

export interface EndowmentTerms {
  /** When the first day begins. */
  readonly startMs: TimeMs;
  /** Share of a free balance that goes each day. */
  readonly decayPartsPerMillionPerDay: number;
  /** Most that a member may have free; null: no cap. */
  readonly capMillicredits: Millicredits | null;
  /** Share of the nodes that a member brings along which counts as if delivered. */
  readonly basePartsPerMillion: number;
  /** Greatest part of a pool that one member gets. */
  readonly greatestPartsPerMillion: number;
}

export interface EndowmentState {
  /** Member → node-time delivered since the last sharing out. */
  readonly delivered: Map<string, NodeMs>;
  lastMs: TimeMs;
}

const MILLION = 1_000_000;
/** After so many days a balance that decays is gone or does not change any more. */
const MOST_DAYS = 3_660;
/** Of a member, in node-seconds: 2.4 thousand million node-hours; a thousand of them add up exactly. */
const MOST_WEIGHT = 8_796_093_022_208;

/** What is left of a balance after so many days. */
export function decayed(
  balance: Millicredits,
  partsPerMillionPerDay: number,
  days: number,
): Millicredits {
  let left = balance;
  for (let day = 0; day < Math.min(days, MOST_DAYS) && left > 0; day++) {
    const after = multiplyDivide(left, MILLION - partsPerMillionPerDay, MILLION);
    if (after === left) break;
    left = after;
  }
  return left;
}

export function noteDelivered(
  { endowment }: MarketState,
  seller: string,
  deliveredNodeMs: NodeMs,
): void {
  if (!endowment) return;
  const sum = (endowment.delivered.get(seller) ?? 0) + deliveredNodeMs;
  endowment.delivered.set(seller, Math.min(Number.MAX_SAFE_INTEGER, sum));
}

/** @returns why nothing was shared out, or null; the same transfer again changes nothing */
export function shareOut(
  state: MarketState,
  { transferId, poolMillicredits, timeMs }: ShareOut,
  effects: MarketEffect[],
): Refusal | null {
  const { endowment, ledger } = state;
  const terms = state.configuration.endowment;
  if (!terms || !endowment) {
    return { code: 'MARKET_ENDOWMENT_NONE', message: 'this market shares nothing out' };
  }
  if (!Number.isSafeInteger(poolMillicredits) || poolMillicredits < 0) {
    return { code: 'LEDGER_AMOUNT_INVALID', message: 'the pool is no amount of money' };
  }
  if (typeof transferId !== 'string' || transferId.length > MAXIMUM_NAME_LENGTH) {
    return { code: 'INPUT_BAD_ARGUMENT', message: 'transferId is no name' };
  }
  const entryId = `share out ${transferId}`;
  if (ledger.applied.get(0)?.has(entryId)) return null;
  const days = Math.max(0, Math.floor((timeMs - endowment.lastMs) / DAY_MS));
  const parts = poolParts(state, terms, poolMillicredits, timeMs);
  const postings: Posting[] = state.configuration.organisations.flatMap(({ name }, i) => {
    const before = balanceOf(ledger, name);
    const kept = decayed(before, terms.decayPartsPerMillionPerDay, days);
    const after = Math.min(kept + parts[i]!, terms.capMillicredits ?? Number.MAX_SAFE_INTEGER);
    return after === before ? [] : [{ account: name, amountMillicredits: after - before }];
  });
  const total = postings.reduce((sum, { amountMillicredits }) => sum + amountMillicredits, 0);
  if (total !== 0) postings.push({ account: TREASURY_ACCOUNT, amountMillicredits: -total });
  const entry: LedgerEntry = { entryId, group: 0, timeMs, postings };
  const result = applyEntry(ledger, entry);
  if (result.status === 'refused') return result.refusal;
  effects.push({ kind: 'LedgerEntry', entry });
  endowment.delivered.clear();
  endowment.lastMs += days * DAY_MS;
  return null;
}

/** By organisation, in the order of the configuration. */
function poolParts(
  { configuration, endowment }: MarketState,
  terms: EndowmentTerms,
  pool: Millicredits,
  timeMs: TimeMs,
): Millicredits[] {
  const elapsedSeconds = Math.max(0, Math.floor((timeMs - endowment!.lastMs) / 1_000));
  const nodes = new Map(
    (configuration.members ?? []).map((member) => [member.organisation, member.contributedNodes]),
  );
  const weights = configuration.organisations.map(({ name }) => {
    if (isOutsider(configuration, name)) return 0;
    const brought = Math.min(MOST_WEIGHT, elapsedSeconds * (nodes.get(name) ?? 0));
    const base = multiplyDivide(brought, terms.basePartsPerMillion, MILLION);
    const delivered = Math.floor((endowment!.delivered.get(name) ?? 0) / 1_000);
    return Math.min(MOST_WEIGHT, delivered + base);
  });
  if (weights.every((weight) => weight === 0)) return weights;
  const greatest = multiplyDivide(pool, terms.greatestPartsPerMillion, MILLION);
  return splitExactly(pool, weights).map((part) => Math.min(part, greatest));
}
