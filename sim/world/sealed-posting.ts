/**
 * Posting the orders of one sealed round: every member commits to its sheet, commitments close, every
 * member that does not keep silent reveals. Members take turns in being first.
 *
 * In the simulation the head that fixes the lottery is made from names alone, as a live market makes
 * it from its journal; both are known before anybody commits.
 */
import type { Principal } from '../../core/kernel/service.ts';
import { sha256Hex } from '../../core/kernel/sha256.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { plainAsk, plainBid } from '../../core/market/order-check.ts';
import type { Ask, Bid } from '../../core/market/orders.ts';
import type { MarketEvent } from '../../core/market/protocol.ts';
import { commitmentOf } from '../../core/market/sealing/commitment.ts';

export interface SealedPosting {
  readonly roundId: number;
  readonly nowMs: TimeMs;
  /** Names the run; heads and nonces are made from it. */
  readonly seed: string;
  /** Members of the market, each with its orders in its own sequence. */
  readonly members: readonly string[];
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  /** Who commits and then keeps silent. */
  readonly silent?: readonly string[];
}

const CLOCK: Principal = { role: 'admin', name: 'clock' };

/** The events up to the reveal of the last sheet, in order. */
export function sealedEvents(posting: SealedPosting): MarketEvent[] {
  const { roundId, nowMs: timeMs, seed, members, silent = [] } = posting;
  const head = sha256Hex(JSON.stringify(['head', seed, roundId]));
  const first = roundId % Math.max(1, members.length);
  const inTurn = [...members.slice(first), ...members.slice(0, first)];
  const sheets = inTurn
    .map((name) => sheetOf(name, posting))
    .filter(({ bids, asks }) => bids.length + asks.length > 0);
  const command = (what: string, from: Principal) => ({
    timeMs,
    from,
    roundId,
    commandId: `${what}/${from.name}/${roundId}`,
  });
  const as = (name: string): Principal => ({ role: 'organisation', name });
  return [
    { kind: 'OpenCommits', ...command('open', CLOCK), head },
    ...sheets.map((sheet): MarketEvent => {
      const commitment = commitmentOf(sheet);
      return { kind: 'CommitOrders', ...command('commit', as(sheet.agent)), commitment };
    }),
    { kind: 'CloseCommits', ...command('shut', CLOCK) },
    ...sheets
      .filter(({ agent }) => !silent.includes(agent))
      .map(({ agent, bids, asks, nonce }): MarketEvent => {
        return { kind: 'RevealOrders', ...command('reveal', as(agent)), bids, asks, nonce };
      }),
  ];
}

function sheetOf(agent: string, { roundId, seed, bids, asks }: SealedPosting) {
  return {
    agent,
    bids: bids.filter(({ organisation }) => organisation === agent).map(plainBid),
    asks: asks.filter(({ organisation }) => organisation === agent).map(plainAsk),
    nonce: sha256Hex(JSON.stringify(['nonce', seed, roundId, agent])).slice(0, 32),
  };
}
