/** Series: spot prices, availability, electricity, utilisation. */
import test from 'ava';
import { csvLines } from '../../workloads/column-table.ts';
import { readAlibabaMachines } from '../../workloads/formats/alibaba-machines.ts';
import { readAlibabaUsage } from '../../workloads/formats/alibaba-usage.ts';
import { readGoogle2011Jobs } from '../../workloads/formats/google-2011-jobs.ts';
import { readGoogle2019Collections } from '../../workloads/formats/google-2019-collections.ts';
import { azureReadingsFormat } from '../../workloads/formats/azure-readings.ts';
import { readBitbrains } from '../../workloads/formats/bitbrains.ts';
import { readDayAhead } from '../../workloads/formats/day-ahead.ts';
import { ec2SpotFormat, readEc2Spot } from '../../workloads/formats/ec2-spot.ts';
import { readGoogle2011Machines } from '../../workloads/formats/google-2011-machines.ts';
import { readGoogle2011Usage } from '../../workloads/formats/google-2011-usage.ts';
import { planetlabFormat, readPlanetlab } from '../../workloads/formats/planetlab.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { SeriesRecorder } from '../../workloads/formats/series-log.ts';
import { readSkypilot } from '../../workloads/formats/skypilot.ts';
import { checkWorkload } from '../../workloads/schema.ts';
import { refusal, testFile } from './files.ts';

const seconds = (text: string) => Date.parse(text) / 1_000;

test('spot prices as JSON, backwards in time, come out forwards, one series a zone', (t) => {
  const record = (zone: string, price: unknown, time: string) => ({
    AvailabilityZone: zone,
    InstanceType: 'm4.large',
    ProductDescription: 'Linux/UNIX',
    SpotPrice: price,
    Timestamp: time,
  });
  const answer = {
    SpotPriceHistory: [
      record('us-east-1a', '0.09', '2016-08-29T10:00:00.000Z'),
      record('us-east-1b', '0.05', '2016-08-29T09:00:00+02:00'),
      record('us-east-1a', '0.08', '2016-08-29T08:00:00.000Z'),
      record('us-east-1a', 'free', '2016-08-29T07:00:00.000Z'),
      7,
    ],
  };
  const path = testFile(t, JSON.stringify(answer, null, 1), 'spot.json');
  t.is(recogniseFormat(path).name, 'ec2-spot');
  const log = readEc2Spot(path);
  t.deepEqual(
    log.series.map(({ name }) => name),
    ['m4.large us-east-1a Linux/UNIX', 'm4.large us-east-1b Linux/UNIX'],
  );
  t.deepEqual([...log.series[0]!.values], [0.08, 0.09]);
  t.is(log.series[1]!.seconds[0], seconds('2016-08-29T07:00:00Z'));
  t.deepEqual({ ...log.dropped }, { timeUnknown: 1, valueUnknown: 1 });
  t.is(log.quarantined[0]!.line, 24);
});

test('spot prices as text of the old and the new tools, product names with blanks', (t) => {
  const text = [
    'SPOTINSTANCEPRICE\t0.08\t2012-05-07T10:00:00-0800\tm1.small\tRed Hat Enterprise Linux\tus-east-1a',
    'SPOTPRICEHISTORY\tus-east-1a\tm1.small\tRed Hat Enterprise Linux\t0.07\t2012-05-07T10:00:00.000Z',
    'SPOTPRICEHISTORY\tus-east-1a',
  ];
  const log = readEc2Spot(testFile(t, `${text.join('\n')}\n`));
  t.deepEqual(
    [...log.series[0]!.seconds],
    [seconds('2012-05-07T10:00:00Z'), seconds('2012-05-07T18:00:00Z')],
  );
  t.deepEqual([...log.series[0]!.values], [0.07, 0.08]);
  t.deepEqual(log.quarantined, [{ reason: 'fieldCount', line: 3, column: 1 }]);
});

