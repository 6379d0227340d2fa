import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { journalWriter, replayJournal } from '../../core/kernel/journal.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { Ask, Bid } from '../../core/market/orders.ts';
import type { MarketEffect, MarketEvent, RecordedClearing } from '../../core/market/protocol.ts';
import { marketService } from '../../core/market/service.ts';
import type { MarketState } from '../../core/market/service.ts';
import { ask, bid } from './support/orders.ts';
import { ADMIN, CONFIGURATION, DrivenMarket, ISOLATION, kinds } from './support/market.ts';

/** Beta has four nodes for two slots, alpha wants two of them for one. */
const OFFER: Ask = ask('nodes', {
  organisation: 'beta',
  nodes: 4,
  endSlot: 2,
  reserveMillicredits: 1_000,
});
const WANT: Bid = bid('job', { nodes: 2, valueMillicredits: 6_000 }, { organisation: 'alpha' });

/** A market with one contract: alpha pays beta 4,000 for two nodes over one slot. */
function traded(configuration = {}) {
  const market = new DrivenMarket(configuration);
  market.ask(OFFER);
  market.bid(WANT);
  const effects = market.solve(market.close());
  const formed = effects.find(({ kind }) => kind === 'ContractFormed');
  return { market, effects, contract: (formed as { contract: Contract }).contract };
}

test('orders become a round, the round contracts, the contracts money', (t) => {
  const { market, effects, contract } = traded();
  t.deepEqual(kinds(effects), ['LedgerEntry', 'ContractFormed', 'PricesPublished']);
  t.deepEqual(contract, {
    contractId: 'c1',
    roundId: 0,
    buyer: 'alpha',
    seller: 'beta',
    nodeClass: 'A',
    nodes: 2,
    startMs: 0,
    endMs: 900_000,
    priceMillicredits: 4_000,
    receiptMillicredits: 4_000,
    recall: null,
    securityLevel: 'none',
    wantRef: 'job',
    optionIndex: 0,
    askId: 'nodes',
  });
  t.is(market.balance('alpha'), 1_000_000 - 400);
  t.is(market.balance('/escrow'), 800);
  market.report('c1', 'handover');
  market.report('c1', 'started');
  const settled = market.report('c1', 'ended', 1_800_000, 900_000);
  t.deepEqual(kinds(settled), ['LedgerEntry', 'ContractSettled']);
  t.is(market.balance('alpha'), 1_000_000 - 4_000);
  t.is(market.balance('beta'), 1_000_000 + 4_000);
  t.is(market.balance('/escrow'), 0);
  t.is(market.state.contracts.size, 0);
});

test('a contract starts where its round starts; one that starts later is scheduled', (t) => {
  const market = new DrivenMarket();
  market.ask({ ...OFFER, endSlot: 8 });
  market.bid({ ...WANT, options: [{ ...WANT.options[0]!, startSlot: 2, endSlot: 4 }] });
  const refused = market.command({ kind: 'CloseRound', roundId: 0, startMs: 5_000 }, ADMIN, 4_000);
  t.is(refused, null);
  market.solve(
    market.effects.find((effect) => effect.kind === 'SolveRound')!,
    4_000,
  );
  const { contract, state } = market.state.contracts.get('c1')!;
  t.is(contract.startMs, 5_000 + 2 * 900_000);
  t.is(contract.endMs, 5_000 + 4 * 900_000);
  t.is(state, 'scheduled');
});

test('a report that comes again, or too late, changes nothing', (t) => {
  const { market } = traded();
  market.report('c1', 'started');
  t.deepEqual(market.report('c1', 'started'), []);
  market.report('c1', 'ended', 1_800_000);
  const before = canonicalJson(market.state);
  t.deepEqual(market.report('c1', 'ended', 1_800_000), []);
  t.deepEqual(market.report('c1', 'not-delivered', 0), []);
  t.is(canonicalJson(market.state), before);
});

