import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { SCHEDULE_COLUMNS } from '../../cli/replay-schedule.ts';
import { CRATE_FILE, researchCrate } from '../../cli/research-crate.ts';
import { sha256Hex } from '../../core/kernel/sha256.ts';
import { renderMetricsCsv } from '../../reports/tables/metrics-csv.ts';
import { readOpenDcFragments } from '../../workloads/formats/opendc-fragments.ts';
import { readOpenDc } from '../../workloads/formats/opendc.ts';
import { readParquet } from '../../workloads/parquet-reader.ts';
import { readSwf } from '../../workloads/formats/swf.ts';
import { exampleManifest, exampleMetrics } from '../reports/example-metrics.ts';
import { runCli, temporaryFolder } from './run.ts';

const EXPORTS = readFileSync(new URL('../../docs/EXPORTS.md', import.meta.url), 'utf8');

/** Job 2 is cut to its estimate, job 4 too large: worked by hand under EASY, as below. */
const LOG = `; MaxProcs: 4
1 1 -1 10 3 -1 -1 3 20 -1 1 7 1 1 1 -1 -1 -1
2 2 -1 99 4 -1 -1 4 10 -1 1 8 1 1 1 -1 -1 -1
3 3 -1 10 1 -1 -1 1 10 -1 1 7 1 1 1 -1 -1 -1
4 4 -1 10 9 -1 -1 9 10 -1 1 9 1 1 1 -1 -1 -1
`;

async function schedule(t: ExecutionContext, folder: string, log: string, file: string) {
  const argv = ['replay', log, '--scheduler', 'easy', '--json', '--schedule', file];
  const result = await runCli(argv, { workingDirectory: folder });
  t.is(result.exitCode, 0, result.stderr);
  return readFileSync(join(folder, file), 'utf8');
}

test('a schedule is written as a tidy table, as worked by hand', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  const lines = (await schedule(t, folder, 'log.swf', 'schedule.csv')).trimEnd().split('\n');
  t.deepEqual(lines, [
    SCHEDULE_COLUMNS.join(','),
    '1,7,easy,1,1,11,0,10,20,3,1',
    '2,8,easy,2,13,23,11,10,10,4,2.1',
    '3,7,easy,3,3,13,0,10,10,1,1',
  ]);
});

test('a schedule in the Standard Workload Format reads back, and replays as itself', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), LOG);
  const text = await schedule(t, folder, 'log.swf', 'schedule.swf');
  const { jobs, details, header } = readSwf(join(folder, 'schedule.swf'), { details: true });
  t.is(header.maxProcs, 4);
  t.deepEqual([...jobs.jobNumber], [1, 2, 3]);
  t.deepEqual([...details!.waitSeconds], [0, 11, 0]);
  t.deepEqual([...jobs.runSeconds], [10, 10, 10]);
  t.deepEqual([...jobs.user], [7, 8, 7]);
  t.deepEqual([...details!.status], [1, 1, 1]);
  t.is(
    (await schedule(t, folder, 'schedule.swf', 'again.swf')).split('\n').slice(5).join(),
    text.split('\n').slice(5).join(),
  );
});

test('a schedule as tasks of OpenDC has its times in milliseconds', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'log.swf'), `; UnixStartTime: 1000\n${LOG}`);
  await schedule(t, folder, 'log.swf', 'task.parquet');
  const { columns, rows } = readParquet(join(folder, 'task.parquet'), [
    'timestamp',
    'timestamp_absolute',
    'task_id',
    'cpu_count',
    'submission_time',
    'schedule_time',
    'finish_time',
  ]);
  t.is(rows, 3);
  const row = [...columns.values()].map((values) => values[1]);
  t.deepEqual(row, [23_000n, 1_023_000n, '2', 4, 1_002_000n, 1_013_000n, 1_023_000n]);
});