test('spot prices as CSV without zones interleave, and that is told', (t) => {
  const row = (price: string) => `2026-02-27 21:02:32+00:00,us-east-1,${price}`;
  const path = testFile(t, `Timestamp,Region,SpotPrice\n${row('0.2')}\n${row('0.1')}\n`, 'p.csv');
  const inspection = ec2SpotFormat.inspect(path, {});
  t.deepEqual(inspection.suspicious, { timeRepeated: 1 });
  t.regex(inspection.oddities.join(), /no zones/);
  t.deepEqual([...csvLines(ec2SpotFormat.columns(path, {}))].slice(0, 2), [
    'series,unixSeconds,value',
    'us-east-1,1772226152,0.2',
  ]);
});

test('resampled prices have one value every 300 s; a missing one keeps its place', (t) => {
  const log = readEc2Spot(testFile(t, 'x\n0.5\nNA\n0.7\n', 'a.txt'));
  t.deepEqual([...log.series[0]!.seconds], [0, 600]);
  t.true(log.derived);
  t.deepEqual(log.quarantined, [{ reason: 'valueUnknown', line: 3, column: 1 }]);
  refusal(t, () => readEc2Spot(testFile(t, 'hello\n')), 'INPUT_NO_ROWS');
});

test('availability is read by its gap, a wrong gap is refused', (t) => {
  const text = '{"metadata": {"gap_seconds": 600}, "data": [1, 0, -1, 16]}';
  const path = testFile(t, text, 'us-west-2a_v100_1.json');
  t.is(recogniseFormat(path).name, 'skypilot');
  const log = readSkypilot(path);
  t.is(log.series[0]!.name, 'us-west-2a_v100_1');
  t.deepEqual([...log.series[0]!.seconds], [0, 600, 1_800]);
  t.deepEqual({ ...log.dropped }, { valueUnknown: 1 });
  refusal(t, () => readSkypilot(testFile(t, text.replace('600', '0'))), 'INPUT_NO_ROWS');
});

test('days of 23 and 25 hours are hours without a gap in the zone of the market', (t) => {
  const day = (date: string, hours: number) =>
    Array.from({ length: hours }, (_, hour) => {
      const two = (value: number) => String(Math.min(24, value)).padStart(2, '0');
      return `${date},${two(hour)}:00,${two(hour + 1)}:00,${hour === 3 ? -5 : hour}`;
    });
  for (const [days, hours] of [
    [['2021-03-27', '2021-03-28', '2021-03-29'], 23],
    [['2021-10-30', '2021-10-31', '2021-11-01'], 25],
  ] as const) {
    const rows = days.flatMap((date, index) => day(date, index === 1 ? hours : 24));
    const text = `date,time_from,time_to,price_eur_mwh\n${rows.join('\n')}\n`;
    const path = testFile(t, text, 'prices.csv');
    t.is(recogniseFormat(path).name, 'day-ahead');
    const log = readDayAhead(path, { timeZone: 'Europe/Prague' });
    const at = log.series[0]!.seconds;
    t.is(at.length, 48 + hours);
    for (let i = 1; i < at.length; i++) t.is(at[i]! - at[i - 1]!, 3_600);
    t.deepEqual(log.suspicious, { [`dayOf${hours}Hours`]: 1 });
    t.is(log.series[0]!.values[3], -5);
  }
});

test('Bitbrains: seconds under a header of milliseconds, more than 100 %, damaged rows', (t) => {
  const text = [
    'Timestamp [ms];\tCPU cores;\tCPU usage [%]',
    '1376314846;\t2;\t12.5',
    '1376315146000;\t2;\t104',
    '1376315446;\t2;\tmuch',
    '1376315446;\t2',
  ];
  const path = testFile(t, `${text.join('\n')}\n`, '1.csv');
  t.is(recogniseFormat(path).name, 'bitbrains');
  const log = readBitbrains(path);
  t.deepEqual(
    log.series.map(({ name }) => name),
    ['CPU cores', 'CPU usage [%]'],
  );
  t.deepEqual([...log.series[1]!.seconds], [1_376_314_846, 1_376_315_146]);
  t.deepEqual(log.suspicious, { over100Percent: 1 });
  t.deepEqual(log.quarantined, [
    { reason: 'notANumber', line: 4, column: 16 },
    { reason: 'fieldCount', line: 5, column: 1 },
  ]);
});

