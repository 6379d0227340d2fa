import test from 'ava';
import fc from 'fast-check';
import { OcxError } from '../../core/kernel/errors.ts';
import { emptyJobTable } from '../../core/demand/jobs.ts';
import { cleanSwf, SIMULATION_POLICY } from '../../workloads/formats/swf-cleaning.ts';
import { SwfStream } from '../../workloads/formats/swf-stream.ts';
import { swfText } from '../../workloads/formats/swf-writer.ts';
import { machineProcessors, readSwf } from '../../workloads/formats/swf.ts';
import { record, refusal, testFile } from './files.ts';

const JOB = record({ 1: 1, 2: 5, 3: 2, 4: 10, 5: 4, 8: 4, 9: 60, 11: 1, 12: 7 });

test('the fields of a record end up in their columns', (t) => {
  const { jobs } = readSwf(testFile(t, `${JOB}\n`));
  t.is(jobs.count, 1);
  t.deepEqual(
    [jobs.jobNumber, jobs.submitSeconds, jobs.runSeconds, jobs.estimateSeconds].map((c) => c[0]),
    [1, 5, 10, 60],
  );
  t.is(jobs.processors[0], 4);
  t.is(jobs.user[0], 7);
});

test('processors are field 8, else field 5, and the other way round on request', (t) => {
  const path = testFile(
    t,
    `${record({ 1: 1, 2: 0, 5: 4, 8: 6 })}\n${record({ 1: 2, 2: 0, 5: 4 })}\n${record({ 1: 3, 2: 0, 8: 6 })}\n`,
  );
  t.deepEqual([...readSwf(path).jobs.processors], [6, 4, 6]);
  t.deepEqual([...readSwf(path, { processors: 'allocated' }).jobs.processors], [4, 4, 6]);
});

test('decimals, tabs, blank lines and a last line without its line feed are read', (t) => {
  const text = `\n\t1\t0.5 -1 10.25 2 142.00 -1 2 60 -1 1 3 -1 -1 -1 -1 -1 -1  \r\n\n  ${JOB}`;
  const { jobs } = readSwf(testFile(t, text));
  t.deepEqual([...jobs.submitSeconds], [0.5, 5]);
  t.deepEqual([...jobs.runSeconds], [10.25, 10]);
});

test('a header is read leniently and its oddities are told', (t) => {
  const header = [
    '; Version: 2.2',
    ';Computer: IBM SP2',
    '; Information: http://one',
    ';              http://two',
    ';\tsee: http://three',
    '; TimeZone: 3600',
    '; TimeZoneString: US/Pacific',
    '; MaxNodes: 338 (batch partition; 512 total)',
    '; MaxProcs: 338',
    '; MaxProcs: 512',
    '; MaxJobs: many',
    '; Queue:  1 DSI      ',
    '; Partition: 18 z+i5U=:',
    '; Partition: nonsense',
    '; Note: one',
    ';       two: three',
    '; UnixStartTime: 835823160',
    '; __proto__: x',
    ';',
  ];
  const log = readSwf(testFile(t, `${header.join('\n')}\n${JOB}\n`));
  t.is(log.header.computer, 'IBM SP2');
  t.is(log.header.maxNodes, 338);
  t.is(log.header.maxProcs, 338);
  t.is(log.header.maxJobs, null);
  t.is(log.header.timeZone, 'US/Pacific');
  t.is(log.header.unixStartSeconds, 835823160);
  t.is(log.header.queues.get(1), 'DSI');
  t.is(log.header.partitions.get(18), 'z+i5U=:');
  t.deepEqual(log.header.notes, ['one', 'two: three']);
  t.deepEqual(log.header.oddities, [
    'MaxProcs is given twice; the first one counts',
    'MaxJobs is not a number: many',
    'MaxNodes has text after its number: 338 (batch partition; 512 total)',
    'Partition line not understood: nonsense',
  ]);
});

test('a log without a header asks for the number of processors', (t) => {
  const log = readSwf(testFile(t, `${JOB}\n`));
  const error = refusal(t, () => machineProcessors(log), 'INPUT_PROCS_MISSING');
  t.regex(error.remedy!, /--procs/);
  t.is(machineProcessors(log, 8), 8);
  t.is(machineProcessors(readSwf(testFile(t, `; MaxNodes: 5\n${JOB}\n`))), 5);
});

test('jobs are put into (submit, file) order', (t) => {
  const rows = [10, 5, 10, 7, 5].map((submit, i) => record({ 1: i + 1, 2: submit, 4: 1, 8: 1 }));
  const log = readSwf(testFile(t, `${rows.join('\n')}\n`), { details: true });
  t.deepEqual([...log.jobs.jobNumber], [2, 5, 4, 1, 3]);
  t.is(log.outOfOrder, 3);
});