test('a report that cannot be is refused', (t) => {
  const { market } = traded();
  const code = (effects: readonly MarketEffect[]) =>
    effects[0]?.kind === 'ReportRefused' ? effects[0].refusal.code : null;
  const before = canonicalJson(market.state);
  const stranger = { role: 'service', name: 'market' } as unknown as typeof ISOLATION;
  t.is(code(market.report('c1', 'ended', 0, 0, stranger)), 'DENIED_NOT_ISOLATION');
  t.is(code(market.report('c9', 'ended')), 'NOT_FOUND_CONTRACT');
  t.is(code(market.report('c01', 'ended')), 'NOT_FOUND_CONTRACT');
  t.is(code(market.report('__proto__', 'ended')), 'NOT_FOUND_CONTRACT');
  t.is(code(market.report('c1', 'constructor')), 'CONFLICT_CONTRACT_STATE');
  t.is(code(market.report('c1', 'ended', 1_800_001)), 'INPUT_QUANTITY_INVALID');
  t.is(code(market.report('c1', 'ended', -1)), 'INPUT_QUANTITY_INVALID');
  t.is(code(market.report('c1', 'ended', NaN)), 'INPUT_QUANTITY_INVALID');
  t.is(canonicalJson(market.state), before);
  market.report('c1', 'started');
  t.is(code(market.report('c1', 'handover')), 'CONFLICT_CONTRACT_STATE');
});

test('a wrong solution is refused, the round waits for a right one', (t) => {
  const faults: Record<string, (clearing: RecordedClearing) => unknown> = {
    'twice the nodes': (c) => ({
      ...c,
      fills: c.fills.map((fill) => ({ ...fill, parts: [{ askId: 'beta/nodes', nodes: 4 }] })),
    }),
    'money from nowhere': (c) => ({
      ...c,
      receipts: c.receipts.map((r) => ({ ...r, receiptMillicredits: 9_000 })),
    }),
    'a fill left out of the welfare': (c) => ({ ...c, fills: [] }),
    'a better price': (c) => ({
      ...c,
      fills: c.fills.map((fill) => ({ ...fill, paymentMillicredits: 6_001 })),
      surplusMillicredits: 2_001,
    }),
    'an own order': (c) => ({
      ...c,
      fills: c.fills.map((fill) => ({ ...fill, bidId: 'beta/nodes' })),
    }),
    'no clearing': () => null,
    'no parts': (c) => ({ ...c, fills: c.fills.map((fill) => ({ ...fill, parts: null })) }),
    'one receipt twice': (c) => ({ ...c, receipts: [...c.receipts, ...c.receipts] }),
    'prices of another day': (c) => ({ ...c, prices: [] }),
  };
  const market = new DrivenMarket();
  market.ask(OFFER);
  market.bid(WANT);
  const solve = market.close();
  const before = canonicalJson(market.state);
  for (const [fault, spoil] of Object.entries(faults)) {
    const effects = market.solve(solve, 0, spoil);
    t.deepEqual(kinds(effects), ['SolutionRefused'], fault);
    t.is(canonicalJson(market.state), before, fault);
  }
  t.true(kinds(market.solve(solve)).includes('ContractFormed'));
  t.deepEqual(kinds(market.solve(solve)), ['SolutionRefused'], 'the first answer stands');
});

test('a contract whose deposit cannot be paid is void, the others of the round stand', (t) => {
  const market = new DrivenMarket({
    organisations: [
      { name: 'alpha', openingBalanceMillicredits: 100 },
      { name: 'beta', openingBalanceMillicredits: 100_000 },
      { name: 'gamma', openingBalanceMillicredits: 100_000 },
    ],
  });
  market.ask(OFFER);
  market.bid(WANT);
  market.bid({ ...WANT, organisation: 'gamma' });
  const effects = market.solve(market.close());
  const voided = effects.find((effect) => effect.kind === 'ContractVoided');
  t.is(voided?.refusal.code, 'MARKET_BALANCE_INSUFFICIENT');
  t.is(voided?.contract.buyer, 'alpha');
  t.deepEqual(
    [...market.state.contracts.values()].map(({ contract }) => contract.buyer),
    ['gamma'],
  );
  t.is(market.balance('alpha'), 100);
});

