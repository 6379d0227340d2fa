import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { registerClear } from '../../cli/clear.ts';
import { NASTY, placesOf, withValue } from '../market/support/hostile.ts';
import { ask, bid, round } from '../market/support/orders.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

/** Runs `ocx clear` on a file that holds the document, or the text as it is. */
async function clear(t: ExecutionContext, document: unknown, ...options: string[]) {
  const workingDirectory = temporaryFolder(t);
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  writeFileSync(join(workingDirectory, 'case.json'), text);
  return runCli(['clear', 'case.json', ...options], {
    workingDirectory,
    registrations: [registerClear],
  });
}

const AUCTION = {
  mechanism: 'k-double-auction',
  input: { bids: { b1: 9, b2: 8 }, asks: { s1: 4, s2: 3 }, params: { k: 0.5 } },
};

const ROUND = {
  schema: 'ocx-round/1',
  round: round(
    [
      bid('b1', { nodes: 2, valueMillicredits: 51_000 }),
      bid('b2', { nodes: 2, valueMillicredits: 40_000 }),
    ],
    [ask('s1', { reserveMillicredits: 10_000 }), ask('s2', { reserveMillicredits: 5_000 })],
  ),
};

test('ocx clear answers a case with the keys of its expected result', async (t) => {
  const { exitCode, stdout, stderr } = await clear(t, AUCTION, '--json');
  t.is(exitCode, 0);
  t.is(stderr, '');
  t.like(JSON.parse(stdout), { trades: 2, price: 6, range: [4, 8], buyers: ['b1', 'b2'], GFT: 10 });
});

test('ocx clear takes a whole case, and another mechanism from the command line', async (t) => {
  const whole = { id: 'x', ...AUCTION, expected: { trades: 99 } };
  const { stdout } = await clear(t, whole, '--json', '--mechanism', 'mcafee');
  t.like(JSON.parse(stdout), { trades: 1, buyerPrice: 8, sellerPrice: 4, rule: 'reduce' });
});

test('ocx clear prints a case for people', async (t) => {
  const { exitCode, stdout } = await clear(t, AUCTION);
  t.is(exitCode, 0);
  t.regex(stdout, /price +6/);
});

test('ocx clear clears a round and says how far from the bound it is', async (t) => {
  const { exitCode, stdout } = await clear(t, ROUND, '--json');
  t.is(exitCode, 0);
  const cleared = JSON.parse(stdout);
  t.like(cleared, {
    mechanism: 'exchange-threshold',
    welfareMillicredits: 36_000,
    surplusMillicredits: 0,
    rejected: [],
  });
  t.is(cleared.fills[0].paymentMillicredits, 51_000);
  t.true(cleared.bound.upperBoundMillicredits >= 36_000);
  t.is(cleared.bound.refusal, null);
  t.true(cleared.bound.gap >= 0 && cleared.bound.gap < 0.5);
});

test('ocx clear prints a round for people, with what was left out', async (t) => {
  const bids = [...ROUND.round.bids, { ...bid('odd'), options: [] }];
  const { stdout } = await clear(t, { ...ROUND, round: { ...ROUND.round, bids } });
  t.regex(stdout, /welfare +36\.000/);
  t.regex(stdout, /b1 +0 +2 +51\.000 +1 × s2, 1 × s1/);
  t.regex(stdout, /odd +MARKET_OPTIONS_NONE/);
});

test('ocx clear clears a round by any mechanism, with parameters and state', async (t) => {
  const document = { ...ROUND, parameters: { eta: 0.5 }, state: { 'price A': 20_000 } };
  const { stdout } = await clear(t, document, '--json', '--mechanism', 'posted-price');
  const cleared = JSON.parse(stdout);
  t.deepEqual(cleared.state, { 'price A': 30_000 });
  t.is(cleared.fills[0].paymentMillicredits, 40_000);
});

test('ocx clear tells bad input in one line', async (t) => {
  const round = ROUND.round;
  const bad: [unknown, string][] = [
    ['', 'INPUT_NOT_JSON'],
    ['{"mechanism": ', 'INPUT_NOT_JSON'],
    ['7', 'INPUT_CASE_INVALID'],
    ['[]', 'INPUT_CASE_INVALID'],
    ['['.repeat(200_000), 'INPUT_NOT_JSON'],
    ['{"__proto__": {"mechanism": "mcafee", "input": {}}}', 'INPUT_CASE_INVALID'],
    [{ input: {} }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, mechanism: 'mcaffee' }, 'INPUT_MECHANISM_UNKNOWN'],
    [{ ...AUCTION, mechanism: '__proto__' }, 'INPUT_MECHANISM_UNKNOWN'],
    [{ ...AUCTION, input: null }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, input: { bids: { b: -1 }, asks: {} } }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, input: { bids: { b: '1' }, asks: {} } }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, input: { bids: { b: 1e300 }, asks: {} } }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, input: { bids: {}, asks: [] } }, 'INPUT_CASE_INVALID'],
    [{ ...AUCTION, input: { bids: {}, asks: {}, params: { k: 2 } } }, 'INPUT_CASE_INVALID'],
    [{ ...ROUND, schema: 'ocx-round/2' }, 'INPUT_ROUND_INVALID'],
    [{ ...ROUND, round: 5 }, 'INPUT_ROUND_INVALID'],
    [{ ...ROUND, round: { ...round, bids: {} } }, 'INPUT_ROUND_INVALID'],
    [{ ...ROUND, round: { ...round, horizonSlots: 1e9 } }, 'INPUT_ROUND_INVALID'],
    [{ ...ROUND, parameters: { k: 'x' } }, 'INPUT_ROUND_INVALID'],
    [{ ...ROUND, mechanism: 'static ' }, 'INPUT_MECHANISM_UNKNOWN'],
  ];
  for (const [document, code] of bad) {
    const result = await clear(t, document, '--json');
    t.is(result.exitCode, 2, JSON.stringify(document).slice(0, 80));
    assertOneLine(t, result, `${code}: `);
  }
  const missing = await runCli(['clear', 'nowhere.json'], { registrations: [registerClear] });
  t.is(missing.exitCode, 2);
});

