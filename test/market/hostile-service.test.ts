/** Whatever anybody sends, the market answers with a code, loses nothing and goes on. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { sha256Hex } from '../../core/kernel/sha256.ts';
import { commitmentOf } from '../../core/market/sealing/commitment.ts';
import type { MarketEffect, MarketEvent } from '../../core/market/protocol.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { checkMarketInvariants, marketService, recordClearing } from '../../core/market/service.ts';
import type { MarketState } from '../../core/market/service.ts';
import { NASTY, placesOf, withValue } from './support/hostile.ts';
import { ADMIN, DrivenMarket, ISOLATION, kinds } from './support/market.ts';
import { ask, bid } from './support/orders.ts';

const OFFER = ask('offer', {
  organisation: 'beta',
  nodes: 4,
  endSlot: 4,
  reserveMillicredits: 10,
  recall: { noticeMs: 1, penaltyPartsPerMillion: 1 },
  properties: { cores: 8, disks: [{ size: 1 }] },
});
const WANT = bid(
  'job',
  { nodes: 2, valueMillicredits: 6_000 },
  { organisation: 'alpha', constraints: [['cores', 'in', [4, 8]]] },
);
const ALPHA = { role: 'organisation', name: 'alpha' } as const;
const BETA = { role: 'organisation', name: 'beta' } as const;

/** A market with a contract that runs, and orders in an open round. */
function busyMarket(): DrivenMarket {
  const market = new DrivenMarket();
  market.ask(OFFER);
  market.bid(WANT);
  market.solve(market.close());
  market.ask(OFFER, 1);
  market.bid(WANT, 1);
  return market;
}

/** Honest events, one a kind; each is spoilt at every place of its body. */
const EVENTS: readonly Record<string, unknown>[] = [
  { kind: 'PostBid', from: ALPHA, roundId: 1, bid: { ...WANT, bidId: 'second' } },
  { kind: 'PostAsk', from: BETA, roundId: 1, ask: { ...OFFER, askId: 'second' } },
  { kind: 'PostOrders', from: ALPHA, roundId: 1, bids: [WANT], asks: [] },
  { kind: 'PostOrders', from: BETA, roundId: 1, bids: [], asks: [OFFER] },
  { kind: 'WithdrawOrder', from: ALPHA, roundId: 1, side: 'bid', orderId: 'job' },
  { kind: 'CloseRound', from: ADMIN, roundId: 1, startMs: 7 },
  { kind: 'AbandonRound', from: ADMIN, roundId: 1 },
  { kind: 'VoidContract', from: ADMIN, contractId: 'c1' },
  {
    kind: 'Endow',
    from: ADMIN,
    transferId: 't1',
    organisation: 'alpha',
    amountMillicredits: 5,
  },
  { kind: 'ShareOut', from: ADMIN, transferId: 't1', poolMillicredits: 5 },
  {
    kind: 'LeaseReported',
    from: ISOLATION,
    contractId: 'c1',
    what: 'ended',
    deliveredNodeMs: 1_000,
  },
  {
    kind: 'HardwareReported',
    from: ISOLATION,
    contractId: 'c1',
    performancePartsPerMillion: 900_000,
  },
  {
    kind: 'IdleAttested',
    from: ISOLATION,
    roundId: 1,
    organisation: 'beta',
    nodeClass: 'A',
    nodes: 3,
  },
  { kind: 'ExerciseOption', from: ALPHA, optionId: 'o1', nodes: 1, durationMs: 60_000 },
];

/** Effects by which a service says no. */
function refusals(effects: readonly MarketEffect[]): string[] {
  return effects.flatMap((effect) => {
    const { refusal } = effect as { refusal?: { code: string } | null };
    return refusal ? [refusal.code] : [];
  });
}

for (const event of EVENTS) {
  test(`${event['kind']} by ${(event['from'] as { name: string }).name} may hold anything`, (t) => {
    const market = busyMarket();
    holdsAnything(t, market, event);
    // What was in the book is still there, and is cleared.
    t.true(kinds(market.solve(market.close(1, 2), 2)).includes('ContractFormed'));
  });
}

/** A sealed market with two commitments, and a third organisation that may still commit. */
const SHEET = { agent: 'alpha', bids: [WANT], asks: [], nonce: 'a'.repeat(32) };
const HEAD = sha256Hex('journal');
function sealedMarket(isShut: boolean): DrivenMarket {
  const market = new DrivenMarket({ sealing: { bondMillicredits: 5_000 } });
  market.command({ kind: 'OpenCommits', roundId: 0, head: HEAD }, ADMIN);
  const commitment = commitmentOf(SHEET);
  market.command({ kind: 'CommitOrders', roundId: 0, commitment }, ALPHA);
  if (isShut) market.command({ kind: 'CloseCommits', roundId: 0 }, ADMIN);
  return market;
}

const SEALED_EVENTS: readonly (readonly [boolean, Record<string, unknown>])[] = [
  [false, { kind: 'OpenCommits', from: ADMIN, roundId: 1, head: HEAD }],
  [false, { kind: 'CommitOrders', from: BETA, roundId: 0, commitment: HEAD }],
  [false, { kind: 'CloseCommits', from: ADMIN, roundId: 0 }],
  [true, { kind: 'RevealOrders', from: ALPHA, roundId: 0, ...SHEET, agent: undefined }],
  [true, { kind: 'RevealOrders', from: ALPHA, roundId: 0, ...SHEET, bids: [{ ...WANT, x: 1 }] }],
  [true, { kind: 'CloseRound', from: ADMIN, roundId: 0, startMs: 7 }],
];

