import test from 'ava';
import { sealedEvents } from '../../../sim/world/sealed-posting.ts';
import { DrivenMarket } from '../../market/support/market.ts';
import { ask, bid } from '../../market/support/orders.ts';

const POSTING = {
  nowMs: 0,
  seed: 'run',
  members: ['alpha', 'beta', 'gamma'],
  bids: [bid('b', {}, { organisation: 'beta' }), bid('c', {}, { organisation: 'gamma' })],
  asks: [ask('s', { organisation: 'alpha', nodes: 2 })],
};

test('the orders of a sealed round arrive through commitments alone, and clear', (t) => {
  const market = new DrivenMarket({ sealing: { bondMillicredits: 100 } });
  for (const event of sealedEvents({ ...POSTING, roundId: 0 })) {
    const reply = market.post(event).findLast(({ kind }) => kind === 'Reply');
    t.like(reply, { refusal: null });
  }
  market.solve(market.close());
  t.is(market.state.contracts.size, 2);
});

test('members take turns, and nonces and heads are other ones in every round', (t) => {
  const order = (roundId: number) =>
    sealedEvents({ ...POSTING, roundId }).flatMap((event) =>
      event.kind === 'CommitOrders' ? [event.from.name] : [],
    );
  t.deepEqual(order(0), ['alpha', 'beta', 'gamma']);
  t.deepEqual(order(1), ['beta', 'gamma', 'alpha']);
  const secrets = [0, 1].flatMap((roundId) =>
    sealedEvents({ ...POSTING, roundId }).flatMap((event) => {
      if (event.kind === 'RevealOrders') return [event.nonce];
      return event.kind === 'OpenCommits' ? [event.head] : [];
    }),
  );
  t.is(new Set(secrets).size, 8);
});

test('who has no orders does not commit', (t) => {
  const events = sealedEvents({ ...POSTING, roundId: 0, asks: [] });
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'RevealOrders' ? [event.from.name] : [])),
    ['beta', 'gamma'],
  );
});

test('who keeps silent after its commitment does not trade, and loses its bond', (t) => {
  const market = new DrivenMarket({ sealing: { bondMillicredits: 100 } });
  const balance = (name: string) => market.state.ledger.balances.get(name)!;
  const before = new Map(['beta', 'gamma'].map((name) => [name, balance(name)]));
  const events = sealedEvents({ ...POSTING, roundId: 0, silent: ['beta'] });
  for (const event of events) market.post(event);
  market.solve(market.close());
  const buyers = [...market.state.contracts.values()].map(({ contract }) => contract.buyer);
  t.deepEqual(buyers, ['gamma']);
  t.is(before.get('beta')! - balance('beta'), 100);
});
