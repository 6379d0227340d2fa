/**
 * Input of the one-sided combinatorial cases: capacity by type, and bids for gangs × windows with
 * XOR options, as a round in which the capacity is offered for nothing.
 */
import { compileRound } from '../clearing/instance.ts';
import type { AskPreference, Instance } from '../clearing/instance.ts';
import { determineWinners } from '../clearing/winners.ts';
import type { Winners } from '../clearing/winners.ts';
import { MAXIMUM_HORIZON_SLOTS, MAXIMUM_NODES } from '../order-check.ts';
import type { Ask, Bid, BidOption, MarketRound } from '../orders.ts';
import { asCount, asList, asMoney, asRecord, asText, entriesOf, invalid } from './input.ts';

/** Most branches for one optimum of a case. */
const BRANCHES = 200_000;

/** Reads `{capacity: {type: nodes}, bids: [{id, xor: [{type, nodes, start, end, value}]}]}`. */
export function combinatorialRound(input: unknown): MarketRound {
  const record = asRecord(input, 'input');
  const bids = asList(record['bids'], 'bids').map((bid, i) => readBid(bid, `bids[${i}]`));
  const ids = new Set(bids.map(({ bidId }) => bidId));
  if (ids.size !== bids.length) throw invalid('bids', 'two bids have the same id');
  let horizonSlots = 1;
  for (const { options } of bids) {
    for (const { endSlot } of options) horizonSlots = Math.max(horizonSlots, endSlot);
  }
  const asks: Ask[] = [];
  for (const [nodeClass, value] of entriesOf(record['capacity'], 'capacity')) {
    const nodes = asCount(value, `capacity.${nodeClass}`, 0, MAXIMUM_NODES);
    if (nodes === 0) continue;
    asks.push({
      askId: nodeClass,
      organisation: 'capacity',
      nodeClass,
      nodes,
      startSlot: 0,
      endSlot: horizonSlots,
      reserveMillicredits: 0,
      recall: null,
      securityLevel: 'full',
    });
  }
  return { roundId: 0, slotMs: 1, horizonSlots, bids, asks, seed: 'case' };
}

function readBid(value: unknown, keyPath: string): Bid {
  const record = asRecord(value, keyPath);
  const bidId = asText(record['id'], `${keyPath}.id`);
  const options = asList(record['xor'], `${keyPath}.xor`).map((option, i): BidOption => {
    const path = `${keyPath}.xor[${i}]`;
    const of = asRecord(option, path);
    const nodes = asCount(of['nodes'], `${path}.nodes`, 1, MAXIMUM_NODES);
    const startSlot = asCount(of['start'], `${path}.start`, 0, MAXIMUM_HORIZON_SLOTS - 1);
    return {
      nodeClass: asText(of['type'], `${path}.type`),
      nodes,
      minimumNodes: nodes,
      startSlot,
      endSlot: asCount(of['end'], `${path}.end`, startSlot + 1, MAXIMUM_HORIZON_SLOTS),
      valueMillicredits: asMoney(of['value'], `${path}.value`),
    };
  });
  if (options.length === 0) throw invalid(`${keyPath}.xor`, 'a bid needs an option');
  return {
    bidId,
    organisation: `bidder ${bidId}`,
    options,
    securityLevel: 'none',
    acceptsRecall: true,
  };
}

/**
 * @throws OcxError INPUT_CASE_INVALID where an order cannot take part in a round
 */
export function compiledCase(round: MarketRound, preference: AskPreference): Instance {
  const instance = compileRound(round, 'id', preference);
  const [left] = instance.rejected;
  if (left) throw invalid('bids', `${left.orderId} cannot take part: ${left.code}`);
  return instance;
}

/** The best allocation; `proved` where nothing can be worth more. */
export function solveExactly(instance: Instance): Winners {
  return determineWinners(instance, {
    iterations: null,
    branches: BRANCHES,
    seed: 'case',
    solver: null,
  });
}
