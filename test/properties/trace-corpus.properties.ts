/**
 * A corpus of hostile traces, each with what must come of it: the right answer, or one line. Run as a
 * person would, by the command line.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { openLines, SCAN_LIMITS } from '../../workloads/input.ts';
import { PACKED_IN_MEMORY } from '../../workloads/packed-lines.ts';
import { loadDemand } from '../../workloads/source.ts';
import { assertOneLine, runCli, temporaryFolder } from '../cli/run.ts';
import { batchContext, record, refusal, testFile } from '../workloads/files.ts';

/** What `trace inspect --json` answers, as far as the corpus looks at it. */
interface Inspected {
  readonly records: number;
  readonly facts: readonly { readonly name: string; readonly value: unknown }[];
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly { reason: string; line: number; column: number }[];
  readonly suspicious: Readonly<Record<string, number>>;
  readonly oddities: readonly string[];
}

interface Case {
  readonly what: string;
  readonly file: string;
  readonly contents: string | Uint8Array;
  readonly options?: readonly string[];
  /** Refused with this code, and this place or words in the line. */
  readonly refused?: string;
  readonly says?: RegExp;
  /** Read with so many records, and these counts. */
  readonly records?: number;
  readonly dropped?: Readonly<Record<string, number>>;
  readonly at?: readonly [line: number, column: number];
  readonly suspicious?: Readonly<Record<string, number>>;
  readonly odd?: RegExp;
}

const job = (more: Readonly<Record<number, string | number>> = {}) =>
  record({ 1: 1, 2: 100, 3: 0, 4: 10, 5: 2, 8: 2, 9: 20, 11: 1, 12: 3, ...more });