test('orders of others, of closed rounds and of no member are refused', (t) => {
  const market = new DrivenMarket();
  t.is(
    market.command(
      { kind: 'PostBid', roundId: 0, bid: WANT },
      { role: 'organisation', name: 'beta' },
    ),
    'DENIED_NOT_OWN_ORDER',
  );
  t.is(market.bid({ ...WANT, organisation: 'stranger' }), 'DENIED_NOT_MEMBER');
  t.is(market.command({ kind: 'PostBid', roundId: 0, bid: WANT }, ADMIN), 'DENIED_NOT_MEMBER');
  for (const roundId of [-1, 0.5, NaN, 2 ** 53]) {
    t.is(market.bid(WANT, roundId), 'MARKET_ROUND_CLOSED');
  }
  market.solve(market.close(3));
  t.is(market.bid(WANT, 3), 'MARKET_ROUND_CLOSED');
  t.is(market.bid(WANT, 4), null);
  t.is(
    market.command({ kind: 'CloseRound', roundId: 4 }, { role: 'organisation', name: 'alpha' }),
    'DENIED_NOT_ADMINISTRATOR',
  );
  t.is(market.command({ kind: 'CloseRound', roundId: 3 }, ADMIN), 'MARKET_ROUND_CLOSED');
});

test('the same order again changes nothing, another under its id is refused', (t) => {
  const market = new DrivenMarket();
  t.is(market.bid(WANT), null);
  const before = canonicalJson(market.state);
  t.is(market.bid(structuredClone(WANT)), null);
  t.is(market.bid({ ...WANT, acceptsRecall: false }), 'CONFLICT_ORDER_ID');
  t.is(market.ask(OFFER), null);
  t.is(market.ask({ ...OFFER, nodes: 5 }), 'CONFLICT_ORDER_ID');
  t.is(market.bid({ ...WANT, organisation: 'gamma' }), null);
  market.command(
    { kind: 'WithdrawOrder', roundId: 0, side: 'ask', orderId: 'nodes' },
    { role: 'organisation', name: 'beta' },
  );
  market.command(
    { kind: 'WithdrawOrder', roundId: 0, side: 'bid', orderId: 'job' },
    { role: 'organisation', name: 'gamma' },
  );
  t.is(canonicalJson(market.state), before);
});

test('an order can be withdrawn by its owner only', (t) => {
  const market = new DrivenMarket();
  market.bid(WANT);
  const withdraw = (name: string, orderId = 'job', side = 'bid') =>
    market.command(
      { kind: 'WithdrawOrder', roundId: 0, side, orderId },
      { role: 'organisation', name },
    );
  t.is(withdraw('beta'), 'NOT_FOUND_ORDER');
  t.is(withdraw('alpha', 'job', 'ask'), 'NOT_FOUND_ORDER');
  t.is(withdraw('alpha', 'job', '__proto__'), 'NOT_FOUND_ORDER');
  t.is(withdraw('alpha'), null);
  t.is(withdraw('alpha'), 'NOT_FOUND_ORDER');
});