test('jobs and machines become a workload of OpenDC that reads back', async (t) => {
  const folder = temporaryFolder(t);
  const never = '5 5 -1 -1 3 -1 -1 3 20 -1 5 7 1 1 1 -1 -1 -1\n';
  writeFileSync(join(folder, 'log.swf'), `; UnixStartTime: 1000000000\n${LOG}${never}`);
  const machines =
    'id,startSeconds,endSeconds,cores,memoryGb,owner,category,aliveBefore,outlasts\n';
  writeFileSync(join(folder, 'vms.csv'), `${machines}a,0,60,2,3.5,o,c,0,0\n`);
  const convert = async (file: string, out: string) => {
    const argv = ['trace', 'convert', file, '--to', 'opendc', '--out', out, '--json'];
    const result = await runCli(argv, { workingDirectory: folder });
    t.is(result.exitCode, 0, result.stderr);
    return JSON.parse(result.stdout) as { rows: number; dropped: object; notRepresented: string[] };
  };
  const jobs = await convert('log.swf', 'jobs');
  t.is(jobs.rows, 4);
  t.deepEqual(jobs.dropped, { noRunTime: 1 });
  t.true(jobs.notRepresented.some((lost) => lost.startsWith('speed is assumed')));
  const back = readOpenDc(join(folder, 'jobs', 'tasks.parquet'));
  t.deepEqual(back.ids, ['1', '2', '3', '4']);
  t.deepEqual([...back.jobs.runSeconds], [10, 99, 10, 10]);
  t.deepEqual([...back.jobs.processors], [3, 4, 1, 9]);
  t.deepEqual([...back.jobs.submitSeconds], [0, 1, 2, 3]);
  t.is(back.header.unixStartSeconds, 1_000_000_001);
  t.is((await convert('vms.csv', 'vms')).rows, 1);
  const fragments = readOpenDcFragments(join(folder, 'vms', 'fragments.parquet'));
  t.deepEqual([...fragments.series[0]!.values], [2_000]);
  const { columns } = readParquet(join(folder, 'vms', 'tasks.parquet'), [
    'mem_capacity',
    'duration',
  ]);
  t.deepEqual(
    [...columns.values()].map(([value]) => value),
    [3_584n, 60_000n],
  );
});

interface Entity extends Record<string, unknown> {
  readonly '@id': string;
  readonly '@type': string;
}

test('a crate says of every file what it is, and refers to nothing that it does not hold', (t) => {
  const files = new Map<string, string | Uint8Array>([
    ['metrics.json', '{}\n'],
    ['report.html', '<p>'],
    ['figures/a.svg', '<svg/>'],
    ['jobs-hpc a&b.csv', 'job_id\n'],
    ['journal-market.jsonl.zst', new Uint8Array([1, 2, 3])],
  ]);
  const manifest = exampleManifest();
  const crate = JSON.parse(researchCrate(manifest, files)) as { '@graph': Entity[] };
  const graph = crate['@graph'];
  const ids = graph.map((entity) => entity['@id']);
  t.is(new Set(ids).size, ids.length);
  const described = graph.find((entity) => entity['@id'] === CRATE_FILE)!;
  t.deepEqual(described['about'], { '@id': './' });
  const root = graph.find((entity) => entity['@id'] === './')!;
  for (const needed of ['name', 'description', 'datePublished', 'license']) {
    t.is(typeof root[needed], 'string', needed);
  }
  // Every reference but that to the specification is to an entity of the graph.
  const references = [...JSON.stringify(graph).matchAll(/\{"@id":"([^"]*)"\}/g)].map(
    ([, id]) => id!,
  );
  t.true(references.length > 2 * files.size);
  const outside = references.filter((id) => !ids.includes(id));
  t.deepEqual(outside, ['https://w3id.org/ro/crate/1.1']);
  const parts = (root['hasPart'] as Entity[]).map((part) => part['@id']);
  t.deepEqual(parts.map(decodeURIComponent).sort(), [...files.keys()].sort());
  t.true(parts.every((id) => URL.canParse(id, 'https://example.org/') && !/[ &]/.test(id)));
  const entity = (id: string) => graph.find((one) => one['@id'] === id)!;
  t.is(entity('metrics.json')['sha256'], sha256Hex('{}\n'));
  t.is(entity('metrics.json')['contentSize'], '3');
  t.is(entity('report.html')['sha256'], undefined, 'it may be written anew');
  t.is(entity('#run')['endTime'], root['datePublished']);
  t.is((entity('#run')['object'] as Entity[]).length, manifest.inputs.length);
});

test('the snippets of the documentation name columns that exist', (t) => {
  const header = renderMetricsCsv(exampleMetrics({ hours: 48 })).split('\n');
  const columns = [...header[0]!.split(','), ...SCHEDULE_COLUMNS];
  for (const column of ['variant', 'metric', 'mean', 'lo', 'hi', 'n', 'user', 'job', 'wait']) {
    t.true(columns.includes(column), column);
    t.true(EXPORTS.includes(column), column);
  }
  t.true(header.some((line) => line.includes(',extraDemandMet.nodeHours,')));
  const listed = SCHEDULE_COLUMNS.filter((column) => !EXPORTS.includes(`\`${column}\``));
  t.deepEqual(listed, []);
});
