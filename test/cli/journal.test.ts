import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import test from 'ava';
import { sha256 } from '../../cli/journal-file.ts';
import { recordJournal } from '../../cli/journal-recorder.ts';
import { genesis } from '../../core/kernel/genesis.ts';
import { journalWriter, recordHash } from '../../core/kernel/journal.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type {
  EnclavePlan,
  OrchestratorEffect,
  OrchestratorEvent,
} from '../../core/leasing/protocol.ts';
import type { Genesis } from '../../core/kernel/genesis.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type {
  MarketConfiguration,
  MarketEffect,
  MarketEvent,
  RoundSolved,
} from '../../core/market/protocol.ts';
import { marketService, recordClearing } from '../../core/market/service.ts';
import type { MarketState } from '../../core/market/service.ts';
import type { OrchestratorState } from '../../core/leasing/state.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

const CONFIGURATION = { ...ORCHESTRATOR_DEFAULTS, name: 'hpc-a' };

function plan(lease: number): EnclavePlan {
  return {
    kind: 'EnclavePlan',
    timeMs: lease * 1000,
    leaseId: `lease-${lease}`,
    securityLevel: 'none',
    method: 'diskless',
    imageId: 'image',
    policyId: 'policy',
    attester: null,
    provisioner: 'provisioner',
  };
}

/** A small journal of the orchestrator: plans for so many leases. */
function exampleRecords(leases: number): JournalRecord[] {
  const writer = journalWriter<OrchestratorState, OrchestratorEvent | Genesis, OrchestratorEffect>(
    sha256,
  );
  let state = orchestratorService.initial(CONFIGURATION);
  const records: JournalRecord[] = [
    writer.append(genesis(orchestratorService.name, CONFIGURATION, '0.1.0', 0), [], state),
  ];
  for (let lease = 0; lease < leases; lease++) {
    const event = plan(lease);
    const step = orchestratorService.step(state, event);
    state = step.state;
    records.push(writer.append(event, step.effects, state, lease === leases - 1));
  }
  return records;
}

function toText(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** Gives records their place in the chain again, as a forger would. */
function rechain(records: readonly JournalRecord[]): JournalRecord[] {
  let prev = '0'.repeat(64);
  return records.map(({ prev: _prev, hash: _hash, ...body }) => {
    const hash = recordHash(sha256, prev, body);
    const record = { ...body, prev, hash };
    prev = hash;
    return record;
  });
}

test('a sound journal verifies and replays, plain or compressed', async (t) => {
  const folder = temporaryFolder(t);
  const records = exampleRecords(5);
  writeFileSync(join(folder, 'a.jsonl'), toText(records));
  writeFileSync(join(folder, 'a.jsonl.zst'), zstdCompressSync(toText(records)));
  const frames = [records.slice(0, 2), records.slice(2)].map((part) =>
    zstdCompressSync(toText(part)),
  );
  writeFileSync(join(folder, 'frames.zst'), Buffer.concat(frames));
  for (const file of ['a.jsonl', 'a.jsonl.zst', 'frames.zst']) {
    const path = join(folder, file);
    const verified = await runCli(['journal', 'verify', path, '--json']);
    t.is(verified.exitCode, 0, verified.stderr);
    const result = JSON.parse(verified.stdout) as Record<string, unknown>;
    t.is(result['ok'], true);
    t.is(result['records'], 6);
    t.is(result['lastHash'], records.at(-1)!.hash);
    t.is(result['service'], 'orchestrator');
    for (const full of [[], ['--full']]) {
      const replayed = await runCli(['journal', 'replay', path, '--json', ...full]);
      t.is(replayed.exitCode, 0, replayed.stderr);
      const replay = JSON.parse(replayed.stdout) as Record<string, unknown>;
      t.is(replay['events'], 5);
      t.is(replay['stateHash'], records.at(-1)!.stateHash);
      t.is(replay['difference'], null);
    }
  }
});

test('a changed byte, a missing record and a cut end are found with their line', async (t) => {
  const folder = temporaryFolder(t);
  const records = exampleRecords(4);
  const text = toText(records);
  const damaged: readonly [name: string, text: string, line: number, what: string][] = [
    ['changed', text.replace('lease-1', 'lease-9'), 3, 'was changed after it was written'],
    ['missing', toText(records.filter(({ seq }) => seq !== 3)), 3, 'record 4 stands where 3'],
    ['swapped', toText([records[0], records[2], records[1]]), 2, 'record 3 stands where 2'],
    ['cut', text.slice(0, -20), 5, 'the last record is cut off'],
    ['odd', `${toText(records.slice(0, 2))}{"seq":3}\n`, 3, 'this is no record'],
  ];
  for (const [name, contents, line, what] of damaged) {
    const path = join(folder, name);
    writeFileSync(path, contents);
    const result = await runCli(['journal', 'verify', path, '--json']);
    t.is(result.exitCode, 1, name);
    t.regex(result.stderr, /^JOURNAL_BROKEN: [^\n]+\n$/);
    t.true(result.stderr.includes(`${path}:${line}`), result.stderr);
    t.true(result.stderr.includes(what), result.stderr);
    t.is((JSON.parse(result.stdout) as { ok: boolean }).ok, false);
    t.is((await runCli(['journal', 'replay', path])).exitCode, 1, name);
  }
});

test('a forged journal with a sound chain is found by replaying it', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'forged');
  const records = exampleRecords(3);
  const forge = async (change: (record: JournalRecord) => object) => {
    writeFileSync(
      path,
      toText(rechain(records.map((record) => ({ ...record, ...change(record) })))),
    );
    t.is((await runCli(['journal', 'verify', path])).exitCode, 0);
    return runCli(['journal', 'replay', path]);
  };
  const effects = await forge(({ seq }) => (seq === 3 ? { effectsHash: 'a'.repeat(64) } : {}));
  t.is(effects.exitCode, 1);
  t.is(effects.stderr, `JOURNAL_BROKEN: replay has other effects, ${path}:3\n`);
  const state = await forge(({ seq }) => (seq === 4 ? { stateHash: 'a'.repeat(64) } : {}));
  t.is(state.stderr, `JOURNAL_BROKEN: replay has another state, ${path}:4\n`);
  const event = await forge(({ seq, event }) =>
    seq === 2 ? { event: { kind: 'NoticeReceived', timeMs: event.timeMs } } : {},
  );
  t.is(event.exitCode, 1);
  t.regex(event.stderr, /^JOURNAL_BROKEN: event 1: it stops the core \([^\n]+\), [^\n]+:2\n$/);
});