test('hostile orders are refused one by one and the round goes on', (t) => {
  const market = new DrivenMarket();
  market.ask(OFFER);
  const option = WANT.options[0]!;
  const hostile: [unknown, string][] = [
    [null, 'MARKET_ORDER_MALFORMED'],
    [7, 'MARKET_ORDER_MALFORMED'],
    [JSON.parse('{"__proto__": {"bidId": "x"}}'), 'MARKET_ORDER_MALFORMED'],
    [{ ...WANT, bidId: '' }, 'MARKET_ORDER_MALFORMED'],
    [{ ...WANT, bidId: 'x'.repeat(201) }, 'MARKET_ORDER_MALFORMED'],
    [{ ...WANT, securityLevel: 'constructor' }, 'MARKET_SECURITY_LEVEL_UNKNOWN'],
    [{ ...WANT, options: [] }, 'MARKET_OPTIONS_NONE'],
    [{ ...WANT, options: new Array(1_000_000).fill(option) }, 'MARKET_OPTIONS_TOO_MANY'],
    [{ ...WANT, options: [{ ...option, valueMillicredits: -1 }] }, 'MARKET_MONEY_NEGATIVE'],
    [{ ...WANT, options: [{ ...option, valueMillicredits: 0.5 }] }, 'MARKET_MONEY_NOT_INTEGER'],
    [{ ...WANT, options: [{ ...option, valueMillicredits: NaN }] }, 'MARKET_MONEY_NOT_INTEGER'],
    [{ ...WANT, options: [{ ...option, valueMillicredits: 2 ** 53 }] }, 'MARKET_AMOUNT_OVERFLOW'],
    [{ ...WANT, options: [{ ...option, nodes: 2 ** 53 }] }, 'MARKET_QUANTITY_INVALID'],
    [{ ...WANT, options: [{ ...option, nodes: 0 }] }, 'MARKET_QUANTITY_INVALID'],
    [{ ...WANT, options: [{ ...option, minimumNodes: 3 }] }, 'MARKET_QUANTITY_INVALID'],
    [{ ...WANT, options: [{ ...option, startSlot: 1 }] }, 'MARKET_WINDOW_INVALID'],
    [{ ...WANT, options: [{ ...option, endSlot: 9 }] }, 'MARKET_WINDOW_INVALID'],
    [{ ...WANT, options: [{ ...option, startSlot: -1 }] }, 'MARKET_WINDOW_INVALID'],
  ];
  const from = { role: 'organisation', name: 'alpha' };
  const before = canonicalJson(market.state);
  for (const [order, code] of hostile) {
    t.is(market.command({ kind: 'PostBid', roundId: 0, bid: order }, from), code);
  }
  const asks: [unknown, string][] = [
    [{ ...OFFER, nodes: 1.5 }, 'MARKET_QUANTITY_INVALID'],
    [{ ...OFFER, nodes: 999, reserveMillicredits: 2 ** 43 }, 'MARKET_AMOUNT_OVERFLOW'],
    [{ ...OFFER, recall: {} }, 'MARKET_RECALL_TERMS_INVALID'],
    [{ ...OFFER, recall: undefined }, 'MARKET_RECALL_TERMS_INVALID'],
    [{ ...OFFER, reserveMillicredits: '5' }, 'MARKET_MONEY_NOT_INTEGER'],
  ];
  for (const [order, code] of asks) {
    const owner = { role: 'organisation', name: 'beta' };
    t.is(market.command({ kind: 'PostAsk', roundId: 0, ask: order }, owner), code);
  }
  t.is(canonicalJson(market.state), before);
  const all = hostile.map(([order]) => order);
  t.is(
    market.command({ kind: 'PostOrders', roundId: 0, bids: [...all, WANT], asks: all }, from),
    null,
  );
  const posted = market.effects.at(-1) as Extract<MarketEffect, { kind: 'Reply' }>;
  t.like(posted.result as object, { accepted: 1 });
  t.is((posted.result as { refused: unknown[] }).refused.length, 2 * hostile.length);
  t.is(
    market.command({ kind: 'PostOrders', roundId: 0, bids: 'all', asks: [] }, from),
    'MARKET_ORDER_MALFORMED',
  );
  t.is(
    market.command({ kind: 'PostOrders', roundId: 0, bids: new Array(20_000), asks: [] }, from),
    'MARKET_ORDERS_TOO_MANY',
  );
  t.true(kinds(market.solve(market.close())).includes('ContractFormed'));
});

