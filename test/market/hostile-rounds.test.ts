/** Rounds, parameters and states that a hostile or careless party could give to a mechanism. */
import test from 'ava';
import { checkClearing } from '../../core/market/clearing/check.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { randomMarket } from '../../core/market/properties/random-markets.ts';
import { askFault, bidFault } from '../../core/market/order-check.ts';
import type { Ask, Bid, MarketRound } from '../../core/market/orders.ts';
import { roundInput } from '../../core/market/round-input.ts';
import { clear } from './support/conformance.ts';
import { NASTY, placesOf, withValue } from './support/hostile.ts';
import { ask, bid, round } from './support/orders.ts';

const NUMBERS = [-1e308, -1, -0, 0, 1e-300, 0.5, 1, 1e6, 2 ** 53, 1e308];

/** Parameters that set how much is searched. */
const WORK = new Set(['iterations', 'branches']);

const BID = bid('b', { nodes: 2, valueMillicredits: 5_000 }, { constraints: [['cores', '>', 1]] });
const ASK = ask('a', {
  nodes: 3,
  endSlot: 2,
  reserveMillicredits: 10,
  recall: { noticeMs: 1, penaltyPartsPerMillion: 1 },
  properties: { cores: 8 },
});

const LEASE = {
  contractId: 'c1',
  buyer: 'x',
  seller: ASK.organisation,
  nodeClass: 'A',
  nodes: 2,
  startSlot: 0,
  endSlot: 2,
  priceMillicredits: 100,
  valueMillicredits: 200,
  preemptible: true,
  resaleSlot: 0,
  reserveMillicredits: 10,
  recall: null,
  securityLevel: 'full',
};

/** The order with every nasty value at every place, where that makes it none. */
function spoilt<Order extends Bid | Ask>(
  order: Order,
  idKey: string,
  isFaulty: (order: Order) => boolean,
): Order[] {
  const all = placesOf(order).flatMap((place) =>
    [...NASTY].map(([name, value]) => {
      const id = `${place.join('.')} ${name}`;
      return withValue({ ...order, [idKey]: id }, place, value) as Order;
    }),
  );
  return all.filter(isFaulty);
}

const NO_BIDS = spoilt(BID, 'bidId', (order) => bidFault(order, 8) !== null);
const NO_ASKS = spoilt(ASK, 'askId', (order) => askFault(order, 8) !== null);

/** The names that a mechanism looks up in a record, in order. */
function namesRead(read: (record: Record<string, number>) => unknown): string[] {
  const names = new Set<string>();
  const record = new Proxy({} as Record<string, number>, {
    get(_target, name) {
      if (typeof name === 'string') names.add(name);
      return undefined;
    },
  });
  read(record);
  return [...names].filter((name) => name !== 'toJSON');
}

function fault(mechanism: Mechanism, given: MarketRound, parameters: object, state: object) {
  const cleared = mechanism.clear(given, parameters as never, state as never);
  const wrong = checkClearing(given, cleared.clearing, mechanism.properties);
  if (wrong) return wrong.message;
  const numbers = Object.entries(cleared.state).find(([, value]) => !Number.isFinite(value));
  return numbers ? `the state ${numbers[0]} is ${numbers[1]}` : null;
}

test('the spoilt orders are most of what can be spoilt', (t) => {
  t.true(NO_BIDS.length > 300, String(NO_BIDS.length));
  t.true(NO_ASKS.length > 200, String(NO_ASKS.length));
  const { round: given } = randomMarket('always', 12);
  const postedPrice = mechanisms.get('posted-price')!;
  t.true(namesRead((record) => postedPrice.clear(given, record, {})).includes('eta'));
  t.true(namesRead((record) => postedPrice.clear(given, {}, record)).includes('price A'));
});