const LOG = `; MaxProcs: 8\n; UnixStartTime: 800000000\n${job()}\n`;
const swf = (...lines: readonly string[]) => `${LOG}${lines.join('\n')}\n`;
const bytes = (...parts: readonly (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  );
const MAP = ['--format', 'csv', '--columns', 'id=id,submit=at,run=run,nodes=n'];
const csv = (...rows: readonly string[]) => `id,at,run,n\na,100,60,1\n${rows.join('\n')}\n`;
const SACCT = 'JobID|Submit|Start|End|Elapsed|Timelimit|NNodes|NCPUS|State\n';
const dump = (...rows: readonly string[]) => `${SACCT}${rows.join('\n')}\n`;
const slurm = (id: string, submit: string) =>
  `${id}|${submit}|${submit}|Unknown|00:01:00|00:10:00|1|4|COMPLETED`;
const aside = (reason: string, line: number, column: number) => ({
  records: 1,
  dropped: { [reason]: 1 },
  at: [line, column] as const,
});

/** Numbered as the corpus of hostile inputs is; a number may have several cases. */
const CORPUS: readonly Case[] = [
  { what: '1 an empty file', file: 'a.swf', contents: '', refused: 'INPUT_EMPTY' },
  { what: '2 a header alone', file: 'a.swf', contents: '; Version: 2\n', refused: 'INPUT_NO_ROWS' },
  { what: '2 of a dump', file: 'a.log', contents: SACCT, refused: 'INPUT_NO_ROWS' },
  { what: '3 a byte order mark', file: 'a.swf', contents: `\uFEFF${LOG}`, records: 1 },
  { what: '3 before a table', file: 'a.csv', contents: `\uFEFF${csv()}`, options: MAP, records: 1 },
  {
    what: '4 UTF-16',
    file: 'a.swf',
    contents: Buffer.from(LOG, 'utf16le'),
    refused: 'INPUT_ENCODING',
  },
  {
    what: '5 bytes that are no UTF-8',
    file: 'a.csv',
    contents: bytes(csv('b,200,60,1'), [0xff, 0xfe, 0x0a]),
    options: MAP,
    refused: 'INPUT_ENCODING',
    says: /a\.csv:4/,
  },
  { what: '6 NUL bytes', file: 'a.swf', contents: bytes(LOG, [0, 0, 0]), refused: 'INPUT_BINARY' },
  {
    what: '7 carriage returns alone',
    file: 'a.swf',
    contents: LOG.replaceAll('\n', '\r'),
    refused: 'INPUT_LINE_ENDING',
  },
  {
    what: '8 mixed line endings',
    file: 'a.swf',
    contents: `${LOG.replaceAll('\n', '\r\n')}${job({ 1: 2 })}\n`,
    records: 2,
  },
  {
    what: '9 a quote that never closes',
    file: 'a.csv',
    contents: csv('b,"200,60,1', 'c,1,1,1'),
    options: MAP,
    refused: 'INPUT_CSV',
    says: /a\.csv:3:3/,
  },
  {
    what: '11 a million columns',
    file: 'a.csv',
    contents: csv(','.repeat(500_000)),
    options: MAP,
    refused: 'INPUT_CSV',
    says: /a\.csv:3/,
  },
  {
    what: '12 a missing column',
    file: 'a.csv',
    contents: csv('b,200,60'),
    options: MAP,
    ...aside('fieldCount', 3, 1),
  },
  {
    what: '12 of SWF',
    file: 'a.swf',
    contents: swf(job().slice(0, -3)),
    ...aside('fieldCount', 4, 44),
  },
  {
    what: '13 a header twice',
    file: 'a.csv',
    contents: 'id,at,run,n,run\na,1,2,3,4\n',
    options: MAP,
    refused: 'INPUT_CSV',
    says: /run twice, as columns 3 and 5/,
  },
  {
    what: '14 a job number twice',
    file: 'a.swf',
    contents: swf(job()),
    records: 2,
    suspicious: { jobNumberRepeated: 1 },
  },
  {
    what: '15 an unknown run time',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 4: -1 })),
    records: 2,
    suspicious: { runUnknown: 1 },
  },
  {
    what: '15 a negative run time',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 4: -7 })),
    records: 2,
    suspicious: { runUnknown: 1 },
  },
  { what: '16 NaN', file: 'a.swf', contents: swf(job({ 4: 'NaN' })), ...aside('notANumber', 4, 9) },
  {
    what: '16 in a table',
    file: 'a.csv',
    contents: csv('b,200,NaN,1'),
    options: MAP,
    ...aside('notANumber', 3, 7),
  },
  {
    what: '17 Infinity',
    file: 'a.swf',
    contents: swf(job({ 4: 'Infinity' })),
    ...aside('notANumber', 4, 9),
  },
  {
    what: '18 1e309',
    file: 'a.csv',
    contents: csv('b,200,1e309,1'),
    options: MAP,
    ...aside('notANumber', 3, 7),
  },
  {
    what: '18 of SWF',
    file: 'a.swf',
    contents: swf(job({ 4: '1e309' })),
    ...aside('notANumber', 4, 9),
  },
  { what: '19 minus nothing', file: 'a.swf', contents: swf(job({ 1: 2, 2: '-0' })), records: 2 },
  {
    what: '20 0x10',
    file: 'a.swf',
    contents: swf(job({ 4: '0x10' })),
    ...aside('notANumber', 4, 9),
  },
  {
    what: '20 in a table',
    file: 'a.csv',
    contents: csv('b,200,0x10,1'),
    options: MAP,
    ...aside('notANumber', 3, 7),
  },
  {
    what: '21 a thousand with a comma',
    file: 'a.csv',
    contents: csv('b,200,"1,000",1'),
    options: MAP,
    ...aside('notANumber', 3, 7),
  },
  {
    what: '22 full-width digits',
    file: 'a.csv',
    contents: csv('b,200,１２,1'),
    options: MAP,
    ...aside('notANumber', 3, 7),
  },
  {
    what: '23 a number beyond 2^53',
    file: 'a.swf',
    contents: swf(job({ 1: '9007199254740993' })),
    refused: 'INPUT_OUT_OF_RANGE',
    says: /a\.swf:4:1/,
  },
  {
    what: '24 submissions out of order',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 2: 50 })),
    records: 2,
    suspicious: { outOfOrder: 1 },
  },
  {
    what: '25 far in the future',
    file: 'a.swf',
    contents: swf(job({ 2: '1000000000000' })),
    refused: 'INPUT_OUT_OF_RANGE',
    says: /a\.swf:4:3/,
  },
  {
    what: '25 alone',
    file: 'a.swf',
    contents: `${job({ 2: '9000000000000000' })}\n`,
    refused: 'INPUT_OUT_OF_RANGE',
  },
  {
    what: '26 30 February',
    file: 'a.log',
    contents: dump(slurm('1', '2024-02-28T10:00:00'), slurm('2', '2024-02-30T10:00:00')),
    ...aside('submitUnknown', 3, 3),
  },
  {
    what: '27 24:00',
    file: 'a.log',
    contents: dump(slurm('1', '2024-02-28T10:00:00'), slurm('2', '2024-02-28T24:00:00')),
    ...aside('submitUnknown', 3, 3),
  },
  {
    what: '28 a leap second',
    file: 'a.log',
    contents: dump(slurm('1', '2016-12-31T10:00:00'), slurm('2', '2016-12-31T23:59:60')),
    ...aside('submitUnknown', 3, 3),
  },
  {
    what: '29 a time that stands twice on the clock, and one on none',
    file: 'a.log',
    contents: dump(slurm('1', '2024-10-27T02:30:00'), slurm('2', '2024-03-31T02:30:00')),
    options: ['--time-zone', 'Europe/Prague'],
    records: 2,
    odd: /^2 times stand twice on the clock/,
  },
  {
    what: '30 an end before its start',
    file: 'a.csv',
    contents: 'id,at,end\na,100,160\nb,200,190\n',
    options: ['--format', 'csv', '--columns', 'submit=at,end=end'],
    ...aside('endsBeforeItStarts', 3, 7),
  },
  {
    what: '30 of machines',
    file: 'a.csv',
    contents: 'id,startSeconds,endSeconds,cores,memoryGb\na,0,5,1,1\nb,9,5,1,1\n',
    ...aside('endsBeforeItStarts', 3, 3),
  },
  {
    what: '31 no processor',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 5: 0, 8: 0 })),
    records: 2,
    suspicious: { processorsUnknown: 1 },
  },
  {
    what: '32 more than the machine has',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 5: 9, 8: 9 })),
    records: 2,
    suspicious: { widerThanMachine: 1 },
  },
  {
    what: '33 a bomb',
    file: 'a.swf.gz',
    contents: gzipSync(Buffer.alloc(64 << 20, ';\n')),
    refused: 'INPUT_GZIP_BOMB',
  },
  {
    what: '34 packed twice',
    file: 'a.swf.gz',
    contents: gzipSync(gzipSync(LOG)),
    refused: 'INPUT_GZIP_NESTED',
  },
  {
    what: '35 packed and cut',
    file: 'a.swf.gz',
    contents: gzipSync(LOG.repeat(50)).subarray(0, -12),
    refused: 'INPUT_TRUNCATED',
  },
  {
    what: '36 packed with more behind',
    file: 'a.swf.gz',
    contents: bytes([...gzipSync(LOG)], 'more'),
    refused: 'INPUT_GZIP_CORRUPT',
  },
  {
    what: '43 a name with a script',
    file: 'a.csv',
    contents: csv('<script>alert(1)</script>,200,60,1'),
    options: MAP,
    records: 2,
  },
  {
    what: '44 a name with an image',
    file: 'a.csv',
    contents: csv('"""><img onerror=x>",200,60,1'),
    options: MAP,
    records: 2,
  },
  {
    what: '45 a name that ends a script',
    file: 'a.csv',
    contents: csv('</script><!--,200,60,1'),
    options: MAP,
    records: 2,
  },
  {
    what: '48 ten thousand marks on a letter',
    file: 'a.csv',
    contents: csv(`a${'\u0301'.repeat(10_000)},200,60,1`),
    options: MAP,
    records: 2,
  },
  {
    what: '49 half a character',
    file: 'a.csv',
    contents: bytes(csv(), 'b', [0xed, 0xa0, 0x80], ',200,60,1\n'),
    options: MAP,
    refused: 'INPUT_ENCODING',
    says: /a\.csv:4/,
  },
  {
    what: '49 escaped in JSON',
    file: 'a.json',
    contents:
      '{"nb_res":1,"jobs":[{"id":"\\ud800","subtime":0,"res":1,"profile":"p"}],"profiles":{"p":{"type":"delay","delay":1}}}',
    records: 1,
  },
  {
    what: '50 names of JavaScript',
    file: 'a.json',
    contents:
      '{"nb_res":1,"jobs":[{"id":"__proto__","subtime":0,"res":1,"profile":"__proto__"},{"id":"b","subtime":0,"res":1,"profile":"constructor"}],"profiles":{"__proto__":{"type":"delay","delay":1}}}',
    records: 2,
  },
  {
    what: '50 as a status',
    file: 'batch_task.csv',
    contents: 'M1,1,j_1,1,Terminated,1,2,50,1\nM1,1,j_1,1,constructor,1,2,50,1\n',
    ...aside('notEnded', 2, 12),
  },
];

