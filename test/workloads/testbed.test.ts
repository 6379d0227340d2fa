import test from 'ava';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import { readDeadlines } from '../../workloads/formats/deadline-calendar.ts';
import { syntheticDeadlines } from '../../workloads/models/testbed-surges.ts';
import { checkWorkload } from '../../workloads/schema.ts';
import { loadDemand } from '../../workloads/source.ts';
import { GANG_SIZES, surgeDemand, type SurgeFields } from '../../workloads/surges.ts';
import { mean } from '../../workloads/statistics.ts';
import { refusal, testFile } from './files.ts';

const FIELDS = checkWorkload({ model: 'testbed-surges' }) as unknown as SurgeFields;
const stream = (purpose: string) =>
  randomStream({ seed: 4, replication: 0, entity: 'testbed', purpose });

const CONTEXT = {
  kind: 'testbed',
  organisation: 'testbed',
  seed: 1,
  replication: 0,
  horizonMs: 56 * DAY_MS,
  warmUpMs: 0,
  nodes: 100,
  scenarioFolder: '.',
  tracesFolder: undefined,
} as const;

const CALENDAR = [
  'conference,category,year,id,round,kind,deadline_local,timezone,deadline_unix,comment',
  'SC,DS,2022,sc22,0,full,2022-04-01 23:59:00,AoE,1648900740,',
  'LISA,DS,2021,lisa21,0,full,2021-02-23 20:59:59,PT,,',
  'VLDB,DB,2021,vldb21,0,abstract,2021-04-01 17:00:00,UTC+8,1617267600,',
  'X,DS,2022,x,0,full,2022-02-30 00:00:00,AoE,,',
  'Y,DS,2022,y,0,full,2022-03-30 00:00:00,MARS,,',
  'Z,DS,2022,z,0,full,2022-03-30 00:00:00,UTC,1,',
  '',
].join('\n');

test('deadlines are instants in their zones', (t) => {
  const calendar = readDeadlines(testFile(t, CALENDAR, 'deadlines.csv'));
  t.deepEqual(
    calendar.deadlines.map((deadline) => [deadline.conference, deadline.atMs]),
    [
      ['LISA', Date.parse('2021-02-24T04:59:59Z')],
      ['VLDB', 1_617_267_600_000],
      ['Z', Date.parse('2022-03-30T00:00:00Z')],
      ['SC', 1_648_900_740_000],
    ],
  );
  t.deepEqual({ ...calendar.dropped }, { deadlineUnreadable: 1, zoneUnknown: 1 });
  t.deepEqual(calendar.quarantined, [
    { reason: 'deadlineUnreadable', line: 5, column: 7 },
    { reason: 'zoneUnknown', line: 6, column: 8 },
  ]);
  t.is(calendar.contradicting, 1);
});

test('experiments pile up before a deadline, and rest after it', (t) => {
  const deadline = 100 * DAY_MS;
  const perDay = new Float64Array(120);
  for (let run = 0; run < 60; run++) {
    const { experiments } = surgeDemand(
      [deadline],
      0.01,
      { ...FIELDS, experimentsPerDay: 5 },
      100,
      120 * DAY_MS,
      stream(`surge ${run}`),
    );
    for (const { releaseMs } of experiments) perDay[Math.floor(releaseMs / DAY_MS)]! += 1 / 60;
  }
  t.true(Math.abs(mean(perDay.subarray(0, 50)) - 5) < 0.2, 'the base rate');
  t.true(Math.abs(mean(perDay.subarray(103)) - 5) < 0.5, 'the base rate again');
  // a = 3, τ = 6 d: 1 + 3 · e^(−1.5/6) the day before last; in the last the shortest are dropped.
  t.true(Math.abs(perDay[98]! / 5 - (1 + 3 * Math.exp(-1.5 / 6))) < 0.35, `${perDay[98]}`);
  t.true(Math.abs(perDay[94]! / 5 - (1 + 3 * Math.exp(-5.5 / 6))) < 0.35, `${perDay[94]}`);
  t.true(Math.abs(mean(perDay.subarray(100, 102)) - 2.5) < 0.5, 'half of it in the dip');
});