for (const [isShut, event] of SEALED_EVENTS) {
  const surplus = JSON.stringify(event).includes('"x"') ? ' with a surplus key' : '';
  test(`${event['kind']}${surplus} of a sealed round may hold anything`, (t) => {
    const market = sealedMarket(isShut);
    holdsAnything(t, market, event);
    t.is(market.command({ kind: 'CloseCommits', roundId: 0 }, ADMIN), null);
    const { bids, asks, nonce } = SHEET;
    t.is(market.command({ kind: 'RevealOrders', roundId: 0, bids, asks, nonce }, ALPHA), null);
    t.is(market.close().round.bids.length, 1);
  });
}

test('a share-out may hold anything', (t) => {
  const endowment = {
    startMs: 0,
    decayPartsPerMillionPerDay: 10_000,
    capMillicredits: null,
    basePartsPerMillion: 100_000,
    greatestPartsPerMillion: 500_000,
  };
  const market = new DrivenMarket({ endowment });
  holdsAnything(t, market, { kind: 'ShareOut', from: ADMIN, transferId: 's', poolMillicredits: 9 });
});

/** The event with every nasty value at every place: answered, and what is refused changes nothing. */
function holdsAnything(t: ExecutionContext, market: DrivenMarket, event: object): void {
  const before = canonicalJson(market.state);
  for (const place of placesOf(event)) {
    if (place[0] === 'kind' || place[0] === 'from') continue;
    for (const [name, value] of NASTY) {
      const what = `${place.join('.')} is ${name}`;
      const spoilt = withValue({ ...event, timeMs: 1, commandId: 'x' }, place, value);
      const state = structuredClone(market.state);
      const effects = stepped(t, state, spoilt, what);
      const codes = refusals(effects);
      for (const code of codes) t.regex(code, /^[A-Z]+(_[A-Z]+)+$/, what);
      if (codes.length > 0) t.is(canonicalJson(state), before, `${what}: refused and changed`);
      t.deepEqual(checkMarketInvariants(state), [], what);
    }
  }
  t.is(canonicalJson(market.state), before);
}

test('a solution may hold anything: it is turned down, and a right one is still taken', (t) => {
  const market = busyMarket();
  const effect = market.close(1, 2);
  const { clearing, state } = mechanisms.get(effect.mechanism)!.clear(effect.round, {}, {});
  const right = {
    kind: 'RoundSolved',
    timeMs: 2,
    roundId: 1,
    clearing: recordClearing(clearing),
    state: { ...state, price: 1 },
    solverVersion: 'x',
  };
  const before = canonicalJson(market.state);
  for (const place of placesOf(right)) {
    if (place[0] === 'kind' || place[0] === 'timeMs') continue;
    for (const [name, value] of NASTY) {
      const what = `${place.join('.')} is ${name}`;
      const trial = structuredClone(market.state);
      const effects = stepped(t, trial, withValue(right, place, value), what);
      if (refusals(effects).length > 0) t.is(canonicalJson(trial), before, what);
      else t.true(kinds(effects).includes('PricesPublished'), what);
      t.deepEqual(checkMarketInvariants(trial), [], what);
    }
  }
  t.true(kinds(market.post(right as unknown as MarketEvent)).includes('ContractFormed'));
});

function stepped(t: ExecutionContext, state: MarketState, event: unknown, what: string) {
  try {
    return marketService.step(state, event as MarketEvent).effects;
  } catch (error) {
    t.fail(`${what}: ${String(error)}`);
    return [];
  }
}

test('a round with a million hostile options takes no longer than one without', (t) => {
  const honest = () => {
    const market = new DrivenMarket();
    for (let i = 0; i < 40; i++) {
      market.ask({ ...OFFER, askId: `a${i}` });
      market.bid({ ...WANT, bidId: `b${i}` });
    }
    return market;
  };
  const timed = (work: () => unknown) => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  honest().close();
  const clean = honest();
  const cleanMs = timed(() => clean.solve(clean.close()));
  const attacked = honest();
  const options = new Array(1_000_000).fill(WANT.options[0]);
  const constraints = new Array(1_000_000).fill(['cores', '>', 1]);
  const post = (spoilt: object) => {
    const order = { ...WANT, ...spoilt };
    const event = {
      kind: 'PostBid',
      timeMs: 0,
      commandId: 'x',
      from: ALPHA,
      roundId: 0,
      bid: order,
    };
    return refusals(marketService.step(attacked.state, event as unknown as MarketEvent).effects);
  };
  const attackMs = timed(() => {
    for (let i = 0; i < 1_000; i++) {
      t.deepEqual(post({ bidId: `x${i}`, options }), ['MARKET_OPTIONS_TOO_MANY']);
      t.deepEqual(post({ bidId: `y${i}`, constraints }), ['MARKET_CONSTRAINTS_TOO_MANY']);
    }
  });
  const attackedMs = timed(() => attacked.solve(attacked.close()));
  t.true(attackMs < 500, `${attackMs} ms to turn down`);
  t.true(attackedMs < 5 * cleanMs + 100, `${attackedMs} ms after ${cleanMs} ms`);
});
