/** Logs of machines, tasks and pods: Azure, Alibaba 2023, Google 2011 and 2019. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { WEEK_MS } from '../../core/kernel/units.ts';
import { readAlibabaContainers } from '../../workloads/formats/alibaba-containers.ts';
import { readAlibabaInstances } from '../../workloads/formats/alibaba-instances.ts';
import { readAzurePacking } from '../../workloads/formats/azure-packing.ts';
import { alibabaGpuFormat, readAlibabaGpu } from '../../workloads/formats/alibaba-gpu.ts';
import { azureVmFormat, readAzureVms } from '../../workloads/formats/azure-vms.ts';
import { MachineLives } from '../../workloads/cloud/machine-lives.ts';
import { MOST_SIZES, packingFacts } from '../../workloads/formats/packing-facts.ts';
import { readGoogle2011 } from '../../workloads/formats/google-2011.ts';
import { readGoogle2019 } from '../../workloads/formats/google-2019.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { loadDemand } from '../../workloads/source.ts';
import { batchContext, refusal, testFile, testFolder } from './files.ts';

const HASH = 'abcdefghijklmnopqrstuvwxyz0123+/';
const vm = (id: string, from: number, to: number | string, cores: string | number, gb = '1.75') =>
  `${HASH}${id},${HASH}t==,${HASH}d,${from},${to},1,1,1,Interactive,${cores},${gb}`;

test('Azure: cut lives are kept and counted, open buckets count with their lower bound', (t) => {
  const text = [
    vm('a', 0, 600, 2),
    vm('b', 300, 2_591_700, 4),
    vm('c', 601, 900, '>24', '>64'),
    vm('d', 900, 600, 1),
    vm('e', 900, 1200, 'many'),
    vm('f', 900, 'never', 1),
    'x,y',
  ];
  const path = testFile(t, `${text.join('\n')}\n`, 'vms.csv');
  t.is(recogniseFormat(path).name, 'azure-vms');
  const log = readAzureVms(path);
  t.deepEqual(
    log.ids.map((id) => id.at(-1)),
    ['a', 'b', 'c'],
  );
  t.deepEqual([...log.endSeconds], [600, 2_591_700, 900]);
  t.deepEqual([...log.cut], [1, 2, 0]);
  t.deepEqual([log.cores[2], log.memoryGb[2]], [24, 64]);
  t.deepEqual(log.suspicious, {
    aliveBeforeTheLog: 1,
    notOnTheGridOf300s: 1,
    outlastsTheLog: 1,
    sizeAtLeast: 1,
  });
  t.deepEqual(
    log.quarantined.map(({ reason, line, column }) => [reason, line, column]),
    [
      ['endsBeforeItStarts', 4, 105],
      ['sizeUnknown', 5, 132],
      ['timeUnknown', 6, 109],
      ['fieldCount', 7, 1],
    ],
  );
  refusal(t, () => readAzureVms(testFile(t, text.join('\n'))), 'INPUT_TRUNCATED');
});

test('a table of machines drives a cloud at its mean need, the same for the same seed', (t) => {
  const rows: string[] = [];
  for (let hour = 0; hour < 14 * 24; hour++) {
    for (let i = 0; i < 4; i++) rows.push(vm(`${hour}.${i}`, hour * 3_600, (hour + 24) * 3_600, 4));
  }
  const trace = testFile(t, `${rows.join('\n')}\n`, 'vmtable.csv');
  const context = { ...batchContext(), kind: 'cloud', organisation: 'cloud-a' } as const;
  const load = () => loadDemand({ trace, format: 'azure-vms', meanNodes: 40 }, context);
  const { demand, sources } = load();
  t.is(demand.kind, 'cloud');
  if (demand.kind !== 'cloud') return;
  const { timeMs, nodes } = demand.needs;
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    sum += nodes[i]! * ((timeMs[i + 1] ?? WEEK_MS) - timeMs[i]!);
  }
  t.true(Math.abs(sum / WEEK_MS - 40) < 4, `mean need ${sum / WEEK_MS}`);
  t.true(nodes[0]! > 35, 'machines that live into the window are there from its start');
  t.regex(sources[0]!.treatment, /aliveBeforeTheLog 4/);
  t.deepEqual(load(), { demand, sources });
  t.is(azureVmFormat.inspect(trace, {}).records, rows.length);
});

test('Alibaba 2023: pods live from scheduling to deletion, blank times are told apart', (t) => {
  const text = [
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time',
    'p-0,12000,16384,1,1000,,LS,Running,0,500,10',
    'p-1,1000,1024,0,0,,BE,Pending,5,600,',
    'p-2,1000,1024,0,0,V100|T4,BE,Running,5,,20',
    'p-3,1000,1024,0,0,,BE,Running,5,100,soon',
    'p-4,1',
  ];
  const path = testFile(t, `${text.join('\n')}\n`, 'pods.csv');
  t.is(recogniseFormat(path).name, 'alibaba-gpu-2023');
  const log = readAlibabaGpu(path);
  t.deepEqual([...log.cores], [12, 1]);
  t.deepEqual([...log.memoryGb], [16, 1]);
  t.deepEqual([...log.endSeconds], [500, 500]);
  t.deepEqual([...log.cut], [0, 2]);
  t.deepEqual({ ...log.dropped }, { fieldCount: 1, neverScheduled: 1, timeUnknown: 1 });
  t.regex(log.oddities[0]!, /^1 pods ask for GPUs/);
});

test('Alibaba 2023: GPUs are packed where a node says how many it has, parts of them as parts', (t) => {
  const pods = ['6,2,1000', '1,1,500', '1,1,500', '1,1,600', '64,8,1000'].map(
    (size, i) =>
      `p-${i},${size.split(',')[0]}000,1024,${size.split(',').slice(1)},,LS,Running,0,500,0`,
  );
  const header =
    'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';
  const path = testFile(t, `${[header, ...pods].join('\n')}\n`, 'pods.csv');
  t.deepEqual([...readAlibabaGpu(path).gpus!], [2, 0.5, 0.5, 0.6, 8]);
  const facts = (gpus?: number) => {
    const pack = { cores: 32, memoryGb: 256, ...(gpus === undefined ? {} : { gpus }) };
    const inspection = alibabaGpuFormat.inspect(path, { pack });
    return Object.fromEntries(inspection.facts.map(({ name, value }) => [name, value]));
  };
  t.is(facts(2)['nodes first-fit, most'], 2);
  t.is(facts(3)['nodes first-fit, most'], 2);
  t.is(facts(4)['nodes first-fit, most'], 1);
  t.is(facts()['nodes first-fit, most'], 1);
  t.is(facts(2)['machines that fit no node, set aside'], 1);
  refusal(
    t,
    () => alibabaGpuFormat.inspect(path, { pack: { cores: 0.1, memoryGb: 1 } }),
    'INPUT_NODE_SIZE',
  );
});

test('with very many sizes of machines an inspection leaves out what would take too long', (t) => {
  const packings = (sizes: number) => {
    const lives = new MachineLives();
    for (let i = 0; i < sizes; i++) lives.add(i, i + 1, 1 + i / 1_000, 1);
    const names = packingFacts(lives, { cores: 8, memoryGb: 8 }, 5_000).map(({ name }) => name);
    return names.filter((name) => name.endsWith('most')).length;
  };
  t.deepEqual([packings(MOST_SIZES), packings(MOST_SIZES + 1)], [5, 3]);
});

test('what the edges of a log cut off is counted, with its share of core-time', (t) => {
  const rows = [
    vm('a', 0, 1_200, 1),
    vm('b', 0, 2_591_700, 2),
    vm('c', 600, 1_200, 4),
    vm('d', 300, 2_591_700, 8),
    vm('e', 900, 1_800, 4),
  ];
  const path = testFile(t, `${rows.join('\n')}\n`, 'vmtable.csv');
  const { facts, oddities } = azureVmFormat.inspect(path, {});
  const value = (name: string) => facts.find((fact) => fact.name === name)?.value;
  t.is(value('lives begun before the log'), 1);
  t.is(value('lives that outlast it'), 1);
  t.is(value('lives both'), 1);
  // Begins in sight: 600 s, 900 s, and one that goes on.
  t.is(value('life, median (Kaplan–Meier)'), 900);
  t.is(value('life, median of those'), 600);
  const all = 1_200 + 2 * 2_591_700 + 4 * 600 + 8 * 2_591_400 + 4 * 900;
  const shares = facts.filter(({ name }) => name.startsWith('  share')).map((fact) => fact.value);
  const expected = [1_200, 8 * 2_591_400, 2 * 2_591_700].map((part) => (100 * part) / all);
  t.deepEqual(
    shares,
    expected.map((share) => Number(share.toPrecision(4))),
  );
  t.true(oddities.some((sentence) => sentence.includes('unknown age')));
});

test('a table of machines can be packed for real: the mean is what was asked for', (t) => {
  const rows: string[] = [];
  for (let hour = 0; hour < 14 * 24; hour++) {
    for (let i = 0; i < 4; i++)
      rows.push(vm(`${hour}.${i}`, hour * 3_600, (hour + 24) * 3_600, 12));
  }
  const trace = testFile(t, `${rows.join('\n')}\n`, 'vmtable.csv');
  const context = { ...batchContext(), kind: 'cloud', organisation: 'cloud-a' } as const;
  const table = { trace, format: 'azure-vms', meanNodes: 40 };
  const { demand, sources } = loadDemand({ ...table, packing: 'best-fit' }, context);
  if (demand.kind !== 'cloud') return t.fail();
  const { timeMs, nodes } = demand.needs;
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) {
    sum += nodes[i]! * ((timeMs[i + 1] ?? WEEK_MS) - timeMs[i]!);
  }
  // Two of 12 cores a node of 32: three quarters full at most.
  t.true(Math.abs(sum / WEEK_MS - 40) < 4, `mean need ${sum / WEEK_MS}`);
  t.regex(sources[0]!.treatment, /32 cores and 256 GB a node, packed best-fit: mean \d/);
  t.regex(sources[0]!.treatment, /7[345](\.\d)? % full, 1\.3\d* times the least/);
  refusal(t, () => loadDemand({ ...table, packing: 'tetris' }, context), 'INPUT_WORKLOAD');
  const small = { ...table, packing: 'first-fit', coresPerNode: 8 };
  refusal(t, () => loadDemand(small, context), 'INPUT_NO_ROWS');
});

const event = (time: string | number, job: string, kind: number | string, cpu = '0.5') =>
  `${time},,${job},0,5,${kind},user,3,9,${cpu},0.25,0.1,0`;

test('Google 2011: events become lives; ids beyond 2^53 and the end of time are exact', (t) => {
  const big = ['9007199254740993', '9007199254740992'] as const;
  const text = [
    '# a comment',
    event(0, '1', 1),
    event(700e6, big[0], 0),
    event(701e6, big[0], 1),
    event(702e6, big[1], 1),
    event(703e6, big[0], 8, '0.75'),
    event(800e6, big[0], 2),
    event(810e6, big[0], 1, ''),
    event('9223372036854775807', '1', 4),
    event(820e6, '77', 4),
    event(830e6, '78', 0),
    event(840e6, '79', 9),
    event('late', '80', 1),
  ];
  const path = testFile(t, `${text.join('\n')}\n`, 'part-00000.csv');
  t.is(recogniseFormat(path).name, 'google-2011');
  const log = readGoogle2011(path);
  t.deepEqual(
    log.ids.map((id, i) => [id, log.startSeconds[i], log.endSeconds[i], log.cores[i], log.cut[i]]),
    [
      ['1/0', 0, 830, 0.5, 3],
      [`${big[0]}/0`, 701, 703, 0.5, 0],
      [`${big[1]}/0`, 702, 830, 0.5, 2],
      [`${big[0]}/0`, 703, 800, 0.75, 0],
    ],
  );
  t.deepEqual(
    { ...log.dropped },
    { endsWithoutBegin: 1, eventUnknown: 1, neverScheduled: 1, sizeUnknown: 1, timeUnknown: 1 },
  );
  t.deepEqual(
    log.quarantined.find(({ reason }) => reason === 'eventUnknown'),
    { reason: 'eventUnknown', line: 12, column: 19 },
  );
});

test('Google 2019: one object a line, names or numbers of events, damage with its place', (t) => {
  const line = (time: string, type: string | number, collection: string) =>
    JSON.stringify({
      time,
      type,
      collection_id: collection,
      priority: '200',
      instance_index: '3',
      resource_request: { cpus: 0.1, memory: 0.2 },
    });
  const text = [
    line('700000000', 'SCHEDULE', '18446744073709551615'),
    line('800000000', '6', '18446744073709551615'),
    line('800000000', 'NAP', '5'),
    '{"instance_index": 1}',
  ];
  const path = testFile(t, `${text.join('\n')}\n`, 'instance_events.json');
  t.is(recogniseFormat(path).name, 'google-2019');
  const log = readGoogle2019(path);
  t.deepEqual(log.ids, ['18446744073709551615/3']);
  t.deepEqual([log.startSeconds[0], log.endSeconds[0]], [700, 800]);
  t.deepEqual({ ...log.dropped }, { collectionUnknown: 1, eventUnknown: 1 });
  const broken = testFile(t, `${text[0]}\n{"time": 7 8}\n`);
  const { place } = refusal(t, () => readGoogle2019(broken), 'INPUT_JSON');
  t.deepEqual([place?.line, place?.column], [2, 12]);
});

/** Two types on three machines; type 9 has no sizes. Machine 5 can run four of the requests. */
const TYPES = [
  [1, 1, 5, 0.25, 0.5],
  [2, 1, 6, 0.5, 0.25],
  [3, 2, 5, 0.125, 0.125],
  [4, 3, 6, 0.5, 0.5],
  [5, 3, 7, 1, 0.25],
] as const;
const REQUESTS = [
  ['9007199254740993', 7, 1, 0, -2.5, 0.5],
  ['b', 7, 2, 1, 0.25, 2.25],
  ['c', 8, 1, 0, 1, null],
  ['d', 8, 3, 0, 1, 1.5],
  ['e', 8, 9, 0, 1, 2],
  ['f', 8, 2, 0, -3, -1],
  ['g', 8, 1, 0, 2, 1.5],
] as const;
const VM_NAMES = ['vmId', 'tenantId', 'vmTypeId', 'priority', 'starttime', 'endtime'];
const TYPE_NAMES = ['id', 'vmTypeId', 'machineId', 'core', 'memory'];