/** Traps of the Standard Workload Format that real logs have, by letter, and of other formats. */
const TRAPS: readonly Case[] = [
  { what: 'a no header', file: 'a.swf', contents: `${job()}\n`, records: 1, odd: /give --procs/ },
  {
    what: 'b text behind a number',
    file: 'a.swf',
    contents: `; MaxNodes: 338 (batch partition; 512 total)\n${LOG}`,
    records: 1,
    odd: /MaxNodes has text after its number/,
  },
  {
    what: 'c labels that are none',
    file: 'a.swf',
    contents: `; Partition: 18 z+i5U=:\n;\tsee: http://x\n;\n;  more\n; Note: a\n; Note: b\n${LOG}`,
    records: 1,
  },
  {
    what: 'd zones that differ',
    file: 'a.swf',
    contents: `; TimeZone: 3600\n; TimeZoneString: US/Pacific\n${LOG}`,
    records: 1,
  },
  {
    what: 'e another number of jobs',
    file: 'a.swf',
    contents: `; MaxJobs: 500\n${LOG}`,
    records: 1,
  },
  {
    what: 'f no submission',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 2: -1 })),
    ...aside('submitUnknown', 4, 3),
  },
  {
    what: 'g allocation unknown',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 5: -1, 8: 4 })),
    records: 2,
    suspicious: { allocatedUnknown: 1 },
  },
  {
    what: 'g never started',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 4: 0, 11: 5 })),
    records: 2,
    suspicious: { neverStarted: 1, runZero: 1 },
  },
  {
    what: 'h longer than asked for',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 4: 30 })),
    records: 2,
    suspicious: { ranLongerThanRequested: 1 },
  },
  {
    what: 'i a run of nothing',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 4: 0 })),
    records: 2,
    suspicious: { runZero: 1 },
  },
  { what: 'j decimals', file: 'a.swf', contents: swf(job({ 1: 2, 6: '59.25' })), records: 2 },
  {
    what: 'k a first submission years away',
    file: 'a.swf',
    contents: `${job({ 2: 31_536_000 })}\n${job({ 1: 2, 2: 31_536_100 })}\n`,
    records: 2,
  },
  {
    what: 'l a job in several records',
    file: 'a.swf',
    contents: swf(job({ 1: 2, 11: 2 }), job({ 1: 2, 2: -1, 11: 3 })),
    records: 3,
    suspicious: { partialRecord: 2 },
  },
  {
    what: 'm Alea',
    file: 'a.swf',
    contents: `${job({ 2: 1_356_991_347 })} {n1,n2} q p\n`,
    records: 1,
    odd: /21-field dialect of Alea/,
  },
  {
    what: 'sacct: steps',
    file: 'a.log',
    contents: dump(slurm('1', '2024-02-28T10:00:00'), slurm('1.batch', '2024-02-28T10:00:00')),
    ...aside('step', 3, 1),
  },
  {
    what: 'sacct: arrays and parts',
    file: 'a.log',
    contents: dump(
      slurm('1_2', '2024-02-28T10:00:00'),
      slurm('5+0', '2024-02-28T10:00:00'),
      slurm('5+1', '2024-02-28T10:00:00'),
    ),
    records: 2,
  },
  {
    what: 'sacct: waiting',
    file: 'a.log',
    contents: dump(
      slurm('1', '2024-02-28T10:00:00'),
      '2_[1-3]|2024-02-28T10:00:00|Unknown|Unknown|00:00:00|UNLIMITED|1|4|PENDING',
    ),
    records: 1,
  },
  {
    what: 'Azure: base64, cut lives, open buckets',
    file: 'vmtable.csv',
    contents: `${'a/b+c=='.padEnd(40, 'x')},${'s'.padEnd(40, 'x')},${'d'.padEnd(40, 'x')},0,2591700,1,1,1,Unknown,>24,>64\n`,
    records: 1,
    suspicious: { aliveBeforeTheLog: 1, outlastsTheLog: 1, sizeAtLeast: 1 },
  },
  {
    what: 'Google: after the end, ids of 64 bits',
    file: 'task_events.csv',
    contents:
      '0,,18446744073709551615,0,5,0,u,3,9,0.5,0.25,0.1,0\n0,,18446744073709551615,0,5,1,u,3,9,0.5,0.25,0.1,0\n9223372036854775807,,18446744073709551615,0,5,4,u,3,9,0.5,0.25,0.1,0\n700000000,,2,0,5,1,u,3,9,0.5,0.25,0.1,0\n',
    records: 2,
    suspicious: { aliveBeforeTheLog: 1, outlastsTheLog: 2 },
  },
  {
    what: 'Alibaba: repeated and unfinished',
    file: 'batch_task.csv',
    contents:
      'M1,1,j_1,1,Terminated,1,2,50,1\nM1,1,j_1,1,Terminated,1,2,50,1\nR2_1,1,j_1,1,Failed,5,0,50,1\n',
    records: 1,
    dropped: { endUnknown: 1, repeatedRow: 1 },
  },
  {
    what: 'Bitbrains: seconds for milliseconds',
    file: 'a.csv',
    contents: 'Timestamp [ms];\tCPU cores;\tCPU usage [%]\n1376314846;\t2;\t112.5\n',
    records: 2,
    odd: /seconds since 1970 in 1 rows/,
    suspicious: { over100Percent: 1 },
  },
  {
    what: 'spot: backwards in time',
    file: 'a.csv',
    contents:
      'Timestamp,SpotPrice,Region\n2026-01-02T00:00:00Z,0.5,r\n2026-01-01T00:00:00Z,0.25,r\n',
    records: 2,
  },
  {
    what: 'FEMA: more columns, a mark, padded names',
    file: 'a.csv',
    contents:
      '\uFEFFnew,disasterNumber,declarationDate,disasterName,incidentBeginDate,incidentEndDate,declarationType,stateCode,stateName,incidentType\n,1,2005-12-01T00:00:00.000Z,STORM,2005-08-23T00:00:00.000Z,,Emergency,TX,"Texas     ",Flood\n',
    records: 1,
  },
];

