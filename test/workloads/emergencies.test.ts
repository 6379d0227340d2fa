import test from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { emergencyNodes, type EmergencyFields } from '../../workloads/emergencies.ts';
import { readFema } from '../../workloads/formats/fema.ts';
import {
  BRANCHING,
  DECLARATIONS_PER_DAY,
  EVENT_SHARE,
  EXCITATION_DAYS,
  hawkesTimes,
  incidentDays,
} from '../../workloads/models/hawkes.ts';
import { checkWorkload } from '../../workloads/schema.ts';
import { loadDemand } from '../../workloads/source.ts';
import { mean, quantile, sorted, variance } from '../../workloads/statistics.ts';
import { refusal, testFile } from './files.ts';

const HEADER =
  'disasterNumber,declarationDate,disasterName,incidentBeginDate,incidentEndDate,declarationType,stateCode,stateName,incidentType';

interface Row {
  readonly name: string;
  readonly begin: string;
  readonly end?: string;
  readonly type?: string;
  readonly state?: string;
}

function femaCsv(rows: readonly Row[]): string {
  const lines = rows.map(({ name, begin, end = '', type = 'Major Disaster', state = 'TX' }, i) =>
    [
      i,
      '2005-12-01T00:00:00.000Z',
      `"${name}"`,
      begin,
      end,
      type,
      state,
      'Texas   ',
      'Flood',
    ].join(),
  );
  return `\uFEFF${[HEADER, ...lines].join('\r\n')}\r\n`;
}

const STORM: Row[] = ['TX', 'LA', 'MS', 'AL', 'FL', 'GA'].map((state, i) => ({
  name: 'STORM, BIG',
  begin: `2005-08-2${i}T00:00:00.000Z`,
  end: `2005-09-0${i + 1}T00:00:00.000Z`,
  state,
}));

const CONTEXT = {
  kind: 'government',
  organisation: 'government',
  seed: 1,
  replication: 0,
  horizonMs: 56 * DAY_MS,
  warmUpMs: 7 * DAY_MS,
  nodes: 100,
  scenarioFolder: '.',
  tracesFolder: undefined,
} as const;

test('declarations of one name and month are one event, from its first begin to its last end', (t) => {
  const path = testFile(
    t,
    femaCsv([
      ...STORM,
      { name: 'STORM, BIG', begin: '2005-08-25', state: 'TX' },
      { name: 'STORM, BIG', begin: '2005-09-25', end: '2005-09-26' },
      { name: 'FIRE', begin: '2005-08-25', type: 'Fire Management' },
      { name: 'X', begin: '2005-02-30' },
      { name: 'Y', begin: '2005-02-20', end: '2005-02-19' },
    ]),
    'fema.csv',
  );
  const record = readFema(path);
  t.is(record.rows, 11);
  t.is(record.events.length, 2);
  const [storm, later] = record.events;
  t.is(storm!.states, 6);
  t.is(storm!.declarations, 7);
  t.is(storm!.beginMs, Date.parse('2005-08-20'));
  t.is(storm!.endMs, Date.parse('2005-09-06'));
  t.is(later!.states, 1);
  t.deepEqual({ ...record.dropped }, { beginDateUnreadable: 1, endsBeforeItBegins: 1 });
  t.deepEqual(record.quarantined, [
    { reason: 'beginDateUnreadable', line: 11, column: 4 },
    { reason: 'endsBeforeItBegins', line: 12, column: 5 },
  ]);
});

test('a file without the columns, with a damaged quote or without events is refused', (t) => {
  const read = (text: string) => () => readFema(testFile(t, text, 'fema.csv'));
  const missing = refusal(t, read('a,b\n1,2\n'), 'INPUT_CSV');
  t.regex(missing.message, /declarationDate, disasterName/);
  t.is(missing.place?.line, 1);
  const quote = femaCsv(STORM).replace('"STORM, BIG"', '"STORM, BIG');
  refusal(t, read(quote), 'INPUT_CSV');
  refusal(t, read(`${HEADER}\n`), 'INPUT_NO_ROWS');
  const fire: Row = { name: 'A', begin: '2005-01-01', type: 'Fire Management' };
  refusal(t, read(femaCsv([fire])), 'INPUT_NO_ROWS');
  const short = refusal(t, read(`${femaCsv(STORM)}1,2,3\n`), 'INPUT_CSV');
  t.is(short.place?.line, 8);
});

