import test from 'ava';
import fc from 'fast-check';
import {
  applyEntry,
  balanceOf,
  closeGroup,
  emptyLedger,
  isClosed,
  ledgerImbalance,
  openAccount,
  TREASURY_ACCOUNT,
} from '../../core/market/ledger.ts';
import type { LedgerEntry, LedgerResult } from '../../core/market/ledger.ts';

function entry(entryId: string, amounts: Record<string, number>, group = 0): LedgerEntry {
  const postings = Object.entries(amounts).map(([account, amountMillicredits]) => ({
    account,
    amountMillicredits,
  }));
  return { entryId, group, timeMs: 0, postings };
}

function funded() {
  const ledger = emptyLedger();
  openAccount(ledger, 'a');
  openAccount(ledger, 'b');
  applyEntry(ledger, entry('start', { [TREASURY_ACCOUNT]: -300, a: 100, b: 200 }));
  return ledger;
}

function code(result: LedgerResult): string {
  return result.status === 'refused' ? result.refusal.code : result.status;
}

test('an entry moves money and the balances still add up to 0', (t) => {
  const ledger = funded();
  t.is(code(applyEntry(ledger, entry('1', { a: -40, b: 40 }))), 'applied');
  t.deepEqual([balanceOf(ledger, 'a'), balanceOf(ledger, 'b')], [60, 240]);
  t.is(ledgerImbalance(ledger), 0);
  t.is(ledger.entries, 2);
});

test('an entry is applied once; the same id with another body is refused', (t) => {
  const ledger = funded();
  const first = entry('1', { a: -40, b: 40 });
  t.is(code(applyEntry(ledger, first)), 'applied');
  const digest = ledger.digest;
  t.is(code(applyEntry(ledger, first)), 'repeated');
  t.is(code(applyEntry(ledger, entry('1', { a: -41, b: 41 }))), 'LEDGER_ENTRY_CONFLICT');
  t.is(balanceOf(ledger, 'a'), 60);
  t.is(ledger.digest, digest);
  t.is(code(applyEntry(ledger, entry('1', { a: -40, b: 40 }, 7))), 'applied');
});

test('what cannot be is refused and changes nothing', (t) => {
  const ledger = funded();
  const before = JSON.stringify([[...ledger.balances], ledger.digest]);
  const refuse = (amounts: Record<string, number>) => code(applyEntry(ledger, entry('x', amounts)));
  t.is(refuse({ a: -40, b: 39 }), 'LEDGER_UNBALANCED');
  t.is(refuse({ a: -101, b: 101 }), 'MARKET_BALANCE_INSUFFICIENT');
  t.is(refuse({ a: -1, nobody: 1 }), 'LEDGER_ACCOUNT_UNKNOWN');
  t.is(refuse({ a: -0.5, b: 0.5 }), 'LEDGER_AMOUNT_INVALID');
  t.is(refuse({ a: NaN, b: NaN }), 'LEDGER_AMOUNT_INVALID');
  t.is(refuse({ a: 2 ** 53, b: -(2 ** 53) }), 'LEDGER_AMOUNT_INVALID');
  const huge = Number.MAX_SAFE_INTEGER;
  t.is(refuse({ a: huge, [TREASURY_ACCOUNT]: -huge }), 'LEDGER_OVERFLOW');
  t.is(JSON.stringify([[...ledger.balances], ledger.digest]), before);
});

test('several postings on one account count together', (t) => {
  const ledger = funded();
  const postings = [
    { account: 'a', amountMillicredits: -150 },
    { account: 'b', amountMillicredits: 70 },
    { account: 'a', amountMillicredits: 80 },
  ];
  t.is(code(applyEntry(ledger, { ...entry('1', {}), postings })), 'applied');
  t.is(balanceOf(ledger, 'a'), 30);
});

test('nothing can be applied in a closed group, and closed groups take no room', (t) => {
  const ledger = funded();
  // Closed from the last to the first, so that nothing can be forgotten until the end.
  for (let group = 1_000; group >= 1; group--) {
    const back = group % 2 === 0 ? 1 : -1;
    t.is(code(applyEntry(ledger, entry('deposit', { a: -back, b: back }, group))), 'applied');
    closeGroup(ledger, group);
  }
  t.is(ledger.closedUpTo, 1_000);
  t.is(ledger.closedAbove.size, 0);
  t.deepEqual([...ledger.applied.keys()], [0]);
  t.true(isClosed(ledger, 500));
  t.is(code(applyEntry(ledger, entry('deposit', { a: 1, b: -1 }, 500))), 'LEDGER_GROUP_CLOSED');
});

test('whatever is applied, the sum is 0, no account is overdrawn, and the digest tells runs apart', (t) => {
  const transfer = fc.tuple(
    fc.nat(9),
    fc.constantFrom('a', 'b', TREASURY_ACCOUNT),
    fc.constantFrom('a', 'b', TREASURY_ACCOUNT),
    fc.integer({ min: -300, max: 300 }),
  );
  fc.assert(
    fc.property(fc.array(transfer, { maxLength: 30 }), (transfers) => {
      const run = () => {
        const ledger = funded();
        for (const [id, from, to, amount] of transfers) {
          const postings = [
            { account: from, amountMillicredits: -amount },
            { account: to, amountMillicredits: amount },
          ];
          applyEntry(ledger, { ...entry(`t${id}`, {}), postings });
          if (ledgerImbalance(ledger) !== 0) return null;
          if (balanceOf(ledger, 'a') < 0 || balanceOf(ledger, 'b') < 0) return null;
        }
        return ledger.digest;
      };
      const digest = run();
      return digest !== null && digest === run();
    }),
  );
  t.pass();
});

test('an account may be called anything', (t) => {
  const ledger = emptyLedger();
  openAccount(ledger, '__proto__');
  applyEntry(ledger, {
    ...entry('1', {}),
    postings: [
      { account: TREASURY_ACCOUNT, amountMillicredits: -5 },
      { account: '__proto__', amountMillicredits: 5 },
    ],
  });
  t.is(balanceOf(ledger, '__proto__'), 5);
  t.is(balanceOf(ledger, 'constructor'), 0);
});
