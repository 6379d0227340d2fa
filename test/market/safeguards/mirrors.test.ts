import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { mirroredBids, mirrorScores } from '../../../core/market/safeguards/mirrors.ts';
import type { MirroredBid } from '../../../core/market/safeguards/mirrors.ts';
import { ask, bid } from '../support/orders.ts';
import { guarded, triggered } from './support.ts';

/**
 * Forty rounds of two sellers and three buyers whose windows are drawn; with `share` above 0 another
 * name bids for what `s0` asks, with that chance, and for a window of its own otherwise.
 */
function history(seed: number, share: number): MirroredBid[] {
  const stream = randomStream({ seed, replication: 0, entity: 'mirror', purpose: 'test' });
  const draw = () => {
    const startSlot = stream.integer(6);
    return { startSlot, endSlot: startSlot + 1 + stream.integer(24) };
  };
  return Array.from({ length: 40 }, () => {
    const asks = ['s0', 's1'].map((organisation) => ask('a', { organisation, ...draw() }));
    const bids = ['b0', 'b1', 'b2'].map((organisation) => bid('b', draw(), { organisation }));
    if (share > 0) {
      const { startSlot, endSlot } = stream.uniform() < share ? asks[0]! : draw();
      bids.push(bid('b', { startSlot, endSlot }, { organisation: 'shill' }));
    }
    return mirroredBids({ bids, asks });
  }).flat();
}

test('a name that bids for what one seller asks is told from buyers with work of their own', (t) => {
  let found = 0;
  for (let seed = 0; seed < 40; seed++) {
    const [first, second] = mirrorScores(history(seed, 0.9));
    if (first!.bidder === 'shill' && first!.seller === 's0' && first!.score >= 0.6) found += 1;
    t.true((second?.score ?? 0) < 0.2);
    for (const { score } of mirrorScores(history(seed, 0))) t.true(score < 0.2, `${score}`);
  }
  // Crash 6 of the design asks for 95 % of them.
  t.true(found >= 38, `${found} of 40`);
});

test('where everybody trades the same windows nobody is a mirror', (t) => {
  const asks = ['s0', 's1'].map((organisation) => ask('a', { organisation }));
  const bids = ['b0', 'b1', 'b2'].map((organisation) => bid('b', {}, { organisation }));
  const many = Array.from({ length: 40 }, () => mirroredBids({ bids, asks })).flat();
  t.true(many.every(({ sellers }) => sellers.length === 2));
  t.true(mirrorScores(many).every(({ score }) => score === 0));
});

test('a window that many offer points at nobody, one’s own asks are no mirror, few bids say nothing', (t) => {
  const sellers = Array.from({ length: 5 }, (_, i) => ask('a', { organisation: `s${i}` }));
  const bids = [bid('b', {}, { organisation: 'b0' })];
  t.deepEqual(mirroredBids({ bids, asks: sellers }), [{ bidder: 'b0', sellers: [] }]);
  const own = mirroredBids({ bids, asks: [ask('a', { organisation: 'b0' })] });
  t.deepEqual(own, [{ bidder: 'b0', sellers: [] }]);
  t.deepEqual(mirrorScores(history(1, 1).slice(0, 36)), []);
});

test('the shill screen names who bids for a seller’s own asks, in a running market', (t) => {
  const market = guarded({ shillScreen: { trades: 100, leastScore: 0.6 } });
  for (let roundId = 0; roundId < 15; roundId++) {
    const window = { startSlot: 0, endSlot: 1 + (roundId % 3) };
    const other = { startSlot: 0, endSlot: 4 };
    market.ask(ask('a', { organisation: 'beta', ...window }), roundId);
    market.bid(bid('b', window, { organisation: 'alpha' }), roundId);
    market.bid(bid('c', other, { organisation: 'gamma' }), roundId);
    market.solve(market.close(roundId));
  }
  const flags = triggered(market.effects, 'shill-screen');
  t.true(flags.length > 0);
  t.true(flags.every(({ organisation }) => organisation === 'alpha'));
});
