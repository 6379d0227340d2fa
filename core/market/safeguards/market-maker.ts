/**
 * Market maker (crash 2, a market that dries up): an organisation of the exchange quotes both sides
 * of every class at prices that were published before the round: it buys a spread below the last
 * price, up to a limit of node-slots that it may hold, and sells what it holds a spread above. A
 * seller who comes to an empty market finds a buyer, a buyer finds what was bought before.
 *
 * It buys for the next slots, so many at a time, and sells the rest of what it bought under the
 * original contract; its quotes do not depend on the round's orders. Costs: at most the limit times
 * the price, for node-time that nobody buys from it before it is over.
 */
import { multiplyDivide, multiplyDivideUp } from '../amounts.ts';
import type { Contract } from '../contracts.ts';
import type { Ask, Bid, MarketRound } from '../orders.ts';
import { lastPrice } from '../price-history.ts';
import type { KnownClass, MarketMakerTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';

const MILLION = 1_000_000;
const RESALE = 'resale-';

/** Own id of the maker's asks for what is left of a contract that it bought. */
export function resaleId(contractId: string): string {
  return `${RESALE}${contractId}`;
}

/** What is left to sell of a contract that the maker bought. */
interface Holding {
  readonly contract: Contract;
  readonly nodes: number;
  readonly startSlot: number;
  readonly endSlot: number;
}

export function marketMaker(
  terms: MarketMakerTerms,
  nodeClasses: readonly KnownClass[],
): Safeguard {
  const prefix = `${terms.organisation}/${RESALE}`;
  return {
    name: 'market-maker',
    shape(round, desk) {
      const bids: Bid[] = [...round.bids];
      const asks: Ask[] = [...round.asks];
      for (const { nodeClass } of nodeClasses) {
        const price = lastPrice(desk.prices, nodeClass);
        if (price === null) continue;
        const held = holdingsOf(terms.organisation, nodeClass, round, desk);
        const bid = bidOf(terms, nodeClass, price, held, round);
        if (bid) bids.push(bid);
        for (const holding of held) asks.push(askOf(terms, price, holding));
      }
      return { ...round, bids, asks };
    },
    cleared({ fills }, _round, { memory, market, trigger }) {
      for (const { bidId, parts, nodes } of fills) {
        if (bidId.startsWith(`${terms.organisation}/`))
          trigger({ detail: `bought ${nodes} nodes` });
        for (const part of parts) {
          if (!part.askId.startsWith(prefix)) continue;
          const contractId = part.askId.slice(prefix.length);
          // Settled while the round was being solved: there is nothing left to keep count of.
          if (!market.contracts.has(contractId)) continue;
          memory.resold.set(contractId, (memory.resold.get(contractId) ?? 0) + part.nodes);
          trigger({ detail: `sold ${part.nodes} nodes of ${contractId}` });
        }
      }
    },
    settled({ live }, { memory }) {
      memory.resold.delete(live.contract.contractId);
    },
  };
}

function holdingsOf(
  organisation: string,
  nodeClass: string,
  round: MarketRound,
  { market, memory, startMs }: SafeguardDesk,
): Holding[] {
  const held: Holding[] = [];
  for (const { contract } of market.contracts.values()) {
    if (contract.buyer !== organisation || contract.nodeClass !== nodeClass) continue;
    const nodes = contract.nodes - (memory.resold.get(contract.contractId) ?? 0);
    const startSlot = Math.max(0, Math.ceil((contract.startMs - startMs) / round.slotMs));
    const endSlot = Math.min(
      round.horizonSlots,
      Math.floor((contract.endMs - startMs) / round.slotMs),
    );
    if (nodes > 0 && endSlot > startSlot) held.push({ contract, nodes, startSlot, endSlot });
  }
  return held;
}

function bidOf(
  { organisation, spreadPartsPerMillion, limitNodeSlots, leaseSlots }: MarketMakerTerms,
  nodeClass: string,
  price: number,
  held: readonly Holding[],
  round: MarketRound,
): Bid | null {
  const slots = Math.min(leaseSlots, round.horizonSlots);
  const inventory = held.reduce((sum, h) => sum + h.nodes * (h.endSlot - h.startSlot), 0);
  const nodes = Math.floor((limitNodeSlots - inventory) / slots);
  const quote = multiplyDivide(price, MILLION - spreadPartsPerMillion, MILLION);
  const valueMillicredits = quote * nodes * slots;
  if (nodes < 1 || !Number.isSafeInteger(valueMillicredits)) return null;
  const window = { startSlot: 0, endSlot: slots };
  const option = { nodeClass, nodes, minimumNodes: 1, ...window, valueMillicredits };
  return {
    bidId: `${organisation}/buy-${nodeClass}`,
    organisation,
    options: [option],
    securityLevel: 'none',
    acceptsRecall: false,
  };
}

function askOf(
  { organisation, spreadPartsPerMillion }: MarketMakerTerms,
  price: number,
  { contract, nodes, startSlot, endSlot }: Holding,
): Ask {
  return {
    askId: `${organisation}/${resaleId(contract.contractId)}`,
    organisation,
    nodeClass: contract.nodeClass,
    nodes,
    startSlot,
    endSlot,
    reserveMillicredits: multiplyDivideUp(price, MILLION + spreadPartsPerMillion, MILLION),
    recall: null,
    securityLevel: contract.securityLevel,
  };
}