function packingDatabase(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(
    `CREATE TABLE vmType (${TYPE_NAMES.join()}); CREATE TABLE vm (${VM_NAMES.join()});`,
  );
  const type = database.prepare('INSERT INTO vmType VALUES (?, ?, ?, ?, ?)');
  for (const row of TYPES) type.run(...row);
  const request = database.prepare('INSERT INTO vm VALUES (?, ?, ?, ?, ?, ?)');
  for (const [id, ...rest] of REQUESTS) {
    request.run(/^\d+$/.test(id) ? BigInt(id) : id, ...rest);
  }
  database.close();
}

test('the packing trace: days, negative starts, unknown ends, shares of the commonest machine', (t) => {
  const folder = testFolder(t);
  const database = join(folder, 'packing_trace_zone_a_v1.sqlite');
  packingDatabase(database);
  const table = (names: readonly string[], rows: readonly (readonly unknown[])[]) =>
    `${[names, ...rows].map((row) => row.map((value) => value ?? '').join()).join('\n')}\n`;
  const csv = join(folder, 'vm_instances.csv');
  writeFileSync(csv, table(VM_NAMES, REQUESTS));
  t.regex(refusal(t, () => readAzurePacking(csv), 'INPUT_FILE_NOT_FOUND').message, /vmType/);
  writeFileSync(join(folder, 'vm_types.csv'), table(TYPE_NAMES, TYPES));
  for (const path of [database, csv]) {
    t.is(recogniseFormat(path).name, 'azure-packing');
    const log = readAzurePacking(path);
    t.deepEqual(log.ids, ['9007199254740993', 'b', 'c', 'd']);
    t.deepEqual([...log.startSeconds], [0, 21_600, 86_400, 86_400]);
    t.deepEqual([...log.endSeconds], [43_200, 172_800, 172_800, 129_600]);
    t.deepEqual([...log.cores], [0.25, 0.125, 0.25, 0.75]);
    t.deepEqual([...log.memoryGb], [0.5, 0.125, 0.5, 0.375]);
    t.deepEqual([...log.cut], [1, 2, 2, 0]);
    t.deepEqual([...log.ageSeconds], [216_000, 0, 0, 0]);
    t.deepEqual(log.categories, ['high', 'low', 'high', 'high']);
    t.deepEqual(
      { ...log.dropped },
      { endedBeforeTheLog: 1, endsBeforeItStarts: 1, typeUnknown: 1 },
    );
    t.like(log.suspicious, { lowPriority: 1, notOnTheCommonestMachine: 1 });
    t.regex(log.oddities[0]!, /shares of machine 5/);
  }
});