test('--exact gives a round to an integer solver, and is refused where it does nothing', async (t) => {
  const plain = JSON.parse((await clear(t, ROUND, '--json')).stdout);
  const exact = await clear(t, ROUND, '--json', '--exact');
  t.is(exact.exitCode, 0);
  const { welfareMillicredits, bound } = JSON.parse(exact.stdout);
  t.true(welfareMillicredits >= plain.welfareMillicredits);
  t.true(bound.slotPrices.length > 0);
  const refused = await clear(t, { ...ROUND, mechanism: 'leasing' }, '--exact');
  t.is(refused.exitCode, 2);
  assertOneLine(t, refused, 'INPUT_USAGE: ');
});

test('an auction without one side, or without anybody, is a case like any other', async (t) => {
  for (const mechanism of ['k-double-auction', 'mcafee', 'sbba', 'vcg-double-auction']) {
    for (const input of [
      { bids: {}, asks: {} },
      { bids: { b: 5 }, asks: {} },
      { bids: {}, asks: { s: 5 } },
      { bids: { b: 1 }, asks: { s: 5 } },
    ]) {
      const { exitCode, stdout } = await clear(t, { mechanism, input }, '--json');
      t.is(exitCode, 0);
      t.like(JSON.parse(stdout), { trades: 0, buyers: [], optimalGFT: 0 });
    }
  }
});

/** What can stand in a file. */
const IN_JSON = [...NASTY].filter(([name]) => !/NaN|Infinity|undefined/.test(name));

test('a round whose orders hold anything is cleared, and says what was left out', async (t) => {
  const [first, second] = ROUND.round.bids;
  const offers = ROUND.round.asks;
  for (const [name, value] of IN_JSON) {
    // A deep value cannot even be written by the means at hand.
    if (name === 'deep' || name === 'a million') continue;
    const spoil = (order: object, key: string) =>
      placesOf(order).map((place, i) => withValue({ ...order, [key]: `x${i}` }, place, value));
    const bids = [...spoil(first!, 'bidId'), second];
    const document = { ...ROUND, round: { ...ROUND.round, bids, asks: offers } };
    const { exitCode, stdout } = await clear(t, document, '--json');
    t.is(exitCode, 0, name);
    const { rejected } = JSON.parse(stdout);
    for (const { code } of rejected) t.regex(code, /^MARKET_[A-Z_]+$/);
    t.true(rejected.length >= 4, `${name}: ${rejected.length}`);
  }
});

test('a million options, deep nesting and a reused id are left out, the rest is cleared', async (t) => {
  const text = JSON.stringify({
    ...ROUND,
    round: { ...ROUND.round, bids: ['HOSTILE', ...ROUND.round.bids] },
  });
  const million = `{"bidId": "m", "organisation": "m", "securityLevel": "none", "acceptsRecall": true,
    "options": [${'0,'.repeat(999_999)}0]}`;
  const again = JSON.stringify({ ...ROUND.round.bids[0], organisation: 'thief' });
  const deep = '['.repeat(5_000) + ']'.repeat(5_000);
  const hostile = [million, deep, `{"__proto__": {"bidId": "p"}}`, '1e999', again].join(',');
  // The one under the reused id comes last: what stands under an id stays.
  const document = text.replace('"HOSTILE",', '').replace(/\],"asks"/, () => `,${hostile}],"asks"`);
  const { exitCode, stdout } = await clear(t, document, '--json');
  t.is(exitCode, 0);
  const cleared = JSON.parse(stdout);
  t.is(cleared.welfareMillicredits, 36_000);
  t.deepEqual(cleared.rejected.map(({ code }: { code: string }) => code).sort(), [
    'MARKET_OPTIONS_TOO_MANY',
    'MARKET_ORDER_ID_REUSED',
    'MARKET_ORDER_MALFORMED',
    'MARKET_ORDER_MALFORMED',
    'MARKET_ORDER_MALFORMED',
  ]);
});

test('the frame of a round may hold anything: bad input is told in one line', async (t) => {
  const small = { ...ROUND, mechanism: 'leasing', parameters: { k: 1 }, state: { x: 1 } };
  const names = ['null', 'a half', 'no primitive'];
  for (const place of placesOf(small).filter(({ length }) => length <= 2)) {
    for (const name of names) {
      const value = NASTY.get(name);
      const result = await clear(t, withValue(small, place, value), '--json');
      const what = `${place.join('.')} is ${name}: ${result.stderr.slice(0, 300)}`;
      t.true(result.exitCode === 0 || result.exitCode === 2, what);
      if (result.exitCode === 2) assertOneLine(t, result, 'INPUT_');
    }
  }
  const deep = `{"schema": "ocx-round/1", "mechanism": ${'['.repeat(5_000)}${']'.repeat(5_000)},
    "round": ${JSON.stringify(ROUND.round)}}`;
  assertOneLine(t, await clear(t, deep, '--json'), 'INPUT_MECHANISM_UNKNOWN');
});