for (const each of [...CORPUS, ...TRAPS]) {
  test(each.what, async (t) => {
    const workingDirectory = temporaryFolder(t);
    writeFileSync(join(workingDirectory, each.file), each.contents);
    const argv = ['trace', 'inspect', each.file, ...(each.options ?? [])];
    const plain = await runCli(argv, { workingDirectory });
    t.false(/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e]/.test(plain.stdout), 'safe to print');
    if (each.refused !== undefined) {
      t.is(plain.exitCode, 2, plain.stdout.slice(0, 200));
      assertOneLine(t, plain, `${each.refused}: `);
      t.true(plain.stderr.length < 1_000);
      if (each.says !== undefined) t.regex(plain.stderr, each.says);
      return;
    }
    t.is(plain.exitCode, 0, plain.stderr);
    const { stdout } = await runCli([...argv, '--json'], { workingDirectory });
    const found = JSON.parse(stdout) as Inspected;
    t.is(found.records, each.records ?? -1);
    if (each.dropped !== undefined) t.deepEqual(found.dropped, each.dropped);
    if (each.at !== undefined) {
      const [{ line, column } = { line: 0, column: 0 }] = found.quarantined;
      t.deepEqual([line, column], [...each.at]);
    }
    if (each.suspicious !== undefined) t.like(found.suspicious, each.suspicious);
    if (each.odd !== undefined) {
      t.true(
        found.oddities.some((odd) => each.odd!.test(odd)),
        found.oddities.join('; '),
      );
    }
    const out = ['--to', 'csv', '--out', 'out.csv'];
    const written = await runCli(['trace', 'convert', ...argv.slice(2), ...out], {
      workingDirectory,
    });
    t.is(written.exitCode, 0, written.stderr);
    const text = readFileSync(join(workingDirectory, 'out.csv'), 'utf8');
    t.false(/(^|,)"?[=+@]/m.test(text), 'nothing that a spreadsheet runs');
    t.is(({} as Record<string, unknown>)['admin'], undefined);
  });
}