test('nobody can fill the book without end, and closing a round makes room again', (t) => {
  const market = new DrivenMarket();
  const from = { role: 'organisation', name: 'alpha' };
  const many = Array.from({ length: 10_000 }, (_, i) => ({ ...WANT, bidId: `b${i}` }));
  market.command({ kind: 'PostOrders', roundId: 5, bids: many, asks: [] }, from);
  t.is(market.bid({ ...WANT, bidId: 'one more' }, 9), 'MARKET_ORDERS_TOO_MANY');
  t.is(market.bid({ ...WANT, organisation: 'beta' }, 9), null);
  market.solve(market.close(6));
  t.is(market.bid({ ...WANT, bidId: 'one more' }, 9), null);
  t.deepEqual([...market.state.books.keys()], [9]);
});

test('a round that is not solved can be abandoned, and holds up only the next closing', (t) => {
  const market = new DrivenMarket();
  market.bid(WANT);
  const solve = market.close(0);
  t.is(market.bid(WANT, 1), null);
  t.is(market.command({ kind: 'CloseRound', roundId: 1 }, ADMIN), 'CONFLICT_ROUND_PENDING');
  t.is(market.command({ kind: 'AbandonRound', roundId: 1 }, ADMIN), 'NOT_FOUND_ROUND');
  t.is(market.command({ kind: 'AbandonRound', roundId: 0 }, ADMIN), null);
  t.deepEqual(kinds(market.solve(solve)), ['SolutionRefused']);
  t.truthy(market.close(1));
});

test('money is given once per transfer, and taken only where there is some', (t) => {
  const market = new DrivenMarket();
  const endow = (transferId: string, amountMillicredits: number, organisation = 'alpha') =>
    market.command({ kind: 'Endow', transferId, organisation, amountMillicredits }, ADMIN);
  t.is(endow('1', 500), null);
  t.is(endow('1', 500), null);
  t.is(endow('1', 501), 'LEDGER_ENTRY_CONFLICT');
  t.is(endow('2', -1_000_501), 'MARKET_BALANCE_INSUFFICIENT');
  t.is(endow('3', 2 ** 53), 'LEDGER_AMOUNT_INVALID');
  t.is(endow('4', 5, 'nobody'), 'NOT_FOUND_ORGANISATION');
  t.is(market.balance('alpha'), 1_000_500);
});

test('an administrator can end a contract without blame', (t) => {
  const { market } = traded();
  t.is(
    market.command(
      { kind: 'VoidContract', contractId: 'c1' },
      { role: 'organisation', name: 'alpha' },
    ),
    'DENIED_NOT_ADMINISTRATOR',
  );
  t.is(market.command({ kind: 'VoidContract', contractId: 'c1' }, ADMIN), null);
  t.is(market.balance('alpha'), 1_000_000);
  t.is(market.command({ kind: 'VoidContract', contractId: 'c1' }, ADMIN), 'NOT_FOUND_CONTRACT');
});

test('a price that no money moves for is a contract like any other', (t) => {
  const { market, contract } = traded({ mechanism: 'leasing' });
  t.is(contract.priceMillicredits, 0);
  t.is(market.state.ledger.entries, 3);
  market.report('c1', 'ended', 1_800_000);
  t.is(market.state.contracts.size, 0);
});

const NAMES = ['alpha', 'beta', 'gamma'];

/** One random step of a market's life. */
type RandomStep =
  | {
      readonly do: 'bid' | 'ask';
      readonly who: number;
      readonly nodes: number;
      readonly money: number;
    }
  | { readonly do: 'round' }
  | {
      readonly do: 'report';
      readonly which: number;
      readonly what: string;
      readonly share: number;
    };

