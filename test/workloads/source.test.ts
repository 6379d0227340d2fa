import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import test from 'ava';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { ClusterKind } from '../../core/agents/view.ts';
import { DAY_MS, WEEK_MS } from '../../core/kernel/units.ts';
import type { WorkloadContext } from '../../workloads/context.ts';
import { TRACE_FORMATS } from '../../workloads/formats/registry.ts';
import { WORKLOAD_MODELS } from '../../workloads/models/registry.ts';
import { STATES_PER_EVENT } from '../../workloads/emergencies.ts';
import { AZURE_BATCHES } from '../../workloads/models/azure-batches.ts';
import { DURATION_QUANTILES, EVENT_SHARE } from '../../workloads/models/hawkes.ts';
import { tablesOf } from '../../workloads/models/lublin-parameters.ts';
import { LUBLIN_WHOLE } from '../../workloads/models/lublin-process.ts';
import { checkWorkload, WorkloadSchema } from '../../workloads/schema.ts';
import { loadDemand, loadJobs, resolveTracePath } from '../../workloads/source.ts';
import { record, refusal, testFile, testFolder } from './files.ts';

function context(kind: ClusterKind, more: Partial<WorkloadContext> = {}): WorkloadContext {
  return {
    kind,
    organisation: `org-${kind}`,
    seed: 7,
    replication: 0,
    horizonMs: 14 * DAY_MS,
    warmUpMs: DAY_MS,
    nodes: 64,
    scenarioFolder: '.',
    tracesFolder: undefined,
    ...more,
  };
}

/** A log of so many weeks that starts on a Wednesday, 06:00 local: one job an hour. */
function weeklyLog(weeks: number, more = ''): string {
  const rows = Array.from({ length: weeks * 168 }, (_, hour) =>
    record({ 1: hour + 1, 2: hour * 3_600, 4: 60, 5: (hour % 8) + 1, 9: 100 }),
  );
  // 1996-09-25T04:00:00Z is a Wednesday, 06:00 in Stockholm.
  const header = '; MaxNodes: 8\n; MaxProcs: 16\n; UnixStartTime: 843624000\n';
  return `${header}; TimeZoneString: Europe/Stockholm\n${more}${rows.join('\n')}\n`;
}

for (const model of WORKLOAD_MODELS) {
  for (const kind of model.kinds) {
    test(`${model.name} for ${kind}: the same seed gives the same bytes, another one others`, (t) => {
      const load = (more: Partial<WorkloadContext> = {}) => {
        const table = {
          model: model.name,
          ...(model.name === 'hawkes' ? { minimumStates: 1 } : {}),
        };
        return canonicalJson(loadDemand(table, context(kind, more)));
      };
      t.is(load(), load());
      t.not(load({ seed: 8 }), load());
      t.not(load({ replication: 1 }), load());
      t.not(load({ organisation: 'other' }), load());
    });
  }
}

const PUBLISHED: Readonly<Record<string, () => object>> = {
  lublin: () => tablesOf(LUBLIN_WHOLE),
  'azure-batches': () => {
    const { arrivals, sizes, flavours, survival, sharedLifetime, sharedFlavour } = AZURE_BATCHES;
    return {
      batches: { ...arrivals, sizes },
      flavours: Object.fromEntries(flavours),
      survival: survival.slice(0, 39),
      sharedLifetime,
      sharedFlavour,
    };
  },
  hawkes: () => ({
    minimumStates: 1,
    eventShare: EVENT_SHARE,
    states: STATES_PER_EVENT,
    durations: DURATION_QUANTILES,
  }),
};