test.serial('10 a line of 100 MiB is refused before all of it is read', async (t) => {
  const workingDirectory = temporaryFolder(t);
  writeFileSync(join(workingDirectory, 'a.csv'), Buffer.alloc(100 << 20, 'x'));
  const before = process.memoryUsage().rss;
  const result = await runCli(['trace', 'inspect', 'a.csv', ...MAP], { workingDirectory });
  assertOneLine(t, result, 'INPUT_LINE_TOO_LONG: ');
  t.true(process.memoryUsage().rss - before < 80 << 20);
});

test('32 what is wider than the cluster is left out and counted', (t) => {
  const rows = Array.from({ length: 400 }, (_, i) =>
    job({ 1: i + 1, 2: i * 3_600, 5: i % 2 ? 1 : 65 }),
  );
  const trace = testFile(t, `${rows.join('\n')}\n`);
  const { sources } = loadDemand({ trace, format: 'swf', coresPerNode: 1 }, batchContext());
  t.is(sources[0]!.droppedRecords['widerThanCluster'], 200);
});

test('37-39 devices, pipes, folders and links to themselves are refused', async (t) => {
  const workingDirectory = temporaryFolder(t);
  execFileSync('mkfifo', [join(workingDirectory, 'pipe')]);
  mkdirSync(join(workingDirectory, 'folder'));
  symlinkSync('loop', join(workingDirectory, 'loop'));
  for (const [file, code] of [
    ['pipe', 'INPUT_NOT_A_FILE'],
    ['/dev/zero', 'INPUT_NOT_A_FILE'],
    ['folder', 'INPUT_IS_DIRECTORY'],
    ['loop', 'INPUT_FILE_UNREADABLE'],
  ] as const) {
    const result = await runCli(['trace', 'inspect', file], { workingDirectory });
    t.is(result.exitCode, 2, file);
    assertOneLine(t, result, `${code}: `);
  }
});

