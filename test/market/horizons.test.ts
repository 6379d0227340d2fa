import test from 'ava';
import type { Contract } from '../../core/market/contracts.ts';
import type { MarketHorizon } from '../../core/market/horizons.ts';
import { ask, bid } from './support/orders.ts';
import { ADMIN, DrivenMarket } from './support/market.ts';

const FORWARD: MarketHorizon = {
  name: 'forward',
  mechanism: 'k-double-auction',
  parameters: {},
  slotMs: 3_600_000,
  horizonSlots: 168,
};
const SPOT: MarketHorizon = {
  name: 'spot',
  mechanism: 'posted-price',
  parameters: {},
  slotMs: 60_000,
  horizonSlots: 4,
};

/** Round 3n is the epoch call's, 3n + 1 the forward call's, 3n + 2 spot's. */
function market(): DrivenMarket {
  return new DrivenMarket({ horizons: [FORWARD, SPOT] });
}

const OFFER = { organisation: 'beta', nodes: 4, reserveMillicredits: 10 };

test('a round belongs to the horizon that its id names, with its slots and its mechanism', (t) => {
  const driven = market();
  const rounds = [0, 1, 2].map((roundId) => {
    const asked = driven.close(roundId);
    driven.solve(asked);
    return asked;
  });
  t.deepEqual(
    rounds.map(({ mechanism }) => mechanism),
    ['exchange-threshold', 'k-double-auction', 'posted-price'],
  );
  t.deepEqual(
    rounds.map(({ round }) => [round.slotMs, round.horizonSlots]),
    [[900_000, 8]].concat([FORWARD, SPOT].map((h) => [h.slotMs, h.horizonSlots])),
  );
});

test('one round is solved at a time, whatever its horizon', (t) => {
  const driven = market();
  driven.close(0);
  t.is(driven.command({ kind: 'CloseRound', roundId: 1 }, ADMIN), 'CONFLICT_ROUND_PENDING');
});

test('a window is held against the slots of its own horizon', (t) => {
  const driven = market();
  const later = ask('later', { ...OFFER, startSlot: 100, endSlot: 120 });
  t.is(driven.ask(later, 0), 'MARKET_WINDOW_INVALID');
  t.is(driven.ask(later, 1), null);
  t.is(driven.ask(later, 2), 'MARKET_WINDOW_INVALID');
});

test('closing a round lapses earlier rounds of its horizon and none of another', (t) => {
  const driven = market();
  driven.ask(ask('a', { ...OFFER, endSlot: 1 }), 0);
  driven.ask(ask('f', { ...OFFER, endSlot: 1 }), 1);
  driven.ask(ask('s', { ...OFFER, endSlot: 1 }), 2);
  driven.solve(driven.close(6));
  t.deepEqual([...driven.state.books.keys()], [1, 2]);
  t.is(driven.ask(ask('b', { ...OFFER, endSlot: 1 }), 3), 'MARKET_ROUND_CLOSED');
  t.is(driven.ask(ask('c', { ...OFFER, endSlot: 1 }), 1), null);
  const { round } = driven.close(1);
  t.deepEqual(
    round.asks.map(({ askId }) => askId),
    ['beta/f', 'beta/c'],
  );
});

test('a forward contract starts in its own slots and is scheduled until then', (t) => {
  const driven = market();
  driven.ask(ask('nodes', { ...OFFER, startSlot: 48, endSlot: 60 }), 1);
  const want = { nodes: 2, startSlot: 48, endSlot: 60, valueMillicredits: 60_000 };
  driven.bid(bid('want', want, { organisation: 'alpha' }), 1);
  const effects = driven.solve(driven.close(1));
  const { contract } = effects.find(({ kind }) => kind === 'ContractFormed') as {
    contract: Contract;
  } & (typeof effects)[number];
  t.is(contract.startMs, 48 * 3_600_000);
  t.is(contract.endMs, 60 * 3_600_000);
  t.is(driven.state.contracts.get(contract.contractId)!.state, 'scheduled');
});

test('each horizon’s mechanism carries its own state', (t) => {
  const driven = market();
  driven.ask(ask('nodes', { ...OFFER, endSlot: 1 }), 2);
  driven.bid(bid('want', { nodes: 1, valueMillicredits: 5_000 }, { organisation: 'alpha' }), 2);
  driven.solve(driven.close(2));
  t.not(Object.keys(driven.state.mechanismStates[2]!).length, 0);
  t.deepEqual(driven.state.mechanismStates[0], {});
});

test('what is no round id is refused, never looked up', (t) => {
  const driven = market();
  for (const roundId of [-1, 0.5, NaN, Infinity, 2 ** 53, '1', null]) {
    const order = ask('nodes', { ...OFFER, endSlot: 1 });
    t.is(driven.ask(order, roundId as number), 'MARKET_ROUND_CLOSED');
    t.is(driven.command({ kind: 'CloseRound', roundId }, ADMIN), 'MARKET_ROUND_CLOSED');
  }
});