test('events become emergencies at the begin of the incident, in a window from a Monday', (t) => {
  const path = testFile(t, femaCsv(STORM), 'fema.csv');
  const table = { trace: path, format: 'fema', fromYear: 2005, untilYear: 2005 };
  let seen = 0;
  for (let replication = 0; replication < 30; replication++) {
    const { demand, sources } = loadDemand(table, { ...CONTEXT, replication });
    if (demand.kind !== 'government') return t.fail();
    for (const emergency of demand.emergencies) {
      seen += 1;
      t.is(emergency.nodes, 72, '0.6 of the cluster × 6 states / 5');
      t.is(emergency.durationMs, 17 * DAY_MS);
      t.false(emergency.injected);
      t.is(emergency.weight, 1);
      // 20 August 2005 was a Saturday.
      t.is((emergency.startMs - 5 * DAY_MS) % (7 * DAY_MS), 0);
      t.is(emergency.emergencyId, 'STORM, BIG 2005-08');
    }
    t.is(sources[0]!.label, 'derived');
  }
  t.true(seen > 0 && seen < 30);
  refusal(t, () => loadDemand({ ...table, untilYear: 2004 }, CONTEXT), 'INPUT_TRACE_SHORT');
});

test('the process has the published rate and clusters as published', (t) => {
  const process = {
    baseRate: DECLARATIONS_PER_DAY * (1 - BRANCHING),
    branching: BRANCHING,
    decay: 1 / EXCITATION_DAYS,
  };
  const days = 400_000;
  const stream = randomStream({ seed: 2, replication: 0, entity: 'hawkes', purpose: 'rate' });
  const times = hawkesTimes(process, days, stream);
  t.true(times.every((time, i) => i === 0 || time > times[i - 1]!));
  t.true(Math.abs(times.length / days / DECLARATIONS_PER_DAY - 1) < 0.02, `${times.length}`);
  const fano = (windowDays: number) => {
    const counts = new Float64Array(Math.floor(days / windowDays));
    for (const time of times) counts[Math.floor(time / windowDays)]! += 1;
    return variance(counts) / mean(counts);
  };
  t.true(Math.abs(fano(1) - 1.67) < 0.05, `${fano(1)}`);
  // Over windows much longer than the excitation it tends to 1 / (1 − n)².
  const limit = 1 / ((1 - BRANCHING) * (1 - BRANCHING));
  t.true(Math.abs(fano(400) - limit) < 0.3, `${fano(400)}`);
  const poisson = hawkesTimes({ ...process, baseRate: 0.2, branching: 0 }, 100_000, stream);
  t.true(Math.abs(poisson.length / 20_000 - 1) < 0.03);
});

test('the share of declarations that open an event follows from the record', (t) => {
  t.true(Math.abs(EVENT_SHARE - 0.589) < 0.002, `${EVENT_SHARE}`);
});

test('durations have the published quantiles', (t) => {
  const stream = randomStream({ seed: 2, replication: 0, entity: 'hawkes', purpose: 'days' });
  const days = sorted(Array.from({ length: 50_000 }, () => incidentDays(stream)));
  for (const [share, expected] of [
    [0.1, 1],
    [0.25, 2],
    [0.5, 7],
    [0.75, 26],
  ] as const) {
    t.true(Math.abs(quantile(days, share) / expected - 1) < 0.1, `${share}`);
  }
  t.true(quantile(days, 1) <= 91);
});

test('modelled emergencies are apart, large enough and as frequent as national events', (t) => {
  let count = 0;
  const years = 200;
  for (let replication = 0; replication < years; replication++) {
    const { demand } = loadDemand(
      { model: 'hawkes' },
      { ...CONTEXT, replication, horizonMs: 365.25 * DAY_MS },
    );
    if (demand.kind !== 'government') return t.fail();
    let freeAt = 0;
    for (const emergency of demand.emergencies) {
      t.true(emergency.startMs >= freeAt, 'none overlaps');
      freeAt = emergency.startMs + emergency.durationMs;
      t.true(emergency.nodes >= 60 && emergency.nodes <= 100);
    }
    count += demand.emergencies.length;
  }
  // 30 events over ≥ 5 states in 16 years; some fall into one that lasts.
  t.true(count / years > 1.4 && count / years < 1.95, `${count / years}`);
});

