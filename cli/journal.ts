/**
 * `ocx journal verify|replay FILE`, a file or `sqlite:PATH` for what live services have kept: is a
 * journal what was written, and does the core still decide the same?
 *
 * Both check the hash chain first. `replay` runs the events through the service that the journal is
 * of and compares effects at every event and states where their hash stands; `verify` solves a
 * market's recorded rounds again.
 */
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import type { Refusal } from '../core/kernel/errors.ts';
import { readGenesis } from '../core/kernel/genesis.ts';
import { verifyChain } from '../core/kernel/journal.ts';
import type { JournalRecord } from '../core/kernel/journal.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { isPublicKey } from '../backends/receipts/ed25519.ts';
import { journalledMarket } from './journalled-market.ts';
import { readInputText } from './files.ts';
import { openNamedJournal, openNamedJournals, sha256 } from './journal-file.ts';
import type { JournalFile } from './journal-file.ts';
import { checkReceipt, readReceipt } from './journal-receipt.ts';
import type { ReceiptFile } from './journal-receipt.ts';
import { asDifference, eventsOf, runEvents } from './journal-replay.ts';
import { registerResimulate } from './journal-resimulate.ts';
import { checkRounds } from './journal-rounds.ts';
import type { RoundCheck } from './journal-rounds.ts';
import { journalledService } from './services.ts';

interface ReplayOptions extends CommonOptions {
  readonly full?: boolean;
}

interface VerifyOptions extends CommonOptions {
  readonly receipt?: string;
  readonly key?: string;
}

/** What `verify --json` prints. */
interface Verification {
  readonly ok: boolean;
  readonly file: string;
  readonly service: string | null;
  readonly records: number;
  readonly lastHash: string | null;
  /** Null where the journal is not of a market, or the chain is broken. */
  readonly rounds: Omit<RoundCheck, 'difference'> | null;
  /** Whether the record keeps what a receipt promises; null where none was given. */
  readonly receiptHolds: boolean | null;
  readonly difference: Refusal | null;
}

/** What `replay --json` prints. */
interface Replay {
  readonly ok: boolean;
  readonly file: string;
  readonly service: string;
  readonly events: number;
  /** Of the state after the last event that was replayed. */
  readonly stateHash: string;
  readonly difference: Refusal | null;
}

export function registerJournal(program: Command): void {
  const journal = program
    .command('journal')
    .description('Check journals, and replay them through the core.');
  defineCommand(journal, 'verify <file>', 'Check the hash chain; solve recorded rounds again.')
    .option('--receipt <file>', 'hold the record against a signed receipt (with --key)')
    .option('--key <file>', "the exchange's public key, PEM")
    .action((file: string, options: VerifyOptions) =>
      runCommand(options, (output) => verify(output, file, options)),
    );
  defineCommand(journal, 'replay <files...>', 'Run events through the core; compare the results.')
    .option('--full', 'compare the states of two runs at every event')
    .action((files: string[], options: ReplayOptions) =>
      runCommand(options, (output) => replayAll(output, files, options.full === true)),
    );
  registerResimulate(journal);
}

function verify(output: Output, given: string, options: VerifyOptions): void {
  const held = heldReceipt(output, options);
  const file = openNamedJournal(given, output.path);
  const { path } = file;
  const chain = checkChain(output, file);
  const start = chain.first && readGenesis(chain.first);
  const market = journalledMarket(start?.service);
  const rounds =
    market && !chain.difference
      ? checkRounds(market, start!.configuration, eventsOf(file, chain.records))
      : null;
  const unkept =
    held && rounds && !rounds.difference
      ? checkReceipt(
          held.file,
          held.key,
          market!,
          start!.configuration,
          eventsOf(file, chain.records),
        )
      : null;
  const difference = chain.difference ?? rounds?.difference ?? unkept;
  const result: Verification = {
    ok: difference === null,
    file: path,
    service: start?.service ?? null,
    records: chain.records,
    lastHash: chain.lastHash,
    rounds: rounds && { solved: rounds.solved, same: rounds.same, skipped: rounds.skipped },
    receiptHolds: held ? difference === null : null,
    difference,
  };
  output.result(result, describeVerification);
  if (difference) output.negative(inFile(difference, path));
}

