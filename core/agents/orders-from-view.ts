/**
 * From what a cluster lacks and could spare to orders in slots: the part that every strategy
 * shares. A strategy only says by how much it scales each price.
 */
import { HOUR_MS } from '../kernel/units.ts';
import type { Millicredits } from '../kernel/units.ts';
import { SECURITY_RANK } from '../market/orders.ts';
import type { Ask, Bid, BidOption } from '../market/orders.ts';
import type { Orders } from './agent.ts';
import type { ClusterView, MarketTerms, Spare, Want } from './view.ts';

/** Factors on the truthful price; 1 is the truth. */
export interface PriceScale {
  bid(want: Want): number;
  ask(spare: Spare): number;
}

/** Name of the horizon whose slots are short. */
export const SPOT_HORIZON = 'spot';

/** A want with this much room offers a second, later window, in slots. */
const SECOND_WINDOW_SLACK_SLOTS = 12;

/** Largest bid that is sent: far above any sensible one, far below the largest safe integer. */
const LARGEST_BID_MILLICREDITS = 1e12;

export function ordersFromView(view: ClusterView, terms: MarketTerms, scale: PriceScale): Orders {
  const bids: Bid[] = [];
  for (const want of view.wants) {
    if (terms.horizon === SPOT_HORIZON && !isForSpot(want, terms)) continue;
    const bid = bidFor(view, want, terms, scale.bid(want));
    if (bid) bids.push(bid);
  }
  const asks: Ask[] = [];
  for (const spare of view.spares) {
    const ask = askFor(view.organisation, spare, terms, scale.ask(spare));
    if (ask) asks.push(ask);
  }
  return { bids, asks };
}

/** Spot serves at once and not for long: work that scales, can be stopped, or is done by then. */
function isForSpot(want: Want, terms: MarketTerms): boolean {
  if (want.earliestStartMs > terms.roundStartMs + terms.slotMs) return false;
  if (want.minimumNodes < want.nodes || want.keepsProgress === true) return true;
  const overheadMs = terms.setupMs[want.securityLevel] + terms.releaseMs;
  return want.durationMs + overheadMs <= terms.horizonSlots * terms.slotMs;
}

/** Whole orders are named after their piece of demand, so that fills can be traced back to it. */
export function bidIdOf(organisation: string, wantId: string): string {
  return `${organisation}:${wantId}`;
}

function bidFor(
  { organisation, constraints }: ClusterView,
  want: Want,
  terms: MarketTerms,
  factor: number,
): Bid | null {
  const overheadMs = terms.setupMs[want.securityLevel] + terms.releaseMs;
  const neededSlots = Math.ceil((want.durationMs + overheadMs) / terms.slotMs);
  const slots = Math.min(neededSlots, terms.horizonSlots);
  // Work that scales is content with a shorter lease; a gang's work must be done in one.
  const isGang = want.minimumNodes === want.nodes;
  if (slots < neededSlots && isGang && want.durationMs < terms.horizonSlots * terms.slotMs) {
    return null;
  }
  const share = slots / neededSlots;
  const full = want.valueMillicredits * want.certainty * factor * share;
  const earliest = slotAt(Math.max(want.earliestStartMs, terms.firstStartMs ?? 0), terms);
  const latest = Math.floor(
    (want.latestEndMs + terms.releaseMs - terms.roundStartMs) / terms.slotMs - slots,
  );
  if (earliest > latest || earliest + slots > terms.horizonSlots) return null;
  const windows = [{ startSlot: earliest, endSlot: earliest + slots }];
  const later = Math.min(latest, earliest + SECOND_WINDOW_SLACK_SLOTS);
  if (isGang && latest - earliest >= SECOND_WINDOW_SLACK_SLOTS) {
    if (later + slots <= terms.horizonSlots) {
      windows.push({ startSlot: later, endSlot: later + slots });
    }
  }
  const resale = resaleWindow(earliest, slots, latest, isGang, terms);
  if (resale) windows.push(resale);
  const options = windows.flatMap(({ startSlot, endSlot }, rank) =>
    want.nodeClasses
      .filter((nodeClass) => canProve(terms, nodeClass, want.securityLevel))
      .map((nodeClass): BidOption => {
        // Later is a little less good; the first class is the preferred one.
        const part = (endSlot - startSlot) / slots;
        const value = clampMoney(full * part * (rank === 0 ? 1 : 0.95));
        const { nodes, minimumNodes } = want;
        return { nodeClass, nodes, minimumNodes, startSlot, endSlot, valueMillicredits: value };
      }),
  );
  if (options.length === 0) return null;
  return {
    bidId: bidIdOf(organisation, want.wantId),
    organisation,
    options,
    securityLevel: want.securityLevel,
    acceptsRecall: want.acceptsRecall,
    ...(constraints ? { constraints } : {}),
  };
}

/**
 * A window that preempted nodes are back for: the whole one later, or, where there is no time for that,
 * a shorter lease for work that scales.
 */
function resaleWindow(
  earliest: number,
  slots: number,
  latest: number,
  isGang: boolean,
  { resaleSlots, horizonSlots }: MarketTerms,
): { startSlot: number; endSlot: number } | null {
  if (resaleSlots === undefined || earliest >= resaleSlots) return null;
  const endSlot = Math.min(horizonSlots, resaleSlots + slots, latest + slots);
  const fewest = isGang ? slots : 1;
  return endSlot - resaleSlots >= fewest ? { startSlot: resaleSlots, endSlot } : null;
}

function askFor(
  organisation: string,
  spare: Spare,
  terms: MarketTerms,
  factor: number,
): Ask | null {
  const startSlot = slotAt(spare.fromMs, terms);
  const endSlot = Math.min(
    terms.horizonSlots,
    Math.floor((spare.untilMs - terms.roundStartMs) / terms.slotMs),
  );
  if (spare.nodes <= 0 || endSlot <= startSlot) return null;
  const properties = terms.classProperties?.[spare.nodeClass];
  const perSlot = (spare.costMillicreditsPerNodeHour * factor * terms.slotMs) / HOUR_MS;
  return {
    askId: `${organisation}:${spare.spareId}`,
    organisation,
    nodeClass: spare.nodeClass,
    nodes: spare.nodes,
    startSlot,
    endSlot,
    reserveMillicredits: clampMoney(perSlot),
    recall:
      spare.recallNoticeMs === null
        ? null
        : {
            noticeMs: spare.recallNoticeMs,
            penaltyPartsPerMillion: terms.recallPenaltyPartsPerMillion,
          },
    securityLevel: terms.classSecurity[spare.nodeClass] ?? 'none',
    ...(properties ? { properties } : {}),
  };
}

/** First slot that does not begin before the time. */
function slotAt(timeMs: number, terms: MarketTerms): number {
  return Math.max(0, Math.ceil((timeMs - terms.roundStartMs) / terms.slotMs));
}

function canProve(terms: MarketTerms, nodeClass: string, level: Want['securityLevel']): boolean {
  return SECURITY_RANK[terms.classSecurity[nodeClass] ?? 'none'] >= SECURITY_RANK[level];
}

/** Whole millicredits that can be sent. */
export function clampMoney(value: number): Millicredits {
  return Math.round(Math.min(LARGEST_BID_MILLICREDITS, Math.max(0, value)));
}