test('a database that is damaged, another one, or has a view for a table is refused', (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'a.sqlite');
  packingDatabase(path);
  const cut = testFile(t, readFileSync(path).subarray(0, 4_500), 'cut.sqlite');
  refusal(t, () => readAzurePacking(cut), 'INPUT_SQLITE');
  const other = join(folder, 'b.sqlite');
  const database = new DatabaseSync(other);
  database.exec(
    'CREATE VIEW vm AS WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a FROM n) SELECT * FROM n',
  );
  database.close();
  const started = performance.now();
  t.regex(refusal(t, () => readAzurePacking(other), 'INPUT_SQLITE').message, /no table vm/);
  t.true(performance.now() - started < 1_000);
  t.deepEqual(readdirSync(folder).sort(), ['a.sqlite', 'b.sqlite'], 'nothing is left beside them');
});

test('Alibaba 2018: containers live until they say that they stopped, instances for their run', (t) => {
  const containers = [
    'c_1,m_1,0,app_1,started,400,800,1.56',
    'c_2,m_1,100,app_1,started,800,800,1.56',
    'c_1,m_1,300,app_1,started,400,800,1.56',
    'c_1,m_1,500,app_1,stopped,400,800,1.56',
    'c_3,m_1,500,app_1,stopped,400,800,1.56',
    'c_4,m_1,x,app_1,started,400,800,1.56',
    'c_5,m_1,5,app_1',
  ];
  const path = testFile(t, `${containers.join('\n')}\n`, 'a.csv');
  t.is(recogniseFormat(path).name, 'alibaba-2018-containers');
  const log = readAlibabaContainers(path);
  t.deepEqual(log.ids, ['c_1', 'c_2']);
  t.deepEqual([...log.cores], [4, 8]);
  t.deepEqual([...log.endSeconds], [500, 691_200]);
  t.deepEqual([...log.cut], [1, 2]);
  t.like(log.suspicious, { saidAgain: 1 });
  t.deepEqual({ ...log.dropped }, { endsWithoutBegin: 1, fieldCount: 1, timeUnknown: 1 });
  const instances = [
    'ins_1,M1,j_1,1,Terminated,100,160,m_1,1,1,50,60,0.1,0.1',
    'ins_2,M1,j_1,1,Running,100,0,m_1,1,1,150,60,0.1,0.1',
    'ins_3,M1,j_1,1,Terminated,100,0,m_1,1,1,50,60,0.1,0.1',
    'ins_4,M1,j_1,1,Failed,0,5,,1,1,,,,',
    'ins_5,M1,j_1,1,Failed,100,105,m_1,1,1,,,,',
  ];
  const tasks = testFile(t, `${instances.join('\n')}\n`, 'b.csv');
  t.is(recogniseFormat(tasks).name, 'alibaba-2018-instances');
  const found = readAlibabaInstances(tasks);
  t.deepEqual(found.ids, ['j_1/M1/ins_1/1', 'j_1/M1/ins_2/1']);
  t.deepEqual([...found.cores], [0.5, 1.5]);
  t.deepEqual([...found.cut], [0, 2]);
  t.deepEqual({ ...found.dropped }, { endUnknown: 1, sizeUnknown: 1, startUnknown: 1 });
});