test('what is no record is set aside by reason with its line and column', (t) => {
  const text = [
    JOB,
    '1 2 3',
    record({ 1: 3, 2: 'x' }),
    record({ 1: 4, 2: -1, 4: 5 }),
    `${JOB} 7`,
    record({ 1: 6, 2: 0, 8: 1.5 }),
    record({ 1: 7, 2: '１２' }),
    record({ 1: 8, 2: '0x10' }),
    record({ 1: 9, 2: '1,000' }),
    record({ 1: 10, 2: 'NaN' }),
    record({ 1: 11, 2: '1e3' }),
    record({ 1: 12, 2: '--1' }),
    JOB,
  ].join('\n');
  const log = readSwf(testFile(t, text));
  t.is(log.jobs.count, 2);
  t.deepEqual(
    { ...log.dropped },
    { fieldCount: 2, notANumber: 7, submitUnknown: 1, notAnInteger: 1 },
  );
  t.deepEqual(log.quarantined.slice(0, 4), [
    { reason: 'fieldCount', line: 2, column: 5 },
    { reason: 'notANumber', line: 3, column: 3 },
    { reason: 'submitUnknown', line: 4, column: 3 },
    { reason: 'fieldCount', line: 5, column: JOB.lastIndexOf(' ') + 2 },
  ]);
});

test('a number that no machine has seen is refused with its line and column', (t) => {
  for (const [field, value] of [
    [1, '9007199254740993'],
    [2, '1000000000'],
    [3, '1000000000'],
    [4, '1000000000'],
    [5, '1000000000'],
    [8, '1000000000'],
    [9, '1000000000'],
    [12, '3000000000'],
    [4, '9'.repeat(400)],
  ] as const) {
    const bad = record({ 1: 2, 2: 6, 4: 1, 5: 1, 8: 1, 9: 1, 12: 1, [field]: value });
    const path = testFile(t, `; c\n${JOB}\n${bad}\n`);
    const error = refusal(t, () => readSwf(path), 'INPUT_OUT_OF_RANGE');
    const column =
      bad
        .split(' ')
        .slice(0, field - 1)
        .join(' ').length + (field > 1 ? 2 : 1);
    t.deepEqual(error.place, { file: path, line: 3, column });
  }
});

test('a file that ends in the middle of a record is refused', (t) => {
  const path = testFile(t, `${JOB}\n${JOB.slice(0, 20)}`);
  t.is(refusal(t, () => readSwf(path), 'INPUT_TRUNCATED').place?.line, 2);
});

test('a file without any record is refused, with what its first line is', (t) => {
  refusal(t, () => readSwf(testFile(t, '; Version: 2.2\n;\n')), 'INPUT_NO_ROWS');
  const error = refusal(t, () => readSwf(testFile(t, 'a,b,c\n1,2,3\n')), 'INPUT_NO_ROWS');
  t.is(error.place?.line, 1);
});

test('the 21-field dialect of Alea has absolute times and is rebased', (t) => {
  const alea = (job: number, submit: number) =>
    `${job} ${submit} 3 100 2 1 1024 2 60 99999999999 1 62 1 1 -1 1 1 1 {4,4} q_1d 1:ppn=2:x86_64`;
  const path = testFile(t, `${alea(0, 1356996147)}\n${alea(1, 1356996695)}\n`);
  const log = readSwf(path);
  t.is(log.dialect, 'alea');
  t.deepEqual([...log.jobs.submitSeconds], [0, 548]);
  t.is(log.header.unixStartSeconds, 1356996147);
  t.is(log.jobs.processors[1], 2);
});

test('cleaning is off unless asked for', (t) => {
  const text = [
    record({ 1: 1, 2: 0, 4: -1, 8: 1, 11: 5 }),
    record({ 1: 2, 2: 0, 4: 0, 8: 1, 9: 5 }),
    record({ 1: 3, 2: 0, 4: 9, 8: 1, 9: 5 }),
  ].join('\n');
  const log = readSwf(testFile(t, text), { details: true });
  const cleaned = cleanSwf(log);
  t.deepEqual(cleaned.jobs, log.jobs);
  t.deepEqual({ ...cleaned.dropped }, {});
  t.deepEqual(
    { ...cleaned.adjusted },
    { estimateMissing: 1, runZero: 1, ranLongerThanRequested: 1 },
  );
});

