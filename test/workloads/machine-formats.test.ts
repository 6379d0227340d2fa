/** Logs of machines, tasks and pods: Azure, Alibaba 2023, Google 2011 and 2019. */
import test from 'ava';
import { WEEK_MS } from '../../core/kernel/units.ts';
import { readAlibabaGpu } from '../../workloads/formats/alibaba-gpu.ts';
import { azureVmFormat, readAzureVms } from '../../workloads/formats/azure-vms.ts';
import { readGoogle2011 } from '../../workloads/formats/google-2011.ts';
import { readGoogle2019 } from '../../workloads/formats/google-2019.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { loadDemand } from '../../workloads/source.ts';
import { batchContext, refusal, testFile } from './files.ts';

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
