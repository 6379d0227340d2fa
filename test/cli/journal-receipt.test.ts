import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { signReceipt } from '../../backends/receipts/ed25519.ts';
import { sha256 } from '../../cli/journal-file.ts';
import { genesis } from '../../core/kernel/genesis.ts';
import type { Genesis } from '../../core/kernel/genesis.ts';
import { journalWriter } from '../../core/kernel/journal.ts';
import { sha256Hex } from '../../core/kernel/sha256.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { MarketEffect, MarketEvent, SolveRound } from '../../core/market/protocol.ts';
import { commitmentOf } from '../../core/market/sealing/commitment.ts';
import type { OrderSheet } from '../../core/market/sealing/commitment.ts';
import { marketService, recordClearing } from '../../core/market/service.ts';
import type { MarketState } from '../../core/market/service.ts';
import { ADMIN, CONFIGURATION } from '../market/support/market.ts';
import { ask, bid } from '../market/support/orders.ts';
import { runCli, temporaryFolder } from './run.ts';
import type { CliResult } from './run.ts';

const SEALED = { ...CONFIGURATION, sealing: { bondMillicredits: 1_000 } };
const HEAD = sha256Hex('journal');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const PRIVATE_PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PUBLIC_PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();

const sheetOf = (agent: string, value: number): OrderSheet => ({
  agent,
  bids: [
    bid('one', { valueMillicredits: value }, { organisation: agent }),
    bid('two', { valueMillicredits: value + 1 }, { organisation: agent }),
  ],
  asks: agent === 'alpha' ? [ask('s', { organisation: agent, nodes: 3 })] : [],
  nonce: sha256Hex(agent).slice(0, 32),
});
const SHEETS = ['alpha', 'beta', 'gamma'].map((agent, i) => sheetOf(agent, 900 + 10 * i));