test('PlanetLab: whole per cents, a value beyond them is set aside in its place', (t) => {
  const lines = Array.from({ length: 20 }, (_, i) => String(i * 5));
  const path = testFile(t, `${lines.join('\n')}\n101\n7\n`, 'a slice with blanks');
  t.is(recogniseFormat(path).name, 'planetlab');
  const log = readPlanetlab(path);
  t.is(log.points, 21);
  t.is(log.series[0]!.seconds.at(-1), 21 * 300);
  t.deepEqual(log.quarantined, [{ reason: 'valueUnknown', line: 21, column: 1 }]);
  t.regex(log.oddities.join(), /here are 22/);
  t.is(planetlabFormat.inspect(path, {}).records, 21);
});

test('Azure readings: one series a machine, names with / + = stay whole', (t) => {
  const id = '+ZcrOp5/c/fJ6mVgP5qMZlOAGDwyjaaDNM0WoWOt2IDb47gT0Uw==';
  const path = testFile(t, `0,${id},2,4,3\n300,${id},2,4,5\nx,${id},1,1,1\n`, 'r.csv');
  t.is(recogniseFormat(path).name, 'azure-readings');
  const inspection = azureReadingsFormat.inspect(path, {});
  t.is(inspection.records, 2);
  t.deepEqual(inspection.suspicious, { averageOutsideItsRange: 1 });
  t.deepEqual({ ...inspection.dropped }, { timeUnknown: 1 });
});

test('names of series cannot steer a terminal', (t) => {
  const answer = {
    SpotPriceHistory: [
      { InstanceType: 'a\u001b[31m\u202eb', SpotPrice: '1', Timestamp: '2016-08-29T10:00:00Z' },
    ],
  };
  const path = testFile(t, JSON.stringify(answer), 'spot.json');
  const { facts } = ec2SpotFormat.inspect(path, {});
  t.is(facts.at(-1)!.name, 'a\\u{1b}[31m\\u{202e}b');
});

test('what is beyond anything is set aside, and a series is no workload', (t) => {
  const recorder = new SeriesRecorder('a');
  recorder.add('x', 1e30, 1, { line: 1, column: 1 });
  recorder.add('x', 1, Infinity, { line: 2, column: 1 });
  t.deepEqual({ ...recorder.aside.dropped }, { outOfRange: 2 });
  const finish = () => recorder.finish({ format: 'x', unit: '', absolute: false });
  refusal(t, finish, 'INPUT_NO_ROWS');
  const table = { trace: 'a.json', format: 'skypilot' };
  refusal(t, () => checkWorkload(table), 'INPUT_WORKLOAD_FORMAT');
});

test('Google 2011: use by task, and the size of the cluster as machines come and go', (t) => {
  const rest = ',0'.repeat(14);
  const usage = testFile(t, `600000000,1,9007199254740993,0,5,0.25${rest}\n1,2,3\n`, 'u.csv');
  t.is(recogniseFormat(usage).name, 'google-2011-usage');
  const used = readGoogle2011Usage(usage);
  t.is(used.series[0]!.name, '9007199254740993/0');
  t.deepEqual([used.series[0]!.seconds[0], used.series[0]!.values[0]], [600, 0.25]);
  t.deepEqual(used.quarantined, [{ reason: 'fieldCount', line: 2, column: 1 }]);
  const events = [
    '0,10,0,p=,0.5,0.25',
    '0,11,0,p=,1,1',
    '5000000,10,2,p=,0.75,0.25',
    '6000000,11,1,p=,1,1',
    '7000000,12,1,p=,1,1',
    '8000000,12,7,p=,1,1',
  ];
  const machines = testFile(t, `${events.join('\n')}\n`, 'm.csv');
  t.is(recogniseFormat(machines).name, 'google-2011-machines');
  const log = readGoogle2011Machines(machines);
  t.deepEqual([...log.series[0]!.values], [1, 2, 2, 1]);
  t.deepEqual([...log.series[1]!.values], [0.5, 1.5, 1.75, 0.75]);
  t.deepEqual({ ...log.dropped }, { eventUnknown: 1, removedUnknown: 1 });
});