/** @throws OcxError INPUT_USAGE where one of the two options is without the other */
function heldReceipt(
  output: Output,
  { receipt, key }: VerifyOptions,
): { readonly file: ReceiptFile; readonly key: string } | null {
  if (receipt === undefined && key === undefined) return null;
  if (receipt === undefined || key === undefined) {
    throw new OcxError({
      code: 'INPUT_USAGE',
      message: '--receipt and --key go together',
      remedy: "give the receipt, and the exchange's public key as you know it",
    });
  }
  const keyPath = output.path(key);
  const pem = readInputText(keyPath);
  if (!isPublicKey(pem)) {
    throw new OcxError({
      code: 'INPUT_KEY_INVALID',
      message: 'it is no Ed25519 public key',
      place: { file: keyPath },
    });
  }
  return { file: readReceipt(output.path(receipt)), key: pem };
}

function describeVerification({
  ok,
  service,
  records,
  lastHash,
  rounds,
  receiptHolds,
}: Verification): string {
  const lines = [
    `${ok ? 'The chain holds' : 'The journal does not hold'}: ${records} records checked.`,
    `Service: ${service ?? 'unknown (the journal does not start with its configuration)'}`,
  ];
  if (rounds) {
    const { solved, same, skipped } = rounds;
    lines.push(`Rounds solved again: ${solved}, the same: ${same}, of another version: ${skipped}`);
  }
  if (receiptHolds !== null) {
    lines.push(receiptHolds ? 'The receipt holds.' : 'The receipt does not hold.');
  }
  if (lastHash) lines.push(`Last hash: ${lastHash}`);
  return lines.join('\n');
}

interface ChainCheck {
  readonly first: JournalRecord | null;
  readonly records: number;
  readonly lastHash: string | null;
  readonly difference: Refusal | null;
}

function checkChain(output: Output, file: JournalFile): ChainCheck {
  let first: JournalRecord | null = null;
  let last: JournalRecord | null = null;
  let records = 0;
  const progress = output.progress('bytes checked', file.textBytes);
  function* watched(): Generator<JournalRecord> {
    for (const record of file.records((bytes) => progress.update(bytes))) {
      yield record;
      // Only what the chain's check has accepted gets here.
      first ??= record;
      last = record;
      records += 1;
    }
  }
  const difference = asDifference(() => verifyChain(sha256, watched()));
  progress.finish();
  // Assigned inside the generator, which the compiler does not follow.
  const lastHash = (last as JournalRecord | null)?.hash ?? null;
  return { first, records, lastHash, difference };
}

/** One journal, or one after the other of all that were given. */
function replayAll(output: Output, given: readonly string[], full: boolean): void {
  const files = given.flatMap((name) => openNamedJournals(name, output.path));
  const results = files.map((file) => replay(output, file, full));
  const difference = results.find((result) => result.difference)?.difference ?? null;
  if (results.length === 1) output.result(results[0]!, describeReplay);
  else {
    const all = { ok: difference === null, journals: results };
    output.result(all, ({ journals }) => journals.map(describeReplay).join('\n'));
  }
  for (const { difference: found, file } of results) {
    if (found) output.negative(inFile(found, file));
  }
}

function describeReplay({ ok, events, service, stateHash }: Replay): string {
  return [
    `${ok ? 'The core decides the same' : 'The replay differs'}: ${events} events replayed.`,
    `Service: ${service}`,
    `State hash: ${stateHash}`,
  ].join('\n');
}

function replay(output: Output, file: JournalFile, full: boolean): Replay {
  const { path } = file;
  const chain = checkChain(output, file);
  const first = file.records()[Symbol.iterator]().next().value as JournalRecord;
  const start = readGenesis(first);
  if (!start) {
    throw new OcxError({
      code: 'INPUT_JOURNAL_NO_GENESIS',
      message: 'the first record does not hold the configuration',
      place: { file: path, line: 1 },
      remedy: 'replay needs the journal from its beginning',
    });
  }
  const service = journalledService(start.service, path);
  const events = eventsOf(file, chain.records);
  const run = runEvents(service, start.configuration, events, full);
  const difference = run.difference ?? chain.difference;
  return {
    ok: difference === null,
    file: path,
    service: start.service,
    events: run.events,
    stateHash: run.stateHash,
    difference,
  };
}

function inFile(refusal: Refusal, file: string): Refusal {
  return { ...refusal, place: { ...refusal.place, file } };
}