for (const [name, mechanism] of mechanisms) {
  test(`${name} stands any number as a parameter and as a state`, (t) => {
    const { round: given } = randomMarket('always', 12);
    const first = mechanism.clear(given, {}, {});
    const parameters = namesRead((record) => mechanism.clear(given, record, {}));
    const states = new Set([
      ...namesRead((record) => mechanism.clear(given, {}, record)),
      ...Object.keys(first.state),
    ]);
    // Work that is asked for is done; here there is no time for it.
    const bounded = (key: string, value: number) => (WORK.has(key) ? Math.min(value, 100) : value);
    for (const value of NUMBERS) {
      for (const key of parameters) {
        const changed = { [key]: bounded(key, value) };
        t.is(fault(mechanism, given, changed, {}), null, `parameter ${key} is ${value}`);
      }
      for (const key of states) {
        t.is(fault(mechanism, given, {}, { [key]: value }), null, `state ${key} is ${value}`);
      }
      const all = Object.fromEntries(parameters.map((key) => [key, bounded(key, value)]));
      t.is(fault(mechanism, given, all, {}), null, `all parameters are ${value}`);
    }
  });

  test(`${name} leaves out whatever is no order, one code each, and clears the rest`, (t) => {
    const given = round([...NO_BIDS, BID], [...NO_ASKS, ASK]);
    const { rejected, fills } = clear(mechanism, given);
    t.deepEqual(fills, clear(mechanism, round([BID], [ASK])).fills);
    t.is(rejected.length, NO_BIDS.length + NO_ASKS.length);
    for (const { orderId, code } of rejected) {
      t.regex(code, /^MARKET_[A-Z_]+$/);
      t.true(orderId.length <= 200);
    }
    t.is(clear(mechanism, round([BID], [])).fills.length, 0);
    t.is(clear(mechanism, round([], [ASK])).fills.length, 0);
    t.is(clear(mechanism, round([], [])).rejected.length, 0);
  });

  test(`${name} turns down a million hostile options in next to no time`, (t) => {
    const options = new Array(1_000_000).fill(BID.options[0]);
    const constraints = new Array(1_000_000).fill(['cores', '>', 1]);
    const honest = Array.from({ length: 60 }, (_, i) =>
      bid(`b${i}`, { valueMillicredits: 2_000 + i }),
    );
    const asks = Array.from({ length: 20 }, (_, i) =>
      ask(`a${i}`, { nodes: 2, reserveMillicredits: i }),
    );
    const hostile = Array.from({ length: 200 }, (_, i) => [
      { ...BID, bidId: `x${i}`, options },
      { ...BID, bidId: `y${i}`, constraints },
    ]).flat();
    const timed = (given: MarketRound) => {
      const start = performance.now();
      const { fills } = clear(mechanism, given);
      return { ms: performance.now() - start, fills };
    };
    timed(round(honest, asks));
    const clean = timed(round(honest, asks));
    const attacked = timed(round([...honest, ...(hostile as Bid[])], asks));
    t.deepEqual(attacked.fills, clean.fills);
    t.true(attacked.ms < 3 * clean.ms + 100, `${attacked.ms} ms after ${clean.ms} ms`);
  });
}

test('members and running leases of a round document may hold anything', (t) => {
  const document = {
    schema: 'ocx-round/1',
    round: {
      ...round([BID], [ASK]),
      members: [
        { organisation: BID.organisation, contributedNodes: 2, priority: 1, kind: 'hpc' },
        { organisation: ASK.organisation, contributedNodes: 3, priority: 0 },
      ],
      standing: [LEASE],
    },
  };
  for (const place of placesOf(document)) {
    if (!['members', 'standing'].includes(place[1] ?? '')) continue;
    for (const [name, value] of NASTY) {
      const spoilt = withValue(document, place, value) as object;
      for (const chosen of ['drf', 'karma', 'priority-preemptive', 'spot-preemptible']) {
        const what = `${chosen}: ${place.join('.')} is ${name}`;
        try {
          const input = roundInput(spoilt, chosen);
          const { clearing } = input.mechanism.clear(input.round, {}, {});
          const wrong = checkClearing(input.round, clearing, input.mechanism.properties);
          t.is(wrong, null, what);
        } catch (error) {
          t.regex(
            (error as { code?: string }).code ?? String(error),
            /^INPUT_ROUND_INVALID$/,
            what,
          );
        }
      }
    }
  }
});