for (const [name, tables] of Object.entries(PUBLISHED)) {
  test(`${name}: the published constants as tables make what leaving them out makes`, (t) => {
    const model = WORKLOAD_MODELS.find((each) => each.name === name)!;
    const load = (more: object) => {
      const plain = name === 'hawkes' ? { minimumStates: 1 } : {};
      const table = { model: name, ...plain, ...more };
      const horizonMs = name === 'hawkes' ? 700 * DAY_MS : 14 * DAY_MS;
      return canonicalJson(loadDemand(table, context(model.kinds[0]!, { horizonMs })).demand);
    };
    t.is(load(tables()), load({}));
    for (const [key, value] of Object.entries(tables())) {
      if (key === 'minimumStates') continue;
      t.not(load({ [key]: changed(value) }), load({}), key);
    }
  });
}

/** The table with one of its numbers changed. */
function changed(value: unknown): unknown {
  if (typeof value === 'number') return value * 0.9;
  if (Array.isArray(value)) {
    // Of pairs the second pair: quantiles have to begin at 0.
    const at = Array.isArray(value[0]) ? 1 : 0;
    const [p, x] = Array.isArray(value[at]) ? value[at] : [null, value[at]];
    return value.with(at, p === null ? x * 0.99 : [p, x > 1 ? 9 * x : x * 0.5]);
  }
  const entries = Object.entries(value as object);
  return Object.fromEntries(entries.map(([key, each], i) => [key, i === 1 ? changed(each) : each]));
}

test('parameters that contradict themselves are refused, keys inside of tables by name', (t) => {
  const refused = (table: object, kind: ClusterKind = 'hpc', code = 'INPUT_WORKLOAD') =>
    refusal(t, () => loadDemand({ model: 'lublin', ...table }, context(kind)), code);
  const message = (table: object, kind?: ClusterKind) => refused(table, kind).message;
  t.regex(message({ sizes: { serial: 0.9 } }), /together are more than 1/);
  t.regex(message({ sizes: { uLow: 5 } }), /uLow ≤ uMed ≤ uHi/);
  // Drawing anew until a value is short enough would never end.
  t.regex(message({ runs: { b1: 500 } }), /lies beyond longestLog/);
  t.regex(message({ runs: { a1: 4 }, jobTypes: 'typed' }), /one population/);
  const unknown = refused({ runs: { b3: 1 } }, 'hpc', 'INPUT_UNKNOWN_KEY');
  t.is(unknown.place?.keyPath, 'organisation.org-hpc.workload.runs.b3');
  const hawkes = {
    model: 'hawkes',
    durations: [
      [0, 1],
      [0.5, 2],
    ],
  };
  t.regex(message(hawkes, 'government'), /from 0 to 1/);
  const clouds = { model: 'azure-batches', survival: Array.from({ length: 39 }, (_, i) => i / 39) };
  t.regex(message(clouds, 'cloud'), /descend/);
});

test('every demand stays within its horizon, in order, in whole nodes', (t) => {
  for (const model of WORKLOAD_MODELS) {
    for (const kind of model.kinds) {
      const where = context(kind, { horizonMs: 10.5 * DAY_MS });
      const { demand, sources } = loadDemand({ model: model.name }, where);
      t.is(sources[0]!.label, 'synthetic');
      t.is(sources[0]!.sha256, null);
      if (demand.kind === 'batch') {
        const { submitSeconds, processors, estimateSeconds, runSeconds, count } = demand.jobs;
        t.true(count > 100);
        for (let i = 0; i < count; i++) {
          t.true(submitSeconds[i]! >= (submitSeconds[i - 1] ?? 0));
          t.true(submitSeconds[i]! * 1000 < where.horizonMs);
          t.true(processors[i]! >= 1 && processors[i]! <= where.nodes);
          t.true(runSeconds[i]! >= 1 && estimateSeconds[i]! >= runSeconds[i]!);
        }
      } else if (demand.kind !== 'testbed') {
        const { timeMs, nodes } = demand.needs;
        t.is(timeMs[0], 0);
        t.true(timeMs.every((at, i) => i === 0 || (at > timeMs[i - 1]! && at < where.horizonMs)));
        t.true(nodes.every((need) => Number.isInteger(need) && need >= 0));
      }
    }
  }
});

