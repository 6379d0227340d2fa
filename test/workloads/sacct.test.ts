/** Slurm's sacct: every trap of the format in made-up dumps. */
import test from 'ava';
import { loadDemand } from '../../workloads/source.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import {
  memoryMib,
  nodesIn,
  readSacct,
  sacctFormat,
  secondsOf,
} from '../../workloads/formats/sacct.ts';
import { batchContext, refusal, testFile } from './files.ts';

const HEADER =
  'JobID|JobIDRaw|User|Partition|QOS|Submit|Start|End|Elapsed|Timelimit|NNodes|AllocCPUS|ReqCPUS|ReqMem|State|JobName|SubmitLine|ExitCode';

interface Job {
  readonly id?: string;
  readonly submit?: string;
  readonly start?: string;
  readonly elapsed?: string;
  readonly limit?: string;
  readonly nodes?: number;
  readonly memory?: string;
  readonly state?: string;
  readonly name?: string;
  readonly line?: string;
}

function row(job: Job): string {
  const start = job.start ?? '2022-03-07T10:00:10';
  const submit = job.submit ?? '2022-03-07T10:00:00';
  const nodes = job.nodes ?? 2;
  return [
    job.id ?? '7',
    (job.id ?? '7').replace(/[_+].*/, ''),
    'ada',
    'batch',
    'normal',
    submit,
    start,
    start,
    job.elapsed ?? '01:00:00',
    job.limit ?? '02:00:00',
    nodes,
    nodes * 16,
    nodes * 16,
    job.memory ?? '4Gn',
    job.state ?? 'COMPLETED',
    job.name ?? 'solve',
    job.line ?? 'sbatch run.sh',
    '0:0',
  ].join('|');
}

const dump = (...rows: readonly string[]) => `${[HEADER, ...rows].join('\n')}\n`;

test('a job is read with its wait, run, limit, width, memory and names', (t) => {
  const log = readSacct(testFile(t, dump(row({})), 'jobs.log'));
  t.deepEqual(log.ids, ['7']);
  t.is(log.header.unixStartSeconds, Date.parse('2022-03-07T10:00:00Z') / 1000);
  t.is(log.details!.waitSeconds[0], 10);
  t.is(log.jobs.runSeconds[0], 3_600);
  t.is(log.jobs.estimateSeconds[0], 7_200);
  t.deepEqual([log.nodes![0], log.jobs.processors[0]], [2, 32]);
  t.is(log.memoryMib![0], 8_192);
  t.deepEqual([...log.userNames], [[1, 'ada']]);
  t.is(log.header.partitions.get(1), 'batch');
});

test('steps, pending arrays, running and unknown states are set aside and counted', (t) => {
  const text = dump(
    row({}),
    row({ id: '7.batch' }),
    row({ id: '7.extern' }),
    row({ id: '7.0' }),
    row({ id: '8_[1-10%2]', start: 'Unknown', state: 'PENDING' }),
    row({ id: '9', state: 'RUNNING' }),
    row({ id: '10', state: 'ODD' }),
    row({ id: '11', submit: 'Unknown' }),
  );
  const log = readSacct(testFile(t, text, 'jobs.log'));
  t.is(log.jobs.count, 1);
  t.deepEqual(
    { ...log.dropped },
    { notStartedYet: 1, stateUnknown: 1, step: 3, stillRunning: 1, submitUnknown: 1 },
  );
  t.deepEqual(log.quarantined[0], { reason: 'step', line: 3, column: 1 });
  const odd = log.quarantined.find(({ reason }) => reason === 'stateUnknown')!;
  t.is(odd.line, 8);
  t.is(
    text
      .split('\n')[7]!
      .slice(odd.column - 1)
      .split('|')[0],
    'ODD',
  );
});

test('separators and line feeds in names and submit lines move nothing', (t) => {
  const plain = row({ id: '1' });
  const piped = row({ id: '2', name: 'a|b', line: "sbatch --wrap=env | grep X | sed 's/^/y/'" });
  const long = row({ id: '3', line: 'srun bash -c if [ -d /x ] | cat\n   then\n echo |a|\n fi' });
  const log = readSacct(testFile(t, dump(plain, piped, long, row({ id: '4' })), 'jobs.log'));
  t.deepEqual(log.ids, ['1', '2', '3', '4']);
  t.deepEqual([...log.jobs.runSeconds], [3_600, 3_600, 3_600, 3_600]);
  t.deepEqual(log.quarantined, []);
  t.is(log.lines, 8);
});

test('a damaged row is set aside with its line and takes no neighbour with it', (t) => {
  const log = readSacct(testFile(t, dump('5|5|ada', row({ id: '6' })), 'jobs.log'));
  t.deepEqual(log.ids, ['6']);
  t.deepEqual(log.quarantined, [{ reason: 'fieldCount', line: 2, column: 1 }]);
});

test('components of a heterogeneous job are one job, arrays are single jobs', (t) => {
  const text = dump(
    row({ id: '20+0', nodes: 1 }),
    row({ id: '20+0.batch', nodes: 1 }),
    row({ id: '20+1', nodes: 3, elapsed: '1-00:00:00' }),
    row({ id: '21_4' }),
    row({ id: '21_5', state: 'TIMEOUT' }),
  );
  const log = readSacct(testFile(t, text, 'jobs.log'));
  t.deepEqual(log.ids, ['20', '21_4', '21_5']);
  t.deepEqual([...log.nodes!], [4, 2, 2]);
  t.is(log.jobs.processors[0], 64);
  t.is(log.jobs.runSeconds[0], 86_400);
  t.deepEqual([...log.details!.status], [1, 1, 0]);
  t.deepEqual([...log.jobs.jobNumber], [1, 2, 3]);
});

