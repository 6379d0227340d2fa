/**
 * Position limit (crash 3, cornering): at no time does an organisation hold more than a share of a
 * class on lease; emergencies with an option of their own are exempt.
 *
 * An organisation's own bids are admitted from the one that is worth most a node-slot down, each
 * option as if all options before it were served. A gang that does not fit is left out, work that
 * scales is cut to what fits. What an organisation is cut by are its own contracts and its own
 * other bids, never those of others.
 *
 * Costs: an organisation with more honest work than its limit is served late.
 */
import type { TimeMs } from '../../kernel/units.ts';
import { multiplyDivide } from '../amounts.ts';
import type { Contract } from '../contracts.ts';
import type { Bid, BidOption, MarketRound } from '../orders.ts';
import type { KnownClass, PositionLimitTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';

/** The horizon is looked at in so many pieces at most, so that no bid is costly. */
const MOST_PIECES = 256;

export function positionLimit(
  { sharePartsPerMillion, exempt }: PositionLimitTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const limits = new Map(
    nodeClasses.map(({ nodeClass, nodes }) => [
      nodeClass,
      multiplyDivide(nodes, sharePartsPerMillion, 1_000_000),
    ]),
  );
  return {
    name: 'position-limit',
    everyHorizon: true,
    shape(round, desk) {
      const kept = new Map<string, Bid>();
      const contracts = contractsByBuyer(desk);
      for (const [organisation, bids] of byOrganisation(round.bids)) {
        if (exempt.includes(organisation)) {
          for (const bid of bids) kept.set(bid.bidId, bid);
          continue;
        }
        const held = new Holdings(round, desk.startMs, contracts.get(organisation) ?? []);
        for (const bid of limited(bids, limits, held, desk)) kept.set(bid.bidId, bid);
      }
      return { ...round, bids: round.bids.flatMap(({ bidId }) => kept.get(bidId) ?? []) };
    },
  };
}

function contractsByBuyer({ market, timeMs }: SafeguardDesk): Map<string, Contract[]> {
  const groups = new Map<string, Contract[]>();
  for (const { contract } of market.contracts.values()) {
    if (contract.endMs <= timeMs) continue;
    const group = groups.get(contract.buyer);
    if (group) group.push(contract);
    else groups.set(contract.buyer, [contract]);
  }
  return groups;
}

function byOrganisation(bids: readonly Bid[]): Map<string, Bid[]> {
  const groups = new Map<string, Bid[]>();
  for (const bid of bids) {
    const group = groups.get(bid.organisation);
    if (group) group.push(bid);
    else groups.set(bid.organisation, [bid]);
  }
  return groups;
}

function limited(
  bids: readonly Bid[],
  limits: ReadonlyMap<string, number>,
  held: Holdings,
  { trigger }: SafeguardDesk,
): Bid[] {
  const inOrder = bids
    .map((bid) => ({ bid, density: Math.max(...bid.options.map(densityOf)) }))
    .sort((a, b) => b.density - a.density || (a.bid.bidId < b.bid.bidId ? -1 : 1));
  const kept: Bid[] = [];
  for (const { bid } of inOrder) {
    const options = bid.options.flatMap((option) =>
      cutOption(option, (limits.get(option.nodeClass) ?? Infinity) - held.most(option)),
    );
    for (const option of options) held.add(option.nodeClass, option.nodes, option);
    const isWhole =
      options.length === bid.options.length && options.every((o, i) => o === bid.options[i]);
    if (options.length > 0) kept.push(isWhole ? bid : { ...bid, options });
    if (isWhole) continue;
    const detail = options.length > 0 ? 'cut to the limit' : 'beyond the limit';
    trigger({ organisation: bid.organisation, orderId: bid.bidId, detail });
  }
  return kept;
}

function densityOf({ valueMillicredits, nodes, startSlot, endSlot }: BidOption): number {
  return valueMillicredits / (nodes * (endSlot - startSlot));
}

function cutOption(option: BidOption, room: number): BidOption[] {
  if (option.nodes <= room) return [option];
  if (room < option.minimumNodes) return [];
  const valueMillicredits = multiplyDivide(option.valueMillicredits, room, option.nodes);
  return [{ ...option, nodes: room, valueMillicredits }];
}

/** Nodes that one organisation holds, by class and piece of the horizon. */
class Holdings {
  readonly #pieceSlots: number;
  readonly #pieces: number;
  readonly #byClass = new Map<string, Float64Array>();

  constructor(round: MarketRound, startMs: TimeMs, contracts: readonly Contract[]) {
    this.#pieceSlots = Math.ceil(round.horizonSlots / MOST_PIECES);
    this.#pieces = Math.ceil(round.horizonSlots / this.#pieceSlots);
    for (const contract of contracts) {
      const startSlot = Math.floor((contract.startMs - startMs) / round.slotMs);
      const endSlot = Math.ceil((contract.endMs - startMs) / round.slotMs);
      this.add(contract.nodeClass, contract.nodes, { startSlot, endSlot });
    }
  }

  add(nodeClass: string, nodes: number, window: SlotWindow): void {
    let held = this.#byClass.get(nodeClass);
    if (!held) this.#byClass.set(nodeClass, (held = new Float64Array(this.#pieces)));
    const [first, last] = this.#range(window);
    for (let piece = first; piece < last; piece++) held[piece]! += nodes;
  }

  /** Most nodes held at a time within the window. */
  most(option: BidOption): number {
    const held = this.#byClass.get(option.nodeClass);
    if (!held) return 0;
    const [first, last] = this.#range(option);
    let most = 0;
    for (let piece = first; piece < last; piece++) most = Math.max(most, held[piece]!);
    return most;
  }

  #range({ startSlot, endSlot }: SlotWindow): [number, number] {
    const first = Math.max(0, Math.floor(startSlot / this.#pieceSlots));
    return [first, Math.min(this.#pieces, Math.ceil(endSlot / this.#pieceSlots))];
  }
}

interface SlotWindow {
  readonly startSlot: number;
  readonly endSlot: number;
}