test('the policies for simulation drop, fill in and extend, and count it', (t) => {
  const text = [
    record({ 1: 1, 2: 0, 4: -1, 8: 1, 11: 5 }),
    record({ 1: 2, 2: 1, 4: -1, 8: 1, 11: 1 }),
    record({ 1: 3, 2: 2, 4: 0, 8: 1, 9: 5 }),
    record({ 1: 4, 2: 3, 4: 9, 8: 1, 9: 5 }),
    record({ 1: 5, 2: 4, 4: 9, 8: 1 }),
    record({ 1: 6, 2: 5, 4: 9, 9: 5 }),
  ].join('\n');
  const log = readSwf(testFile(t, text), { details: true });
  const cleaned = cleanSwf(log, SIMULATION_POLICY);
  t.deepEqual([...cleaned.jobs.jobNumber], [3, 4, 5]);
  t.deepEqual([...cleaned.jobs.runSeconds], [1, 9, 9]);
  t.deepEqual([...cleaned.jobs.estimateSeconds], [5, 9, 9]);
  t.deepEqual({ ...cleaned.dropped }, { neverStarted: 1, runUnknown: 1, processorsUnknown: 1 });
  const capped = cleanSwf(log, { ...SIMULATION_POLICY, overrun: 'cap' });
  t.deepEqual([...capped.jobs.runSeconds], [1, 5, 9]);
});

test('a job in several records becomes one', (t) => {
  const part = (job: number, submit: number, run: number, status: number) =>
    record({ 1: job, 2: submit, 4: run, 8: 2, 9: 100, 11: status });
  const text = [
    part(1, 0, 30, 1),
    part(1, 0, 10, 2),
    part(1, -1, 20, 3),
    part(2, 5, 7, 2),
    part(2, -1, 8, 2),
    part(2, -1, 9, 4),
    part(3, 6, 1, 1),
  ].join('\n');
  const log = readSwf(testFile(t, text), { details: true });
  t.is(log.jobs.count, 7, 'raw: every record stands');
  t.deepEqual({ ...log.dropped }, {});
  const { jobs, dropped, adjusted } = cleanSwf(log, SIMULATION_POLICY);
  t.deepEqual([...jobs.jobNumber], [1, 2, 3]);
  t.deepEqual([...jobs.runSeconds], [30, 24, 1]);
  t.deepEqual({ ...dropped }, { partOfSummarisedJob: 2, mergedIntoFirstRecord: 2 });
  t.is(adjusted['mergedJob'], 1);
});

test('what is written is read back the same', (t) => {
  const job = fc.record({
    submit: fc.integer({ min: 0, max: 1e8 }),
    run: fc.integer({ min: -1, max: 1e6 }),
    estimate: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 1e6 })),
    processors: fc.integer({ min: 1, max: 1e6 }),
    user: fc.integer({ min: -1, max: 1e6 }),
  });
  fc.assert(
    fc.property(fc.array(job, { minLength: 1, maxLength: 50 }), (list) => {
      const sorted = [...list].sort((a, b) => a.submit - b.submit);
      const jobs = emptyJobTable(sorted.length);
      sorted.forEach((each, i) => {
        jobs.jobNumber[i] = i + 1;
        jobs.submitSeconds[i] = each.submit;
        jobs.runSeconds[i] = each.run;
        jobs.estimateSeconds[i] = each.estimate;
        jobs.processors[i] = each.processors;
        jobs.user[i] = each.user;
      });
      const text = [...swfText(jobs, [['MaxProcs', 7]])].join('');
      const log = readSwf(testFile(t, text));
      t.deepEqual(log.jobs, jobs);
      t.is(log.header.maxProcs, 7);
    }),
    { numRuns: 60 },
  );
});

/** What a plain reader makes of a line: 18 numbers, or the reason why not. */
function plainly(line: string): number[] | 'blank' | 'header' | 'bad' {
  const words = line.trim().split(/\s+/);
  if (words[0] === '') return 'blank';
  if (words[0]!.startsWith(';')) return 'header';
  const numbers = words.map((word) => (/^-?(\d+\.?\d*|\.\d+)$/.test(word) ? Number(word) : NaN));
  return words.length === 18 && !numbers.some(Number.isNaN) ? numbers : 'bad';
}

