/** The journal of a live exchange, by the same checks as the simulator's market. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { signReceipt } from '../../backends/receipts/ed25519.ts';
import { recordJournal } from '../../cli/journal-recorder.ts';
import { exchangeService } from '../../core/market/exchange/exchange.ts';
import type { ExchangeEvent } from '../../core/market/exchange/protocol.ts';
import { plainAsk, plainBid } from '../../core/market/order-check.ts';
import { commitmentOf } from '../../core/market/sealing/commitment.ts';
import type { CommitReceipt } from '../../core/market/sealing/protocol.ts';
import { A, TENANT } from '../allocator/site.ts';
import {
  EPOCH_MS,
  exchangeConfiguration,
  SLOT_MS,
  TradedSite,
} from '../market/exchange/traded-site.ts';
import { ask, bid } from '../market/support/orders.ts';
import { runCli, temporaryFolder } from './run.ts';

const CONFIGURATION = exchangeConfiguration({ sealing: { bondMillicredits: 500 } });
const ASK = ask('spare', {
  organisation: 'org-a',
  nodeClass: 'standard',
  reserveMillicredits: 400,
});
const BID = bid('want', { nodeClass: 'standard' }, { organisation: 'org-t' });
const SHEETS = [
  [A, { agent: 'org-a', bids: [], asks: [plainAsk(ASK)], nonce: 'a'.repeat(32) }],
  [TENANT, { agent: 'org-t', bids: [plainBid(BID)], asks: [], nonce: 'b'.repeat(32) }],
] as const;
const KEYS = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** A sealed round that was traded and paid. */
function traded(): TradedSite {
  const site = new TradedSite(CONFIGURATION);
  site.command(A, { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds: ['a1'] });
  for (const [from, sheet] of SHEETS) {
    site.command(from, { kind: 'CommitOrders', roundId: 0, commitment: commitmentOf(sheet) });
  }
  site.runUntil(EPOCH_MS - 120_000);
  for (const [from, { bids, asks, nonce }] of SHEETS) {
    site.command(from, { kind: 'RevealOrders', roundId: 0, bids, asks, nonce });
  }
  site.runUntil(EPOCH_MS + 2 * SLOT_MS);
  return site;
}

/** A journal with a sound chain that holds these events. */
function journalOf(t: ExecutionContext, events: readonly ExchangeEvent[]): string {
  let state = exchangeService.initial(CONFIGURATION);
  const start = { service: 'exchange', configuration: CONFIGURATION, version: 'test', timeMs: 0 };
  const recorder = recordJournal({ ...start, state });
  for (const event of events) {
    const step = exchangeService.step(state, structuredClone(event));
    ({ state } = step);
    recorder.append(event, step.effects, state);
  }
  const path = join(temporaryFolder(t), 'market.jsonl.zst');
  writeFileSync(path, recorder.finish());
  return path;
}

function receiptOf(t: ExecutionContext, receipt: CommitReceipt, sheet: object): string[] {
  const folder = temporaryFolder(t);
  const file = {
    schema: 'ocx-receipt/1',
    receipt,
    signature: signReceipt(receipt, KEYS.privateKey),
  };
  writeFileSync(join(folder, 'receipt.json'), JSON.stringify({ ...file, sheet }));
  writeFileSync(join(folder, 'key.pem'), KEYS.publicKey);
  return ['--receipt', join(folder, 'receipt.json'), '--key', join(folder, 'key.pem')];
}

test('rounds of an exchange are solved again, and hold what was receipted', async (t) => {
  const site = traded();
  const [told] = site.told('org-t', 'CommitReceipt');
  const { receipt } = told as { receipt: CommitReceipt } & typeof told;
  const path = journalOf(t, site.events);
  const checked = await runCli([
    ...['journal', 'verify', path, '--json'],
    ...receiptOf(t, receipt, SHEETS[1][1]),
  ]);
  t.is(checked.exitCode, 0, checked.stderr);
  t.like(JSON.parse(checked.stdout), { service: 'exchange', rounds: { solved: 1, same: 1 } });
  const replayed = await runCli(['journal', 'replay', path, '--full']);
  t.is(replayed.exitCode, 0, replayed.stderr);
  const moved = receiptOf(t, { ...receipt, place: 0 }, SHEETS[1][1]);
  const caught = await runCli(['journal', 'verify', path, ...moved]);
  t.is(caught.exitCode, 1);
  t.regex(caught.stderr, /^AUDIT_COMMITMENT_MOVED/);
});

test('a solution that the mechanism does not give is found', async (t) => {
  const events = traded().events.map((event) => {
    if (event.kind !== 'EffectOutcome' || !event.effectId.startsWith('solve/')) return event;
    const forged = structuredClone(event) as unknown as {
      outcome: { value: { state: Record<string, number> } };
    };
    // The core cannot know better: what a mechanism carries over is the mechanism's own.
    forged.outcome.value.state['favour'] = 1;
    return forged as unknown as ExchangeEvent;
  });
  const { exitCode, stderr } = await runCli(['journal', 'verify', journalOf(t, events)]);
  t.is(exitCode, 1);
  t.regex(stderr, /the round has another solution/);
});