test('a log becomes a window from a local Monday on the nodes asked for', (t) => {
  const folder = testFolder(t);
  writeFileSync(join(folder, 'log.swf'), weeklyLog(20));
  const where = context('hpc', { scenarioFolder: folder });
  const { demand, sources } = loadDemand(
    { trace: 'log.swf', format: 'swf', coresPerNode: 2 },
    where,
  );
  if (demand.kind !== 'batch') return t.fail();
  const { jobs } = demand;
  t.is(jobs.count, 14 * 24);
  for (let i = 0; i < jobs.count; i++) {
    t.is(jobs.submitSeconds[i], i * 3_600);
    // Job 1 was submitted on Wednesday at 06:00, hour 54 of the week.
    t.is((jobs.jobNumber[i]! - jobs.jobNumber[0]!) % 168, i % 168);
    t.is(jobs.processors[i], Math.ceil((((jobs.jobNumber[i]! - 1) % 8) + 1) / 2));
  }
  const [source] = sources;
  t.is(source!.name, 'log.swf');
  t.is(source!.label, 'real');
  t.regex(source!.sha256!, /^[0-9a-f]{64}$/);
  t.regex(source!.treatment, /^a window from week \d+, drawn from 19 weeks; 2 cores a node$/);
});

test('a window starts at local midnight on both sides of daylight saving time', (t) => {
  const path = testFile(t, weeklyLog(30));
  const hours = new Set<number>();
  for (let replication = 0; replication < 25; replication++) {
    const where = context('hpc', { horizonMs: WEEK_MS, replication });
    const { demand } = loadDemand({ trace: path, format: 'swf' }, where);
    if (demand.kind !== 'batch') return t.fail();
    // Hours since the start of the log, which stands in summer time.
    hours.add((demand.jobs.jobNumber[0]! - 1 + 54) % 168);
  }
  t.true(hours.size === 2 && hours.has(0) && hours.has(1), `${[...hours]}`);
});

test('cores a node come from the header only where they are whole', (t) => {
  const load = (text: string, more = {}) => {
    const trace = testFile(t, text);
    return loadDemand({ trace, format: 'swf', ...more }, context('hpc'));
  };
  t.regex(load(weeklyLog(4)).sources[0]!.treatment, /; 2 cores a node/);
  const odd = weeklyLog(4).replace('MaxNodes: 8', 'MaxNodes: 7');
  refusal(t, () => load(odd), 'INPUT_CORES_PER_NODE');
  const nodes = '; MaxNodes: 8\n';
  for (const [line, message] of [
    ['; MaxNodes: 8\n; MaxNodes: 16\n', /contradicts itself: MaxNodes is given twice/],
    ['; MaxNodes: 8 (batch partition; 512 total)\n', /contradicts itself: MaxNodes has text/],
    ['; MaxNodes: 1\n; MaxProcs: 4\n', /8 processors and the machine of the header 4/],
  ] as const) {
    const doubtful = weeklyLog(4)
      .replace(nodes, line)
      .replace(/(?<=MaxProcs: 4\n); MaxProcs: 16\n/, '');
    t.regex(refusal(t, () => load(doubtful), 'INPUT_CORES_PER_NODE').message, message);
    t.notThrows(() => load(doubtful, { coresPerNode: 2 }));
  }
  t.notThrows(() => load(weeklyLog(4).replace(nodes, '; MaxNodes: 8 (all of them)\n')));
  const none = weeklyLog(4).replace(/;.*\n/g, '');
  refusal(t, () => load(none), 'INPUT_CORES_PER_NODE');
  refusal(t, () => load(none, { coresPerNode: 1, fitToCluster: true }), 'INPUT_PROCS_MISSING');
  t.notThrows(() => load(none, { coresPerNode: 1, fitToCluster: true, procs: 8 }));
});

