import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { cartelScore } from '../../../core/market/safeguards/cartel-screen.ts';
import { epochJitterMs } from '../../../core/market/safeguards/jitter.ts';
import type { Award, TradeRecord } from '../../../core/market/safeguards/memory.ts';
import { shillScores } from '../../../core/market/safeguards/shill-screen.ts';
import type { MarketEffect } from '../../../core/market/protocol.ts';
import { Guard } from '../../../core/market/safeguards/guard.ts';
import { DrivenMarket } from '../support/market.ts';
import { ask, bid, round } from '../support/orders.ts';
import { BASE, guarded, tradeAt, triggered } from './support.ts';

const SELLERS = ['s1', 's2', 's3', 's4', 's5'];

/**
 * One history of forty rounds. Rivals ask for their cost, drawn anew each round; the ring's members
 * take turns at an agreed price, which wobbles by a tenth, and bid cover above it; the rest of the
 * sellers are honest and win when they are cheaper.
 */
function history(seed: number, ring: number): Award[] {
  const stream = randomStream({ seed, replication: ring, entity: 'ring', purpose: 'test' });
  return Array.from({ length: 40 }, (_, roundId) => {
    const asks = SELLERS.map((seller, i) => {
      const cost = 600 + stream.uniform() * 800;
      if (i >= ring) return { seller, reserve: cost };
      const turn = roundId % ring === i;
      return { seller, reserve: (turn ? 850 : 1_300) * (0.95 + 0.1 * stream.uniform()) };
    });
    asks.sort((a, b) => a.reserve - b.reserve);
    return {
      roundId,
      nodeClass: 'A',
      winner: asks[0]!.seller,
      winningMillicredits: Math.round(asks[0]!.reserve),
      nextMillicredits: Math.round(asks[1]!.reserve),
    };
  });
}

/** Area under the curve of detection: chance that a ring scores above honest rivals. */
function area(ring: number): number {
  const scores = (members: number) =>
    Array.from({ length: 60 }, (_, seed) => cartelScore(history(seed, members))?.score ?? 0);
  const rings = scores(ring);
  const rivals = scores(0);
  let wins = 0;
  for (const guilty of rings) {
    for (const honest of rivals) wins += guilty > honest ? 1 : guilty === honest ? 0.5 : 0;
  }
  return wins / (rings.length * rivals.length);
}

test('the cartel screen tells rings of most sellers from rivals, and does not tell rivals apart', (t) => {
  t.true(area(5) >= 0.99, `${area(5)}`);
  t.true(area(4) >= 0.9, `${area(4)}`);
  t.is(area(0), 0.5);
  t.is(cartelScore(history(1, 5).slice(0, 7)), null);
  t.is(cartelScore(history(1, 5).map((award) => ({ ...award, winner: 's1' }))), null);
  t.is(cartelScore(history(1, 5).map((award) => ({ ...award, nextMillicredits: null }))), null);
});

test('the cartel screen flags a ring in a running market and stays silent on rivals', (t) => {
  const flags = (turns: boolean) => {
    const market = guarded({ cartelScreen: { rounds: 20, leastScore: 0.7 } });
    const stream = randomStream({ seed: 3, replication: 0, entity: 'a', purpose: 'test' });
    for (let roundId = 0; roundId < 20; roundId++) {
      for (const [i, organisation] of ['beta', 'gamma'].entries()) {
        const reserveMillicredits = turns
          ? roundId % 2 === i
            ? 900
            : 1_100
          : 500 + stream.integer(1_000);
        market.ask(ask('a', { organisation, reserveMillicredits }), roundId);
      }
      market.bid(bid('b', { valueMillicredits: 2_000 }, { organisation: 'alpha' }), roundId);
      market.solve(market.close(roundId));
    }
    return triggered(market.effects, 'cartel-screen').length;
  };
  t.true(flags(true) > 0);
  t.is(flags(false), 0);
});

test('the shill screen finds injected circles among honest trade', (t) => {
  const names = Array.from({ length: 12 }, (_, i) => `o${i}`);
  let found = 0;
  let wrong = 0;
  for (let seed = 0; seed < 40; seed++) {
    const stream = randomStream({ seed, replication: 0, entity: 'wash', purpose: 'test' });
    const trades: TradeRecord[] = [];
    for (let i = 0; i < 200; i++) {
      const buyer = stream.integer(12);
      const seller = (buyer + 1 + stream.integer(11)) % 12;
      trades.push({
        buyer: names[buyer]!,
        seller: names[seller]!,
        nodeSlots: 1 + stream.integer(9),
      });
    }
    for (let i = 0; i < 20; i++) {
      const [buyer, seller] = i % 2 === 0 ? ['shill-a', 'shill-b'] : ['shill-b', 'shill-a'];
      trades.push({ buyer: buyer!, seller: seller!, nodeSlots: 4 + stream.integer(3) });
    }
    // Now and then they trade with somebody else, to look like others.
    for (const name of ['shill-a', 'shill-b']) {
      trades.push({ buyer: name, seller: names[0]!, nodeSlots: 5 });
    }
    for (const { organisations, score } of shillScores(trades)) {
      if (score < 0.6) continue;
      if (organisations[0] === 'shill-a') found += 1;
      else wrong += 1;
    }
  }
  t.true(found >= 38, `${found} of 40`);
  t.is(wrong, 0);
});

