import test from 'ava';
import { randomStream } from '../../../core/kernel/random.ts';
import { bidPrices, repricingOf, turnScores } from '../../../core/market/safeguards/turns.ts';
import type { Repricing } from '../../../core/market/safeguards/turns.ts';
import { bid } from '../support/orders.ts';

/** Rounds in which four buyers change what they bid for the same work; the ring's two in turn. */
function history(seed: number, ring: boolean): Repricing[] {
  const stream = randomStream({ seed, replication: 0, entity: 'turns', purpose: 'test' });
  let before = new Map<string, number>();
  return Array.from({ length: 200 }, (_, roundId) => {
    const turn = Math.floor(roundId / 10) % 2;
    const bids = ['b0', 'b1', 'b2', 'b3'].map((organisation, i) => {
      const swing = ring && i < 2 ? (turn === i ? 2 : 1) : stream.uniform() < 0.2 ? 2 : 1;
      const noise = 0.9 + 0.2 * stream.uniform();
      const valueMillicredits = Math.round(1_000_000 * swing * noise);
      return bid(`b-${i}`, { valueMillicredits }, { organisation });
    });
    const now = bidPrices({ bids });
    const found = repricingOf({ roundId, bids }, before, now);
    before = now;
    return found ?? [];
  }).flat();
}

test('buyers who bid in turn are told from rivals', (t) => {
  let found = 0;
  let wrong = 0;
  for (let seed = 0; seed < 40; seed++) {
    const [first] = turnScores(history(seed, true));
    if (first!.organisations.join() === 'b0,b1' && first!.score >= 0.75) found += 1;
    if ((turnScores(history(seed, false))[0]?.score ?? 0) >= 0.75) wrong += 1;
  }
  t.true(found >= 38, `${found} of 40`);
  t.true(wrong <= 2, `${wrong} of 40`);
});

test('bids that rise together, new bids, and a market that moves as a whole are no turns', (t) => {
  const bids = Array.from({ length: 9 }, (_, i) => bid(`x-${i}`, {}, { organisation: `o${i}` }));
  const now = bidPrices({ bids });
  const scaled = (of: (i: number) => number) =>
    new Map([...now].map(([id, price], i) => [id, price * of(i)]));
  t.is(repricingOf({ roundId: 1, bids }, new Map(), now), null);
  t.is(
    repricingOf(
      { roundId: 1, bids },
      scaled((i) => (i % 2 === 0 ? 2 : 0.5)),
      now,
    ),
    null,
  );
  const two = { roundId: 1, bids: bids.slice(0, 2) };
  t.is(
    repricingOf(
      two,
      scaled(() => 1.2),
      now,
    ),
    null,
  );
  const together = repricingOf(
    two,
    scaled(() => 2),
    now,
  )!;
  t.is(together.down.length, 2);
  const many = Array.from({ length: 30 }, () => together);
  t.true(turnScores(many).every(({ score }) => score === 0));
});