test('one emergency is injected in every replication, weighted by how rare it is', (t) => {
  const starts: number[] = [];
  for (let replication = 0; replication < 20; replication++) {
    const { demand } = loadDemand(
      { model: 'hawkes', injectNodes: 100, injectDurationHours: 48, minimumStates: 2 },
      { ...CONTEXT, replication },
    );
    if (demand.kind !== 'government') return t.fail();
    const injected = demand.emergencies.filter((emergency) => emergency.injected);
    t.is(injected.length, 1);
    const { startMs, durationMs, nodes, weight } = injected[0]!;
    t.is(nodes, 100);
    t.true(startMs >= CONTEXT.warmUpMs && startMs + durationMs <= CONTEXT.horizonMs);
    starts.push(startMs);
    // 100 nodes: 9 states or more, four events in 16 years.
    const expected = ((4 / 16) * 49) / 365.25;
    t.true(Math.abs(weight - expected) < 1e-12, `${weight}`);
    t.true(demand.emergencies.every((other) => other.injected || other.nodes < 100));
  }
  t.is(new Set(starts).size, 20);
  const fixed = loadDemand({ model: 'hawkes', injectNodes: 50, injectAtHours: 300 }, CONTEXT);
  if (fixed.demand.kind !== 'government') return t.fail();
  const at = fixed.demand.emergencies.find((emergency) => emergency.injected)!.startMs;
  t.is(at, 300 * 3_600_000);
});

test('sizes grow with states, up to the cluster', (t) => {
  const fields = checkWorkload({ model: 'hawkes' }) as unknown as EmergencyFields;
  t.deepEqual(
    [1, 5, 6, 7, 39].map((states) => emergencyNodes(states, fields, 100)),
    [12, 60, 72, 84, 100],
  );
  const steep = { ...fields, sizeExponent: 2, nationalNodes: 50, maximumNodes: 70 };
  t.deepEqual(
    [1, 5, 6].map((states) => emergencyNodes(states, steep, 100)),
    [2, 50, 70],
  );
});

test('the background has the mean that was asked for', (t) => {
  const { demand } = loadDemand({ model: 'hawkes', backgroundNodes: 20 }, CONTEXT);
  if (demand.kind !== 'government') return t.fail();
  const { timeMs, nodes } = demand.needs;
  let sum = 0;
  nodes.forEach((need, i) => (sum += need * ((timeMs[i + 1] ?? CONTEXT.horizonMs) - timeMs[i]!)));
  t.true(Math.abs(sum / CONTEXT.horizonMs - 20) < 0.5);
});

test('windows conditioned on an emergency hold one, and those on none do not; each is drawn as usual', (t) => {
  const table = { model: 'hawkes', durationCapDays: 2 };
  const large = (workload: object, given: object = {}) => {
    const { demand, rarity } = loadDemand(checkWorkload({ ...table, ...workload }), {
      ...CONTEXT,
      ...given,
    });
    if (demand.kind !== 'government') throw new Error('a government was asked for');
    return { rarity, emergencies: demand.emergencies };
  };
  const conditionNodes = Math.floor(CONTEXT.nodes / 2);
  const isLarge = ({ nodes, startMs }: { readonly nodes: number; readonly startMs: number }) =>
    nodes >= conditionNodes && startMs >= CONTEXT.warmUpMs;
  for (let replication = 0; replication < 20; replication++) {
    const given = { replication };
    const usual = large({}, given).emergencies;
    const some = large({ conditionNodes }, { ...given, stratum: 'some' }).emergencies;
    const none = large({ conditionNodes }, { ...given, stratum: 'none' }).emergencies;
    t.true(some.some(isLarge));
    t.false(none.some(isLarge));
    t.deepEqual(usual.some(isLarge) ? some : none, usual, 'the usual draw is one of the two');
  }
  // Poisson: 1 − exp(−rate · share · days).
  const poisson = {
    branching: 0,
    declarationsPerDay: 0.1,
    eventShare: 0.5,
    states: [
      [9, 1],
      [1, 3],
    ],
  };
  const { rarity } = large({ ...poisson, conditionNodes: 1 });
  t.true(Math.abs(rarity!.probability - (1 - Math.exp(-0.1 * 0.5 * 0.25 * 49))) < 1e-9);
  refusal(t, () => large({ conditionNodes: 1e6 }), 'INPUT_WORKLOAD');
  refusal(t, () => large({ conditionNodes: 5, injectNodes: 5 }), 'INPUT_WORKLOAD');
});