test('42 a file that changes while it is read is refused', (t) => {
  const path = testFile(t, LOG.repeat(200_000));
  const blocks = openLines(path).blocks[Symbol.iterator]();
  blocks.next();
  truncateSync(path, 9 << 20);
  const error = t.throws(() => blocks.next(), { instanceOf: OcxError });
  t.is(error.code, 'INPUT_CHANGED');
});

test('46, 47, 50 names that steer are tamed where they are shown and whole where they are data', async (t) => {
  const workingDirectory = temporaryFolder(t);
  const names = ['=HYPERLINK("x")', 'a\u202eb', '__proto__', 'constructor'];
  const rows = names.map((name) => `"${name.replaceAll('"', '""')}",1,2`);
  writeFileSync(join(workingDirectory, 'a.csv'), `series,seconds,value\n${rows.join('\n')}\n`);
  const shown = await runCli(['trace', 'inspect', 'a.csv'], { workingDirectory });
  t.regex(shown.stdout, /^a\\u\{202e\}b /m);
  t.false(shown.stdout.includes('\u202e'));
  const argv = ['trace', 'convert', 'a.csv', '--to', 'csv', '--out'];
  t.is((await runCli([...argv, 'b.csv'], { workingDirectory })).exitCode, 0);
  const text = readFileSync(join(workingDirectory, 'b.csv'), 'utf8');
  t.regex(text, /^"'=HYPERLINK\(""x""\)",1,2$/m);
  for (const name of names.slice(1)) t.true(text.includes(`\n${name},1,2`), name);
});