test('the scanner agrees with a plain reader on messy lines', (t) => {
  const word = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -1, max: 5000 }).map(String) },
    { weight: 2, arbitrary: fc.tuple(fc.nat(99), fc.nat(999)).map(([a, b]) => `${a}.${b}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('x', '-', '1-', '.', '5.', '.5', '+1', '1e2', ';', '-0'),
    },
  );
  const gap = fc.constantFrom(' ', '  ', '\t', ' \t ');
  const line = fc
    .tuple(
      fc.array(fc.tuple(word, gap), { minLength: 17, maxLength: 19 }),
      fc.constantFrom('', ' ', '\r'),
    )
    .map(([words, end]) => words.map(([text, space]) => text + space).join('') + end);
  const lines = fc.array(
    fc.oneof(
      { weight: 10, arbitrary: line },
      { weight: 1, arbitrary: fc.constantFrom('', '; note', '   ', '\r') },
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(lines, (found) => {
      const text = [JOB, ...found].join('\n');
      const expected = [JOB, ...found].map(plainly).filter((each) => Array.isArray(each));
      const integral = (value: number) => Number.isInteger(value);
      const kept = expected.filter((values) => {
        const processors = values[7]! > 0 ? values[7]! : values[4]!;
        return values[1]! >= 0 && integral(processors);
      });
      const log = readSwf(testFile(t, `${text}\n`));
      const order = kept
        .map((values, index) => ({ values, index }))
        .sort((a, b) => a.values[1]! - b.values[1]! || a.index - b.index)
        .map(({ values }) => values);
      t.deepEqual(
        [...log.jobs.jobNumber],
        order.map((values) => values[0]!),
      );
      t.deepEqual(
        [...log.jobs.runSeconds],
        order.map((values) => values[3]!),
      );
      const aside = Object.values(log.dropped).reduce((sum, count) => sum + count, 0);
      const bad = [JOB, ...found].filter((each) => plainly(each) === 'bad').length;
      t.is(aside, bad + expected.length - kept.length);
    }),
    { numRuns: 300 },
  );
});

/** The rows of a log that is read in blocks of a few lines, as text. */
function inPieces(text: string, path: string, linesPerBlock: number, heldBack: number): string[] {
  const lines = text.split(/(?<=\n)/);
  function* blocks() {
    for (let at = 0; at < lines.length; at += linesPerBlock) {
      const bytes = Buffer.from(lines.slice(at, at + linesPerBlock).join(''));
      yield { bytes, start: 0, end: bytes.length };
    }
  }
  const rows: string[] = [];
  const options = { details: true };
  for (const piece of new SwfStream(path, options, { blocks: blocks(), heldBack }).pieces()) {
    rows.push(...rowsOf(piece));
  }
  return rows;
}

function rowsOf({ jobs, details }: Pick<ReturnType<typeof readSwf>, 'jobs' | 'details'>): string[] {
  const columns = [...Object.values(jobs), ...Object.values(details!)].filter(ArrayBuffer.isView);
  return Array.from({ length: jobs.count }, (_, row) =>
    columns.map((column) => (column as Float64Array)[row]).join(' '),
  );
}

test('a log in pieces has the rows of the whole one, however it is cut', (t) => {
  const disorder = 6;
  const log = Array.from({ length: 200 }, (_, i) => {
    const submit = 10 * (i - ((i * 5) % (disorder + 1))) + (i % 3 === 0 ? 5 : 0);
    const fields = { 1: i, 2: 100 + submit, 3: i % 5, 4: i, 5: 1 + (i % 4), 8: 2, 9: 9, 11: i % 6 };
    return i % 40 === 20 ? `odd ${i}` : record(fields);
  });
  const text = `; MaxProcs: 64\n${log.join('\n')}`;
  const path = testFile(t, text);
  const whole = readSwf(path, { details: true });
  t.true(whole.outOfOrder > 50);
  for (const [linesPerBlock, heldBack] of [
    [1, 7],
    [3, 9],
    [17, 7],
    [1_000, 7],
    [5, 500],
  ] as const) {
    const rows = inPieces(text, path, linesPerBlock, heldBack);
    t.deepEqual(rows, rowsOf(whole), `${linesPerBlock} lines, ${heldBack} held back`);
  }
  // Line 6 comes before line 4, which has left by then: two records were held back, 3 and 5.
  const expectation = { instanceOf: OcxError, code: 'INPUT_UNSORTED' };
  const late = t.throws(() => inPieces(text, path, 1, 2), expectation);
  t.is(late.place?.line, 6);
});

test('Alea in pieces is rebased as a whole, and what is no log is refused', (t) => {
  const alea = [1_000_000_007, 1_000_000_009, 1_000_000_012].map(
    (submit, i) => `${record({ 1: i, 2: submit, 4: 5, 5: 1, 8: 1, 9: 9 })} {1} q p`,
  );
  const path = testFile(t, `${alea.join('\n')}\n`);
  const whole = readSwf(path, { details: true });
  t.is(whole.dialect, 'alea');
  t.deepEqual(inPieces(`${alea.join('\n')}\n`, path, 1, 1), rowsOf(whole));
  t.throws(() => inPieces('no log\n', path, 1, 1), { code: 'INPUT_NO_ROWS' });
  t.throws(() => inPieces(`${JOB}\n1 2 3`, path, 1, 1), { code: 'INPUT_TRUNCATED' });
});