const randomStep: fc.Arbitrary<RandomStep> = fc.oneof(
  fc.record({
    do: fc.constantFrom('bid' as const, 'ask' as const),
    who: fc.nat(2),
    nodes: fc.integer({ min: 1, max: 4 }),
    money: fc.nat(60_000),
  }),
  fc.record({ do: fc.constant('round' as const) }),
  fc.record({
    do: fc.constant('report' as const),
    which: fc.nat(5),
    what: fc.constantFrom(
      'handover',
      'started',
      'ended',
      'recalled',
      'not-delivered',
      'not-taken',
      'failed',
    ),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

function live(steps: readonly RandomStep[], mechanism: string): DrivenMarket {
  const market = new DrivenMarket({
    mechanism,
    organisations: NAMES.map((name) => ({ name, openingBalanceMillicredits: 40_000 })),
  });
  let roundId = 0;
  steps.forEach((step, i) => {
    const timeMs = i * 1_000;
    if (step.do === 'round') {
      market.solve(market.close(roundId, timeMs), timeMs);
      roundId += 1;
    } else if (step.do === 'report') {
      const contracts = [...market.state.contracts.values()];
      const contract = contracts[step.which % Math.max(1, contracts.length)]?.contract;
      if (!contract) return;
      const whole = contract.nodes * (contract.endMs - contract.startMs);
      market.report(contract.contractId, step.what, Math.floor(step.share * whole), timeMs);
    } else {
      const organisation = NAMES[step.who]!;
      const { nodes, money } = step;
      const recall = money % 2 ? { noticeMs: 0, penaltyPartsPerMillion: 300_000 } : null;
      if (step.do === 'bid') {
        const of = { nodes, minimumNodes: 1, valueMillicredits: money };
        market.bid(bid(`b${i}`, of, { organisation }), roundId, timeMs);
      } else {
        const reserveMillicredits = Math.floor(money / 10);
        market.ask(
          ask(`a${i}`, { organisation, nodes, reserveMillicredits, recall }),
          roundId,
          timeMs,
        );
      }
    }
  });
  return market;
}

test('whatever happens, money adds up, escrow is what was deposited, and nobody is overdrawn', (t) => {
  let settled = 0;
  for (const mechanism of ['exchange-threshold', 'posted-price', 'k-double-auction']) {
    fc.assert(
      fc.property(fc.array(randomStep, { minLength: 20, maxLength: 90, size: 'max' }), (steps) => {
        // `post` throws where an invariant does not hold.
        settled += live(steps, mechanism).state.counts.contractsSettled;
      }),
      { numRuns: 100 },
    );
  }
  t.true(settled > 200, `only ${settled} contracts were settled`);
});

test('a journal of a market replays to the same effects and the same state', (t) => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const steps = fc.sample(fc.array(randomStep, { minLength: 150, maxLength: 200, size: 'max' }), {
    numRuns: 1,
    seed: 5,
  })[0]!;
  const { events, state } = live(steps, 'exchange-threshold');
  t.true(state.counts.contractsFormed > 5);
  const configuration = {
    ...CONFIGURATION,
    organisations: NAMES.map((name) => ({ name, openingBalanceMillicredits: 40_000 })),
  };
  const writer = journalWriter<MarketState, MarketEvent, MarketEffect>(sha256);
  let current = marketService.initial(configuration);
  const records = events.map((event, i) => {
    const step = marketService.step(current, event);
    current = step.state;
    // As it comes back from a file.
    const record = writer.append(event, step.effects, current, i === events.length - 1);
    return JSON.parse(JSON.stringify(record));
  });
  t.is(canonicalJson(current), canonicalJson(state));
  const replay = replayJournal(marketService, configuration, records, sha256);
  t.is(replay.difference, null);
  t.is(replay.events, events.length);
  const forged = records.map((record) => structuredClone(record));
  const post = forged.find(({ event }) => event.kind === 'PostBid')!;
  post.event.bid.options[0].valueMillicredits += 1;
  t.not(replayJournal(marketService, configuration, forged, sha256).difference, null);
});