test('every number of the corpus that a trace can have is here', (t) => {
  const elsewhere = [10, 32, 37, 38, 39, 42, 46, 47];
  // 40: there are no includes. 41: archives, in test/workloads/input.test.ts.
  const notOfTraces = [40, 41];
  const here = CORPUS.map(({ what }) => Number(what.split(' ', 1)[0]));
  const covered = new Set([...here, ...elsewhere, ...notOfTraces]);
  t.deepEqual(
    Array.from({ length: 50 }, (_, i) => i + 1).filter((number) => !covered.has(number)),
    [],
  );
  const letters = TRAPS.map(({ what }) => what.split(' ', 1)[0]!).filter(
    (word) => word.length === 1,
  );
  // n, cores for nodes, is a setting of a scenario: test/workloads/source.test.ts.
  t.is([...new Set(letters)].join(''), 'abcdefghijklm');
});

function drain(path: string, limits = SCAN_LIMITS): number {
  let size = 0;
  for (const block of openLines(path, limits).blocks) size += block.end - block.start;
  return size;
}

test('a large packed file is read piece by piece, the same as plain, its damage refused', (t) => {
  // Digits that do not repeat: packed they are still beyond what is unpacked in memory.
  const rows = Array.from({ length: 260_000 }, (_, i) => {
    const digits = Math.floor((Math.sin(i) + 1) * 1e15);
    return `${digits},${(i * 2_654_435_761) % 4_294_967_296},${(digits * 7) % 1e14}`;
  });
  const text = `\uFEFF${rows.join('\n')}\n`;
  const sum = (path: string, limits = SCAN_LIMITS) => {
    const hash = createHash('sha256');
    let lines = 0;
    for (const { bytes, start, end } of openLines(path, limits).blocks) {
      hash.update(bytes.subarray(start, end));
      for (let at = start; at < end; at++) if (bytes[at] === 10) lines += 1;
    }
    t.is(lines, rows.length);
    return hash.digest('hex');
  };
  const plain = sum(testFile(t, text));
  const gzip = gzipSync(text, { level: 1 });
  const half = text.indexOf('\n', text.length / 2) + 1;
  const zstd = Buffer.concat(
    [text.slice(0, half), text.slice(half)].map((part) => zstdCompressSync(part)),
  );
  for (const packed of [gzip, zstd]) {
    t.true(packed.length > PACKED_IN_MEMORY);
    t.is(sum(testFile(t, packed, 'a.csv')), plain);
    refusal(t, () => drain(testFile(t, packed.subarray(0, -1_000))), 'INPUT_TRUNCATED');
  }
  const damaged = Buffer.from(gzip);
  damaged[gzip.length >> 1]! ^= 0xff;
  refusal(t, () => drain(testFile(t, damaged)), 'INPUT_GZIP_CORRUPT');
  const behind = Buffer.concat([gzip, Buffer.from('more')]);
  refusal(t, () => drain(testFile(t, behind)), 'INPUT_GZIP_CORRUPT');
  const small = { ...SCAN_LIMITS, maxUnpackedBytes: text.length - 1_000 };
  refusal(t, () => drain(testFile(t, gzip), small), 'INPUT_GZIP_BOMB');
  refusal(t, () => openLines(testFile(t, gzipSync(gzip, { level: 0 }))), 'INPUT_GZIP_NESTED');
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'a.csv'), text);
  execFileSync('tar', ['-czf', 'a.tar.gz', 'a.csv'], { cwd: folder });
  t.is(drain(join(folder, 'a.tar.gz')), Buffer.byteLength(text) - 3);
});