test('what is no journal is wrong input', async (t) => {
  const folder = temporaryFolder(t);
  const records = exampleRecords(1);
  const compressed = zstdCompressSync(toText(records));
  const files: readonly [name: string, contents: string | Buffer, start: string][] = [
    ['empty', '', 'INPUT_EMPTY'],
    ['prose', 'once upon a time\n', 'INPUT_NOT_A_JOURNAL'],
    ['json', '{"a":1}\n', 'INPUT_NOT_A_JOURNAL'],
    ['binary', Buffer.alloc(1000, 7), 'INPUT_NOT_A_JOURNAL'],
    ['cut.zst', compressed.subarray(0, compressed.length - 8), 'INPUT_ZSTD_CORRUPT'],
    ['tail.zst', Buffer.concat([compressed, Buffer.from('junk')]), 'INPUT_ZSTD_CORRUPT'],
    ['bomb.zst', zstdCompressSync(Buffer.alloc(64 << 20)), 'INPUT_ZSTD_BOMB'],
  ];
  for (const [name, contents, start] of files) {
    writeFileSync(join(folder, name), contents);
    const result = await runCli(['journal', 'verify', join(folder, name)]);
    assertOneLine(t, result, start);
    t.is(result.exitCode, 2, name);
  }
  const missing = await runCli(['journal', 'replay', join(folder, 'missing')]);
  assertOneLine(t, missing, 'INPUT_FILE_NOT_FOUND');
});

test('replaying needs the configuration and a service that is known', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'journal');
  const records = exampleRecords(2);
  writeFileSync(
    path,
    toText(rechain(records.slice(1).map((record, i) => ({ ...record, seq: i + 1 })))),
  );
  assertOneLine(t, await runCli(['journal', 'replay', path]), 'INPUT_JOURNAL_NO_GENESIS');
  const other = { ...records[0]!, event: genesis('orchestra', {}, '0.1.0', 0) };
  writeFileSync(path, toText(rechain([other])));
  const result = await runCli(['journal', 'replay', path]);
  assertOneLine(t, result, 'INPUT_JOURNAL_SERVICE: the journal is of a service "orchestra"');
});

test('a recorded journal replays, over many frames and with states on the way', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'recorded.jsonl.zst');
  let state = orchestratorService.initial(CONFIGURATION);
  const recorder = recordJournal({
    service: orchestratorService.name,
    configuration: CONFIGURATION,
    version: '0.1.0',
    timeMs: 0,
    state,
  });
  const filler = 'x'.repeat(2_000);
  for (let lease = 0; lease < 2_500; lease++) {
    const event = { ...plan(lease), imageId: `${filler}${lease}` };
    const step = orchestratorService.step(state, event);
    state = step.state;
    recorder.append(event, step.effects, state);
    const ending: OrchestratorEvent = {
      kind: 'NoticeReceived',
      timeMs: event.timeMs,
      notice: { kind: 'LeaseEnded', leaseId: event.leaseId },
    };
    const end = orchestratorService.step(state, ending);
    state = end.state;
    recorder.append(ending, end.effects, state);
  }
  const bytes = recorder.finish();
  writeFileSync(path, bytes);
  const firstFrame = zstdDecompressSync(bytes).toString().split('\n');
  t.true(firstFrame.length < 5_001, 'the journal has several frames');
  const stateHashes = firstFrame.filter((line) => line.includes('"stateHash"')).length;
  t.true(stateHashes >= 1);
  const result = await runCli(['journal', 'replay', path, '--json']);
  t.is(result.exitCode, 0, result.stderr);
  const replayed = JSON.parse(result.stdout) as { events: number; stateHash: string };
  t.is(replayed.events, 5_000);
});