test('the shill screen speaks up in a running market once a circle closes', (t) => {
  const market = guarded({ shillScreen: { trades: 100, leastScore: 0.6 } });
  for (let roundId = 0; roundId < 8; roundId++) {
    const [buyer, seller] = roundId % 2 === 0 ? ['alpha', 'beta'] : ['beta', 'alpha'];
    market.ask(ask('a', { organisation: seller!, reserveMillicredits: 500 }), roundId);
    market.bid(bid('b', { valueMillicredits: 500 }, { organisation: buyer! }), roundId);
    market.solve(market.close(roundId));
  }
  t.is(triggered(market.effects, 'shill-screen').length, 3);
  const oneWay = guarded({ shillScreen: { trades: 100, leastScore: 0.6 } });
  for (let roundId = 0; roundId < 8; roundId++) tradeAt(oneWay, roundId, 500);
  t.is(triggered(oneWay.effects, 'shill-screen').length, 0);
});

test('jitter shuffles by the round’s own stream, never by who came first', (t) => {
  const orderOf = (ids: readonly string[], roundId: number, jitter = true) => {
    const market = guarded(jitter ? { jitter: { epochPartsPerMillion: 100_000 } } : {});
    for (const id of ids) market.bid(bid(id, {}, { organisation: 'alpha' }), roundId);
    return market
      .close(roundId)
      .round.bids.map(({ bidId }) => bidId)
      .join();
  };
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  t.is(orderOf(ids, 1), orderOf([...ids].reverse(), 1));
  t.not(orderOf(ids, 1, false), orderOf([...ids].reverse(), 1, false));
  t.true(new Set([1, 2, 3, 4, 5].map((roundId) => orderOf(ids, roundId))).size > 2);
  const added = [0, 1, 2, 3].map((id) =>
    epochJitterMs({ epochPartsPerMillion: 100_000 }, 's', id, 1_000),
  );
  t.true(added.every((ms) => Number.isInteger(ms) && ms >= 0 && ms <= 100));
  t.true(new Set(added).size > 1);
  t.is(epochJitterMs({ epochPartsPerMillion: 0 }, 's', 1, 1_000), 0);
});

test('with every safeguard off a market does byte for byte what one without safeguards does', (t) => {
  const play = (market: DrivenMarket) => {
    for (let roundId = 0; roundId < 6; roundId++) {
      tradeAt(market, roundId, 1_000 + 700 * roundId, roundId * 900_000);
      market.report(`c${roundId + 1}`, roundId % 3 === 0 ? 'not-delivered' : 'ended', 900_000);
    }
    return market.effects.map((effect) => JSON.stringify({ ...effect, limits: undefined }));
  };
  const off = play(new DrivenMarket({ mechanism: 'k-double-auction', safeguards: BASE }));
  t.deepEqual(off, play(new DrivenMarket({ mechanism: 'k-double-auction' })));
});

test('with lax terms all safeguards together leave a quiet market as it is', (t) => {
  const lax = guarded({
    positionLimit: { sharePartsPerMillion: 1_000_000, exempt: [] },
    priceCollar: { bandPartsPerMillion: 900_000 },
    priceFloor: { sharePartsPerMillion: 1 },
    volatilityHalt: { movePartsPerMillion: 900_000, rounds: 5 },
    mustOffer: { feePartsPerMillion: 1_000_000, tolerancePartsPerMillion: 0 },
    pivotalSupplier: { markupPartsPerMillion: 1_000_000 },
    selfTrade: { groups: [] },
    identityDeposit: { depositMillicredits: 1 },
    orderSize: { sharePartsPerMillion: 1_000_000 },
    minimumLease: { slots: 1 },
    useOrRelease: { graceMs: 1e9 },
    extraRound: { demandPartsPerMillion: 1_000_000, leastGapMs: 1 },
    recallPenalty: { quantilePartsPerMillion: 990_000 },
    cartelScreen: { rounds: 20, leastScore: 1 },
    shillScreen: { trades: 50, leastScore: 1 },
  });
  const plain = guarded({});
  for (const market of [lax, plain]) {
    for (let roundId = 0; roundId < 12; roundId++) {
      tradeAt(market, roundId, 1_000 + 10 * (roundId % 3), roundId * 900_000);
    }
  }
  const contracts = (market: DrivenMarket) =>
    market.effects.filter(({ kind }) => kind === 'ContractFormed' || kind === 'ContractVoided');
  t.deepEqual(contracts(lax), contracts(plain));
  t.is(lax.effects.filter(({ kind }) => kind === 'SafeguardTriggered').length, 0);
});

test('nodes of a preempted contract, which no ask of the round offers, upset no screen', (t) => {
  const guard = guarded({
    selfTrade: { groups: [['alpha', 'beta']] },
    cartelScreen: { rounds: 20, leastScore: 0.5 },
    shillScreen: { trades: 50, leastScore: 0.5 },
  });
  const effects: MarketEffect[] = [];
  const desk = new Guard(guard.state, { timeMs: 0, roundId: 0 }, effects);
  const fill = { bidId: 'b', optionIndex: 0, nodes: 1, paymentMillicredits: 5 };
  const fills = [{ ...fill, parts: [{ askId: 'c7', nodes: 1 }] }];
  desk.cleared(
    {
      fills,
      receipts: new Map(),
      surplusMillicredits: 5,
      prices: [],
      welfareMillicredits: 5,
      rejected: [],
    },
    round([bid('b', {}, { organisation: 'alpha' })], []),
  );
  t.deepEqual(effects, []);
});