test('jobs wider than the cluster are counted, and so is what reading set aside', (t) => {
  const text = weeklyLog(4, `1 2 3\n${record({ 1: 9999, 2: 0, 4: 5, 5: 16 })}\n`);
  const where = context('htc', { nodes: 8 });
  const table = { trace: testFile(t, text), format: 'swf', coresPerNode: 1, resample: 'days' };
  const dropping = loadDemand(table, where).sources[0]!;
  t.deepEqual({ ...dropping.droppedRecords }, { fieldCount: 1, widerThanCluster: 1 });
  const capping = loadDemand({ ...table, wideJobs: 'cap' }, where).sources[0]!;
  t.regex(capping.treatment, /cappedToCluster 1/);
  t.deepEqual({ ...capping.droppedRecords }, { fieldCount: 1 });
});

test('a short log is resampled, labelled derived, and a made one synthetic', (t) => {
  const load = (text: string) =>
    loadDemand(
      { trace: testFile(t, text), format: 'swf' },
      context('hpc', { horizonMs: 30 * WEEK_MS }),
    ).sources[0]!;
  const weeks = load(weeklyLog(12));
  t.is(weeks.label, 'derived');
  t.regex(weeks.treatment, /resampled in blocks of a week, conditional on 11 weeks/);
  t.regex(load(weeklyLog(5)).treatment, /weekday-stratified days, conditional on 4\.9 weeks/);
  t.is(load(weeklyLog(12, '; Note: Synthetic: lublin\n')).label, 'synthetic');
});

test('a series of needs is aligned, scaled and resampled', (t) => {
  const rows = Array.from({ length: 168 * 3 }, (_, hour) => `${hour * 3600},${(hour % 24) + 0.5}`);
  const trace = testFile(
    t,
    `nodes_note,timeSeconds,nodes\n${rows.map((row) => `x,${row}`).join('\n')}\n`,
    'needs.csv',
  );
  const { demand } = loadDemand(
    { trace, format: 'needs-csv', startWeekday: 'friday', resample: 'days' },
    context('cloud'),
  );
  if (demand.kind !== 'cloud') return t.fail();
  t.is(demand.needs.nodes[0], 1);
  t.is(demand.needs.nodes[5], 6);
  t.is(demand.needs.timeMs.length, 14 * 24);
  const scaled = loadDemand({ trace, format: 'needs-csv', meanNodes: 24 }, context('government'));
  if (scaled.demand.kind !== 'government') return t.fail();
  t.is(scaled.demand.needs.nodes[23], 47);
  t.deepEqual(scaled.demand.emergencies, []);
});

test('damaged series of needs are refused with line and column', (t) => {
  for (const [body, code, line] of [
    ['0,1\n0,2', 'INPUT_ORDER', 3],
    ['0,1\n60,x', 'INPUT_NUMBER', 3],
    ['0,1\n60,-1', 'INPUT_OUT_OF_RANGE', 3],
    ['0,1e9', 'INPUT_OUT_OF_RANGE', 2],
    ['0,NaN', 'INPUT_NUMBER', 2],
    ['0,1e309', 'INPUT_OUT_OF_RANGE', 2],
    ['0,0x10', 'INPUT_NUMBER', 2],
    ['0,１２', 'INPUT_NUMBER', 2],
    ['0,Infinity', 'INPUT_NUMBER', 2],
    ['0,1,2', 'INPUT_CSV', 2],
  ] as const) {
    const trace = testFile(t, `timeSeconds,nodes\n${body}\n`, 'needs.csv');
    const table = { trace, format: 'needs-csv' };
    const error = refusal(t, () => loadDemand(table, context('cloud')), code);
    t.is(error.place?.line, line, body);
  }
  const twice = testFile(t, 'timeSeconds,nodes,nodes\n0,1,2\n', 'needs.csv');
  refusal(t, () => loadDemand({ trace: twice }, context('cloud')), 'INPUT_CSV');
});