test('every experiment fits its window, and gangs fit the cluster', (t) => {
  const deadlines = [5, 9, 9, 20].map((day) => day * DAY_MS);
  const { experiments, dropped } = surgeDemand(
    deadlines,
    0.2,
    { ...FIELDS, experimentsPerDay: 40 },
    10,
    21 * DAY_MS,
    stream('fit'),
  );
  t.true(experiments.length > 500);
  t.true((dropped['tooCloseToDeadline'] ?? 0) > 0);
  const sizes = new Set(GANG_SIZES.map(([size]) => size).filter((size) => size <= 10));
  let before = 0;
  experiments.forEach((experiment, index) => {
    const { releaseMs, deadlineMs, durationMs, nodes } = experiment;
    t.true(releaseMs >= before && releaseMs < 21 * DAY_MS);
    before = releaseMs;
    t.true(durationMs >= 2 * HOUR_MS && durationMs <= 7 * DAY_MS);
    t.true(releaseMs + durationMs <= deadlineMs);
    t.true(sizes.has(nodes));
    t.is(experiment.experimentId, `experiment-${index + 1}`);
    t.true([releaseMs, deadlineMs, durationMs].every(Number.isSafeInteger));
  });
});

test('the load that is asked for comes out over a long calendar', (t) => {
  const shares: number[] = [];
  for (let replication = 0; replication < 80; replication++) {
    const { demand } = loadDemand(
      { model: 'testbed-surges', load: 0.5 },
      { ...CONTEXT, replication },
    );
    if (demand.kind !== 'testbed') return t.fail();
    const asked = demand.experiments.reduce((sum, each) => sum + each.nodes * each.durationMs, 0);
    shares.push(asked / (CONTEXT.nodes * CONTEXT.horizonMs));
  }
  t.true(Math.abs(mean(shares) - 0.5) < 0.05, `${mean(shares)}`);
});

test('a synthetic calendar has the deadlines of a year, at the end of a day on Earth', (t) => {
  const years = 300;
  const deadlines = syntheticDeadlines(40, years * 365 * DAY_MS, stream('calendar'));
  t.true(Math.abs(deadlines.length / years - 40) < 1.5, `${deadlines.length / years}`);
  t.true(deadlines.every((at) => at % DAY_MS === 7 * HOUR_MS));
  t.true(deadlines.every((at, i) => i === 0 || at >= deadlines[i - 1]!));
});

test('a real calendar drives surges in the testbed’s own zone', (t) => {
  const rows = Array.from(
    { length: 52 },
    (_, week) =>
      `C${week},DS,2024,c,0,full,${new Date(Date.UTC(2024, 0, 3 + 7 * week)).toISOString().slice(0, 10)} 23:59:59,AoE,,`,
  );
  const path = testFile(t, `${CALENDAR.split('\n')[0]}\n${rows.join('\n')}\n`, 'deadlines.csv');
  const table = { trace: path, format: 'deadlines', fromYear: 2024, untilYear: 2024, surge: 50 };
  const { demand, sources } = loadDemand(table, CONTEXT);
  if (demand.kind !== 'testbed') return t.fail();
  const hours = new Set(demand.experiments.map(({ deadlineMs }) => (deadlineMs / HOUR_MS) % 168));
  // Wednesday 23:59:59 AoE is Thursday 06:59:59 in New York in winter, 07:59:59 in summer.
  const ends = [3 * 24 + 7, 3 * 24 + 8].map((hour) => hour - 1 / 3600);
  t.true(ends.some((end) => [...hours].some((hour) => Math.abs(hour - end) < 1e-6)));
  t.is(sources[0]!.label, 'derived');
  t.regex(sources[0]!.treatment, /assumption/);
  const none = { ...table, conferences: ['NOPE'] };
  refusal(t, () => loadDemand(none, CONTEXT), 'INPUT_NO_ROWS');
  refusal(t, () => loadDemand({ ...table, timeZone: 'Mars' }, CONTEXT), 'INPUT_ZONE');
});
