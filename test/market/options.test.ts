import test from 'ava';
import fc from 'fast-check';
import type { OptionContract } from '../../core/market/options/option.ts';
import { ask, bid } from './support/orders.ts';
import { ADMIN, DrivenMarket } from './support/market.ts';

const HOUR = 3_600_000;

/** Round 2n + 1 trades options. */
const OPTIONS = {
  name: 'options',
  mechanism: 'k-double-auction',
  parameters: {},
  slotMs: HOUR,
  horizonSlots: 24,
  option: {
    strikeMillicreditsPerNodeHour: 1_000,
    noticeMs: 300_000,
    longestLeaseMs: 24 * HOUR,
    writerDepositPartsPerMillion: 100_000,
  },
};

/** Alpha holds an option on three of beta's nodes, callable in hours 2–6, for a premium of 240. */
function written(balances = 1_000_000) {
  const organisations = ['alpha', 'beta', 'gamma'].map((name) => ({
    name,
    openingBalanceMillicredits: balances,
  }));
  const market = new DrivenMarket({ horizons: [OPTIONS], organisations });
  const window = { startSlot: 2, endSlot: 6 };
  market.ask(
    ask('stand-by', { organisation: 'beta', nodes: 5, reserveMillicredits: 20, ...window }),
    1,
  );
  const want = { nodes: 3, minimumNodes: 3, valueMillicredits: 240, ...window };
  market.bid(bid('reserve', want, { organisation: 'alpha' }), 1);
  const effects = market.solve(market.close(1));
  const formed = effects.find(({ kind }) => kind === 'OptionFormed');
  return { market, effects, option: (formed as { option?: OptionContract } | undefined)?.option };
}

const ALPHA = { role: 'organisation', name: 'alpha' };

function call(market: DrivenMarket, timeMs: number, change = {}, from = ALPHA) {
  const command = { kind: 'ExerciseOption', optionId: 'o1', nodes: 3, durationMs: 10 * HOUR };
  return market.command({ ...command, ...change } as { kind: 'ExerciseOption' }, from, timeMs);
}

test('the premium is paid when the option is formed, and the writer deposits', (t) => {
  const { market, option } = written();
  t.is(option!.startMs, 2 * HOUR);
  t.is(option!.endMs, 6 * HOUR);
  t.is(market.balance('alpha'), 1_000_000 - 240);
  // A tenth of 3 nodes × 24 h × 1,000.
  t.is(market.balance('beta'), 1_000_000 + 240 - 7_200);
  t.is(market.balance('/escrow'), 7_200);
  t.is(market.state.contracts.size, 0);
});

test('a call makes a firm lease at the strike, which settles as any other', (t) => {
  const { market } = written();
  t.is(call(market, 3 * HOUR, { nodes: 2 }), null);
  const { contract, sellerDepositMillicredits } = market.state.contracts.get('c2')!;
  t.like(contract, { buyer: 'alpha', seller: 'beta', nodes: 2, recall: null, optionId: 'o1' });
  t.is(contract.startMs, 3 * HOUR + 300_000);
  t.is(contract.endMs - contract.startMs, 10 * HOUR);
  t.is(contract.priceMillicredits, 20_000);
  t.is(sellerDepositMillicredits, 7_200);
  market.report('c2', 'started');
  market.report('c2', 'ended', 20 * HOUR, 14 * HOUR);
  t.is(market.balance('alpha'), 1_000_000 - 240 - 20_000);
  t.is(market.balance('beta'), 1_000_000 + 240 + 20_000);
  t.is(market.balance('/escrow'), 0);
});

test('a writer that does not deliver loses its deposit to the holder', (t) => {
  const { market } = written();
  call(market, 3 * HOUR);
  market.report('c2', 'not-delivered', 0, 4 * HOUR);
  t.is(market.balance('alpha'), 1_000_000 - 240 + 7_200);
  t.is(market.balance('beta'), 1_000_000 + 240 - 7_200);
});