test('a shift moves the demand and says so', (t) => {
  const table = { model: 'daily-cycle', noise: 0 };
  const plain = loadDemand(table, context('cloud'));
  const shifted = loadDemand({ ...table, shiftHours: 24 }, context('cloud'));
  if (plain.demand.kind !== 'cloud' || shifted.demand.kind !== 'cloud') return t.fail();
  const total = (needs: { timeMs: Float64Array; nodes: Float64Array }) =>
    needs.nodes.reduce(
      (sum, need, i) => sum + need * ((needs.timeMs[i + 1] ?? 14 * DAY_MS) - needs.timeMs[i]!),
      0,
    );
  t.is(total(plain.demand.needs), total(shifted.demand.needs));
  t.notDeepEqual(plain.demand.needs, shifted.demand.needs);
  t.regex(shifted.sources[0]!.treatment, /shifted by 24 h/);
});

test('relative paths start at the scenario, then at the traces folder', (t) => {
  const [scenario, traces] = [testFolder(t), testFolder(t)];
  mkdirSync(join(traces, 'hpc'));
  writeFileSync(join(traces, 'hpc', 'a.swf'), 'x');
  writeFileSync(join(traces, 'b.swf'), 'x');
  writeFileSync(join(scenario, 'b.swf'), 'x');
  const folders = { scenarioFolder: scenario, tracesFolder: traces };
  t.is(resolveTracePath('hpc/a.swf', folders), join(traces, 'hpc', 'a.swf'));
  t.is(resolveTracePath('b.swf', folders), join(scenario, 'b.swf'));
  t.is(resolveTracePath('/x/y.swf', folders), '/x/y.swf');
  const error = refusal(t, () => resolveTracePath('none', folders), 'INPUT_FILE_NOT_FOUND');
  t.regex(error.message, /OCX_TRACES/);
  refusal(t, () => resolveTracePath('a\0b', folders), 'INPUT_FILE_NOT_FOUND');
});

test('a changed file is read anew', (t) => {
  const trace = testFile(t, weeklyLog(6));
  const table = { trace, format: 'swf', resample: 'days' };
  const first = loadDemand(table, context('hpc'));
  t.deepEqual(loadDemand(table, context('hpc')), first);
  writeFileSync(trace, weeklyLog(6).replaceAll(' 60 ', ' 61 '));
  const second = loadDemand(table, context('hpc'));
  t.not(second.sources[0]!.sha256, first.sources[0]!.sha256);
  t.true(second.demand.kind === 'batch' && second.demand.jobs.runSeconds[0] === 61);
});

test('defaults are filled in and the table given stays as it is', (t) => {
  const table = Object.freeze({ model: 'lublin', load: 0.5 });
  const checked = checkWorkload(table);
  t.is(checked['jobTypes'], 'whole');
  t.is(checked['load'], 0.5);
  t.deepEqual({ ...table }, { model: 'lublin', load: 0.5 });
});

test('a wrong table is refused with the key and the nearest known one', (t) => {
  const check = (table: Record<string, unknown>, code: string, keyPath: string, says: RegExp) => {
    const error = refusal(t, () => checkWorkload(table, 'organisation.a.workload'), code);
    t.is(error.place?.keyPath, `organisation.a.workload${keyPath}`);
    t.regex(`${error.message} ${error.remedy}`, says);
  };
  check({ model: 'lubin' }, 'INPUT_WORKLOAD_MODEL', '.model', /did you mean lublin/);
  check({ trace: 'a', format: 'sfw' }, 'INPUT_WORKLOAD_FORMAT', '.format', /did you mean swf/);
  check({ model: 'lublin', laod: 1 }, 'INPUT_UNKNOWN_KEY', '.laod', /did you mean load/);
  check({ model: 'lublin', zzzzzzzz: 1 }, 'INPUT_UNKNOWN_KEY', '.zzzzzzzz', /known are model/);
  check({ model: 'lublin', load: '0.7' }, 'INPUT_WORKLOAD', '.load', /must be number/);
  check({ model: 'lublin', load: -1 }, 'INPUT_WORKLOAD', '.load', /must be > 0/);
  check({ model: 'lublin', jobTypes: 'x' }, 'INPUT_WORKLOAD', '.jobTypes', /whole, typed/);
  check({ trace: 'a.dat' }, 'INPUT_WORKLOAD_FORMAT', '', /add format/);
  check({ trace: 5, format: 'swf' }, 'INPUT_WORKLOAD', '.trace', /must be string/);
  check({}, 'INPUT_WORKLOAD', '', /neither a trace nor a model/);
  check(
    JSON.parse('{"model":"lublin","__proto__":1}'),
    'INPUT_UNKNOWN_KEY',
    '.__proto__',
    /no such key/,
  );
  check({ model: '__proto__' }, 'INPUT_WORKLOAD_MODEL', '.model', /no model/);
  check([] as never, 'INPUT_WORKLOAD', '', /table is expected/);
  t.is(({} as Record<string, unknown>)['admin'], undefined);
});