const MARKET: MarketConfiguration = {
  mechanism: 'k-double-auction',
  parameters: {},
  slotMs: 3_600_000,
  horizonSlots: 4,
  seed: 'seed',
  buyerDepositPartsPerMillion: 0,
  sellerDepositPartsPerMillion: 0,
  organisations: [
    { name: 'buyer', openingBalanceMillicredits: 1_000_000 },
    { name: 'seller', openingBalanceMillicredits: 1_000_000 },
  ],
  isolationService: 'isolation',
};

/** A market's journal of one round with one trade, whose solution the test may change. */
function marketRecords(
  change: (solution: RoundSolved) => RoundSolved = (solution) => solution,
): JournalRecord[] {
  const writer = journalWriter<MarketState, MarketEvent | Genesis, MarketEffect>(sha256);
  const state = marketService.initial(MARKET);
  const records: JournalRecord[] = [
    writer.append(genesis(marketService.name, MARKET, '0.1.0', 0), [], state),
  ];
  const step = (event: MarketEvent) => {
    const { effects } = marketService.step(state, event);
    records.push(writer.append(event, effects, state));
    return effects;
  };
  const admin = { role: 'admin', name: 'operator' } as const;
  const option = { nodeClass: 'standard', nodes: 1, minimumNodes: 1, startSlot: 0, endSlot: 1 };
  step({
    kind: 'PostBid',
    timeMs: 1,
    commandId: '1',
    from: { role: 'organisation', name: 'buyer' },
    roundId: 0,
    bid: {
      bidId: 'bid',
      organisation: 'buyer',
      options: [{ ...option, valueMillicredits: 1_000 }],
      securityLevel: 'none',
      acceptsRecall: false,
    },
  });
  step({
    kind: 'PostAsk',
    timeMs: 2,
    commandId: '2',
    from: { role: 'organisation', name: 'seller' },
    roundId: 0,
    ask: {
      askId: 'ask',
      organisation: 'seller',
      nodeClass: 'standard',
      nodes: 1,
      startSlot: 0,
      endSlot: 4,
      reserveMillicredits: 200,
      recall: null,
      securityLevel: 'none',
    },
  });
  const closing = step({ kind: 'CloseRound', timeMs: 3, commandId: '3', from: admin, roundId: 0 });
  const asked = closing.find((effect) => effect.kind === 'SolveRound')!;
  const mechanism = mechanisms.get(asked.mechanism)!;
  const solved = mechanism.clear(asked.round, asked.parameters, asked.mechanismState);
  step(
    change({
      kind: 'RoundSolved',
      timeMs: 4,
      roundId: 0,
      clearing: recordClearing(solved.clearing),
      state: solved.state,
      solverVersion: `${mechanism.name}/${mechanism.version}`,
    }),
  );
  return records;
}

test('recorded rounds are solved again, and another solution is found', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'market.jsonl');
  const verify = async (records: readonly JournalRecord[]) => {
    writeFileSync(path, toText(records));
    const result = await runCli(['journal', 'verify', path, '--json']);
    return { ...result, ...(JSON.parse(result.stdout) as { rounds: object; records: number }) };
  };
  const honest = await verify(marketRecords());
  t.is(honest.exitCode, 0, honest.stderr);
  t.deepEqual(honest.rounds, { solved: 1, same: 1, skipped: 0 });
  t.is((await runCli(['journal', 'replay', path, '--full'])).exitCode, 0);

  // Nobody trades: feasible, so the core accepts it, but not what the mechanism gives.
  const withheld = await verify(
    marketRecords((solution) => ({
      ...solution,
      clearing: {
        ...solution.clearing,
        fills: [],
        receipts: [],
        prices: [{ nodeClass: 'standard', millicreditsPerNodeSlot: null }],
        surplusMillicredits: 0,
        welfareMillicredits: 0,
      },
    })),
  );
  t.is(withheld.exitCode, 1);
  t.deepEqual(withheld.rounds, { solved: 1, same: 0, skipped: 0 });
  t.is(withheld.stderr, `JOURNAL_BROKEN: event 4: the round has another solution, ${path}:5\n`);

  const older = await verify(
    marketRecords((solution) => ({ ...solution, solverVersion: 'k-double-auction/0' })),
  );
  t.is(older.exitCode, 0);
  t.deepEqual(older.rounds, { solved: 0, same: 0, skipped: 1 });
});