test('who cancelled, unlimited limits and jobs that never started are understood', (t) => {
  const text = dump(
    row({ id: '30', state: 'CANCELLED by 75200', start: 'Unknown', elapsed: '00:00:00' }),
    row({ id: '31', state: 'CANCELLED+', limit: 'UNLIMITED' }),
    row({ id: '32', state: 'NODE_FAIL', limit: 'Partition_Limit' }),
  );
  const log = readSacct(testFile(t, text, 'jobs.log'));
  t.deepEqual([...log.details!.status], [5, 5, 0]);
  t.deepEqual([...log.jobs.estimateSeconds], [7_200, -1, -1]);
  t.deepEqual([...log.jobs.runSeconds], [0, 3_600, 3_600]);
  t.is(log.details!.waitSeconds[0], -1);
});

test('64-bit ids stay whole', (t) => {
  const id = '9223372036854775807';
  const log = readSacct(testFile(t, dump(row({ id }), row({ id: '2' })), 'jobs.log'));
  t.deepEqual(log.ids, [id, '2']);
  const converted = sacctFormat.swf!(log.path, {});
  t.deepEqual([...converted.jobs.jobNumber], [1, 2]);
  t.true(converted.notRepresented.some((text) => text.startsWith('ids of 1 jobs')));
});

test('local times become instants where a zone is named, also across daylight saving time', (t) => {
  const text = dump(
    row({ id: '1', submit: '2022-03-27T00:30:00', start: '2022-03-27T03:30:00' }),
    row({ id: '2', submit: '1648346400', start: '1648346460' }),
  );
  const path = testFile(t, text, 'jobs.log');
  t.is(readSacct(path).details!.waitSeconds[0], 10_800);
  const log = readSacct(path, { timeZone: 'Europe/Stockholm' });
  t.is(log.details!.waitSeconds[0], 7_200);
  t.is(log.details!.waitSeconds[1], 60);
  t.is(log.header.timeZone, 'Europe/Stockholm');
  refusal(t, () => readSacct(path, { timeZone: 'Mars/Olympus' }), 'INPUT_ZONE');
});

test('durations, memory and node lists are read as Slurm writes them', (t) => {
  t.is(secondsOf('2-03:04:05'), 183_845);
  t.is(secondsOf('03:04.250'), 184.25);
  t.is(secondsOf('UNLIMITED'), null);
  t.is(memoryMib('2800Mc', 12, 1), 33_600);
  t.is(memoryMib('4Gn', 12, 2), 8_192);
  t.is(memoryMib('187000M', 12, 2), 187_000);
  t.is(memoryMib('1.5T', 1, 1), 1_572_864);
  t.is(memoryMib('2Gc', -1, 1), -1);
  t.is(memoryMib('?', 1, 1), -1);
  t.is(nodesIn('cpn-q06-04-[01-02,07],gpu1'), 4);
  t.is(nodesIn('None assigned'), undefined);
  t.is(nodesIn('n[1-99999999999]'), undefined);
  const started = performance.now();
  nodesIn('a['.repeat(100_000));
  nodesIn('1'.repeat(200_000));
  t.true(performance.now() - started < 1_000, 'open brackets cost no more than their length');
});

test('files that are no dump, end within a row or have no job are refused in one line', (t) => {
  const headless = refusal(t, () => readSacct(testFile(t, `${row({})}\n`, 'j')), 'INPUT_HEADER');
  t.is(headless.place?.line, 1);
  const cut = dump(row({}), row({ id: '8' })).slice(0, -30);
  t.is(refusal(t, () => readSacct(testFile(t, cut, 'j')), 'INPUT_TRUNCATED').place?.line, 3);
  const steps = testFile(t, dump(row({ id: '7.0' })), 'j');
  t.is(refusal(t, () => readSacct(steps), 'INPUT_NO_ROWS').place?.line, 2);
});

test('hostile rows of separators are refused fast', (t) => {
  const rows = Array.from({ length: 300 }, () => '1|'.repeat(200)).join('\n');
  const started = performance.now();
  refusal(t, () => readSacct(testFile(t, `${HEADER}\n${rows}\n`, 'j')), 'INPUT_NO_ROWS');
  t.true(performance.now() - started < 5_000);
});

test('a dump drives a batch cluster by whole nodes, the same for the same seed', (t) => {
  const day = (index: number) => `2022-03-${String(7 + index).padStart(2, '0')}`;
  const rows = Array.from({ length: 15 }, (_, i) =>
    row({ id: String(i + 1), submit: `${day(i)}T08:00:00`, start: `${day(i)}T08:05:00` }),
  );
  const path = testFile(t, dump(...rows), 'jobs.log');
  t.is(recogniseFormat(path).name, 'sacct');
  const load = () => loadDemand({ trace: path, format: 'sacct' }, batchContext());
  const { demand, sources } = load();
  t.is(demand.kind, 'batch');
  if (demand.kind !== 'batch') return;
  t.is(demand.jobs.count, 7);
  t.true(demand.jobs.processors.every((nodes) => nodes === 2));
  t.is(sources[0]!.label, 'real');
  t.regex(sources[0]!.treatment, /whole nodes as logged/);
  t.deepEqual(load(), { demand, sources });
});