test('a trace that is set over a model replaces it', (t) => {
  const checked = checkWorkload({
    model: 'lublin',
    load: 0.7,
    jobTypes: 'typed',
    trace: '/x/log.swf.gz',
  });
  t.is(checked['format'], 'swf');
  t.false('model' in checked || 'load' in checked || 'jobTypes' in checked);
  const wrong = { model: 'lublin', load: 0.7, trace: '/x/log.swf', lod: 1 };
  refusal(t, () => checkWorkload(wrong), 'INPUT_UNKNOWN_KEY');
});

test('a workload that does not fit the kind of cluster is refused', (t) => {
  refusal(t, () => loadDemand({ model: 'lublin' }, context('cloud')), 'INPUT_WORKLOAD_KIND');
  refusal(t, () => loadDemand({ model: 'hawkes' }, context('hpc')), 'INPUT_WORKLOAD_KIND');
  const swf = { trace: 'x.swf', format: 'swf' };
  refusal(t, () => loadDemand(swf, context('testbed')), 'INPUT_WORKLOAD_KIND');
});

test('the JSON Schema accepts what is accepted and describes every key', (t) => {
  const ajv = new Ajv({ strict: false });
  const validate = ajv.compile(JSON.parse(JSON.stringify(WorkloadSchema)));
  t.true(validate({ model: 'lublin', load: 0.7 }));
  t.true(validate({ trace: 'a.swf', format: 'swf', coresPerNode: 2 }));
  t.false(validate({ model: 'lublin', lod: 0.7 }));
  for (const { schema } of [...TRACE_FORMATS, ...WORKLOAD_MODELS]) {
    t.is((schema as { additionalProperties?: unknown }).additionalProperties, false);
    for (const [key, field] of Object.entries(schema.properties)) {
      if (key === 'model' || key === 'format') continue;
      t.is(typeof (field as { description?: unknown }).description, 'string', key);
    }
  }
});

test('jobs are had as they were logged: from the first second on, in whole nodes, in no other order', (t) => {
  const rows = [0, 5, 7].map((submit, index) =>
    record({ 1: index + 1, 2: submit, 4: 60, 5: index + 1, 8: index + 1, 9: 100 }),
  );
  const log = testFile(t, `; MaxNodes: 8\n; MaxProcs: 16\n${rows.join('\n')}\n`);
  const jobs = loadJobs({}, log, 1_000);
  t.deepEqual([...jobs.submitSeconds], [0, 5, 7]);
  t.deepEqual([...jobs.processors], [1, 1, 2]);
  t.deepEqual([...jobs.runSeconds], [60, 60, 60]);
  const csv = testFile(t, 'id,submitSeconds,runSeconds,nodes,status\n1,3,9,2,1\n', 'jobs.csv');
  const columns = { submit: 'submitSeconds', run: 'runSeconds', nodes: 'nodes' };
  t.like(loadJobs({ format: 'csv', columns }, csv, 1_000), { count: 1 });
});

test('a trace without jobs is refused where jobs are asked for', (t) => {
  const path = testFile(t, 'x', 'needs.csv');
  refusal(t, () => loadJobs({ format: 'needs-csv' }, path, 8), 'INPUT_WORKLOAD_KIND');
});