test('Google: events of jobs and collections give how many wait and run', (t) => {
  const rows = [
    '0,,1,0,u,0,n,l',
    '0,,1,1,u,0,n,l',
    '700000000,,18446744073709551615,0,u,0,n,l',
    '700000000,,18446744073709551616,0,u,0,n,l',
    '800000000,,18446744073709551615,1,u,0,n,l',
    '900000000,,1,4,u,0,n,l',
    '900000000,,2,4,u,0,n,l',
    'x,,3,0,u,0,n,l',
    '9223372036854775807,,1,5,u,0,n,l',
    '900000000,,3,9,u,0,n,l',
  ];
  const path = testFile(t, `${rows.join('\n')}\n`, 'a.csv');
  t.is(recogniseFormat(path).name, 'google-2011-jobs');
  const log = readGoogle2011Jobs(path);
  const values = log.series.map(({ name, values }) => [name, ...values]);
  t.deepEqual(values, [
    ['waiting', 1, 0, 1, 2, 1, 1],
    ['running', 0, 1, 1, 1, 2, 1],
  ]);
  t.deepEqual({ ...log.dropped }, { endsWithoutBegin: 1, eventUnknown: 1, timeUnknown: 1 });
  const lines = [
    { time: '700000000', type: 'SUBMIT', collection_id: '18446744073709551615' },
    { time: '800000000', type: '3', collection_id: '18446744073709551615' },
    { time: '900000000', type: 'constructor', collection_id: '1' },
  ];
  const json = testFile(t, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, 'b.json');
  t.is(recogniseFormat(json).name, 'google-2019-collections');
  const found = readGoogle2019Collections(json);
  t.deepEqual([...found.series[1]!.values], [0, 1]);
  t.deepEqual({ ...found.dropped }, { eventUnknown: 1 });
});

test('Alibaba 2018: machines come and go, and what they use', (t) => {
  const machines = [
    'm_1,0,1,5,96,100,USING',
    'm_1,500,1,5,96,100,IMPORT',
    'm_2,0,1,5,64,100,USING',
    'm_3,9,1,5',
  ];
  const path = testFile(t, `${machines.join('\n')}\n`, 'a.csv');
  t.is(recogniseFormat(path).name, 'alibaba-2018-machines');
  const log = readAlibabaMachines(path);
  t.deepEqual(
    log.series.map(({ name, seconds, values }) => [name, [...seconds], [...values]]),
    [
      ['machines', [0, 500], [2, 1]],
      ['cores', [0, 500], [160, 64]],
    ],
  );
  const usage = [
    'm_1,386640,41,92,,,43.04,33.08,101',
    'm_1,386670,-1,92,,,43.04,33.08,5',
    'c_1,m_1,386640,7,15,0.9,,,2.5,2.5,-1',
  ];
  const use = testFile(t, `${usage.join('\n')}\n`, 'b.csv');
  t.is(recogniseFormat(use).name, 'alibaba-2018-usage');
  const found = readAlibabaUsage(use);
  t.deepEqual(
    found.series.map(({ name, values }) => [name, ...values]),
    [
      ['m_1', 41],
      ['c_1', 7],
    ],
  );
  t.deepEqual({ ...found.suspicious }, { diskAbnormal: 2 });
  t.deepEqual(found.quarantined, [{ reason: 'valueUnknown', line: 2, column: 12 }]);
});