/** The journal that an exchange writes which takes these sheets, in this order. */
function journalOf(sheets: readonly OrderSheet[], spoil = (sheet: OrderSheet) => sheet): string {
  const writer = journalWriter<MarketState, MarketEvent | Genesis, MarketEffect>(sha256);
  let state = marketService.initial(SEALED);
  const lines = [writer.append(genesis('market', SEALED, '0.1.0', 0), [], state)];
  let asked: SolveRound | undefined;
  let commands = 0;
  const post = (event: Record<string, unknown>) => {
    const whole = { timeMs: 0, commandId: `${++commands}`, from: ADMIN, roundId: 0, ...event };
    const step = marketService.step(state, whole as unknown as MarketEvent);
    state = step.state;
    asked = step.effects.find((effect) => effect.kind === 'SolveRound') ?? asked;
    lines.push(
      writer.append(whole as unknown as MarketEvent, step.effects, state, asked !== undefined),
    );
  };
  const as = (name: string) => ({ role: 'organisation', name });
  const taken = sheets.map(spoil);
  post({ kind: 'OpenCommits', head: HEAD });
  for (const sheet of taken) {
    post({ kind: 'CommitOrders', from: as(sheet.agent), commitment: commitmentOf(sheet) });
  }
  post({ kind: 'CloseCommits' });
  for (const { agent, bids, asks, nonce } of taken) {
    post({ kind: 'RevealOrders', from: as(agent), bids, asks, nonce });
  }
  post({ kind: 'CloseRound' });
  const { round, parameters, mechanism, mechanismState } = asked!;
  const solver = mechanisms.get(mechanism)!;
  const { clearing, state: after } = solver.clear(round, parameters, mechanismState);
  const solverVersion = `${solver.name}/${solver.version}`;
  post({ kind: 'RoundSolved', clearing: recordClearing(clearing), state: after, solverVersion });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** What the honest exchange gave beta, who committed second. */
const RECEIPT = {
  roundId: 0,
  organisation: 'beta',
  commitment: commitmentOf(SHEETS[1]!),
  place: 1,
  head: HEAD,
};

async function verify(t: ExecutionContext, journal: string, file: Record<string, unknown> = {}) {
  const folder = temporaryFolder(t);
  const at = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const signature = signReceipt(RECEIPT, PRIVATE_PEM);
  const whole = { schema: 'ocx-receipt/1', receipt: RECEIPT, signature, sheet: SHEETS[1], ...file };
  const receipt = at('receipt.json', JSON.stringify(whole));
  const key = at('key.pem', PUBLIC_PEM);
  return runCli([
    'journal',
    'verify',
    at('market.jsonl', journal),
    '--receipt',
    receipt,
    '--key',
    key,
    '--json',
  ]);
}

function assertRefused(t: ExecutionContext, run: CliResult, exitCode: number, code: string): void {
  t.is(run.exitCode, exitCode);
  t.regex(run.stderr, /^[A-Z][A-Z_]+: [^\n]+\n$/);
  t.true(run.stderr.startsWith(code), run.stderr);
}

test('an honest exchange keeps what its receipt promises', async (t) => {
  const run = await verify(t, journalOf(SHEETS));
  t.is(run.exitCode, 0, run.stderr);
  t.like(JSON.parse(run.stdout), { ok: true, receiptHolds: true, rounds: { solved: 1, same: 1 } });
});

const altered = (sheet: OrderSheet) =>
  sheet.agent === 'beta'
    ? { ...sheet, bids: [sheet.bids[0]!, { ...sheet.bids[1]!, securityLevel: 'full' as const }] }
    : sheet;
const reversed = (sheet: OrderSheet) =>
  sheet.agent === 'beta' ? { ...sheet, bids: [...sheet.bids].reverse() } : sheet;

// Each of these journals is sound in itself: the chain holds and the round solves to the same bytes.
const FORGERIES: readonly (readonly [string, () => string, string])[] = [
  [
    'drops a bidder',
    () => journalOf(SHEETS.filter(({ agent }) => agent !== 'beta')),
    'AUDIT_COMMITMENT_DROPPED',
  ],
  ['alters an order', () => journalOf(SHEETS, altered), 'AUDIT_COMMITMENT_DROPPED'],
  ['reorders orders', () => journalOf(SHEETS, reversed), 'AUDIT_COMMITMENT_DROPPED'],
  [
    'moves a bidder back',
    () => journalOf([SHEETS[0]!, SHEETS[2]!, SHEETS[1]!]),
    'AUDIT_COMMITMENT_MOVED',
  ],
];

for (const [what, journal, code] of FORGERIES) {
  test(`an exchange that ${what} is caught by the receipt alone`, async (t) => {
    const run = await verify(t, journal(), { sheet: undefined });
    assertRefused(t, run, 1, code);
    t.like(JSON.parse(run.stdout), {
      ok: false,
      receiptHolds: false,
      rounds: { solved: 1, same: 1 },
    });
  });
}

test('a receipt that nobody signed holds nobody to anything', async (t) => {
  const forged = { ...RECEIPT, place: 0 };
  assertRefused(
    t,
    await verify(t, journalOf(SHEETS), { receipt: forged }),
    1,
    'AUDIT_SIGNATURE_WRONG',
  );
  assertRefused(
    t,
    await verify(t, journalOf(SHEETS), { signature: '00' }),
    1,
    'AUDIT_SIGNATURE_WRONG',
  );
});

test('a sheet that was not committed to proves nothing', async (t) => {
  assertRefused(
    t,
    await verify(t, journalOf(SHEETS), { sheet: SHEETS[2] }),
    1,
    'AUDIT_SHEET_OTHER',
  );
});

test('what is no receipt is refused in one line', async (t) => {
  for (const file of [
    { schema: 'x' },
    { receipt: null },
    { signature: 3 },
    { sheet: { bids: 1 } },
  ]) {
    assertRefused(t, await verify(t, journalOf(SHEETS), file), 2, 'INPUT_RECEIPT_INVALID');
  }
});