test('an option is called by its holder, once, within its window and its size', (t) => {
  const { market } = written();
  t.is(call(market, 2 * HOUR - 1), 'MARKET_OPTION_NOT_IN_WINDOW');
  t.is(call(market, 6 * HOUR), 'MARKET_OPTION_NOT_IN_WINDOW');
  const other = { role: 'organisation', name: 'gamma' };
  t.is(call(market, 3 * HOUR, {}, other), 'DENIED_NOT_OWN_OPTION');
  t.is(call(market, 3 * HOUR, {}, { role: 'admin', name: 'alpha' }), 'DENIED_NOT_OWN_OPTION');
  for (const nodes of [0, -1, 4, 1.5, NaN, '2', null]) {
    t.is(call(market, 3 * HOUR, { nodes }), 'MARKET_QUANTITY_INVALID');
  }
  for (const durationMs of [0, -1, 0.5, 24 * HOUR + 1, Infinity, '5']) {
    t.is(call(market, 3 * HOUR, { durationMs }), 'MARKET_WINDOW_INVALID');
  }
  t.is(call(market, 3 * HOUR, { optionId: '__proto__' }), 'NOT_FOUND_OPTION');
  t.is(call(market, 3 * HOUR), null);
  t.is(call(market, 3 * HOUR), 'NOT_FOUND_OPTION');
});

test('an option that was not called ends, and its deposit is the writer’s again', (t) => {
  const { market } = written();
  market.command({ kind: 'ExpireOptions' }, ADMIN, 6 * HOUR - 1);
  t.is(market.state.options.live.size, 1);
  t.is(market.command({ kind: 'ExpireOptions' }, ALPHA, 6 * HOUR), 'DENIED_NOT_ADMINISTRATOR');
  market.command({ kind: 'ExpireOptions' }, ADMIN, 6 * HOUR);
  t.is(market.state.options.live.size, 0);
  t.is(market.balance('beta'), 1_000_000 + 240);
  t.is(market.balance('/escrow'), 0);
});

test('an option whose writer cannot deposit is void and moves no money', (t) => {
  const { market, effects, option } = written(5_000);
  t.is(option, undefined);
  t.true(effects.some(({ kind }) => kind === 'OptionVoided'));
  t.is(market.balance('alpha'), 5_000);
  t.is(market.balance('beta'), 5_000);
});

test('a holder that cannot back its call keeps the option', (t) => {
  const { market } = written(8_000);
  // A tenth of 3 × 24 × 1,000 is to be locked of what is left: 7,760.
  t.is(call(market, 3 * HOUR, { durationMs: 24 * HOUR }), null);
  const poor = written(8_000).market;
  poor.command(
    { kind: 'Endow', transferId: 'gone', organisation: 'alpha', amountMillicredits: -7_000 },
    ADMIN,
  );
  t.is(call(poor, 3 * HOUR, { durationMs: 24 * HOUR }), 'MARKET_BALANCE_INSUFFICIENT');
  t.is(poor.state.options.live.size, 1);
});

// The driver holds the invariants after every event: escrow, ledger, numbers, counts.
test('no order of calls and expiries loses or makes money', (t) => {
  const event = fc.record({
    hours: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom('call', 'expire', 'end', 'fail'),
    nodes: fc.integer({ min: 0, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const { market } = written();
      let timeMs = 0;
      for (const { hours, what, nodes } of events) {
        timeMs += hours * HOUR;
        if (what === 'call') call(market, timeMs, { nodes, durationMs: HOUR });
        else if (what === 'expire') market.command({ kind: 'ExpireOptions' }, ADMIN, timeMs);
        else market.report('c2', what === 'end' ? 'ended' : 'not-delivered', 0, timeMs);
      }
      let sum = 0;
      for (const account of ['alpha', 'beta', 'gamma', '/escrow', '/exchange']) {
        sum += market.balance(account);
      }
      return sum === 3_000_000;
    }),
    { numRuns: 100 },
  );
  t.pass();
});
