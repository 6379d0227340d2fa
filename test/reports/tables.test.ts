import { parse } from 'csv-parse/sync';
import test from 'ava';
import fc from 'fast-check';
import { harmless, renderCsv } from '../../reports/tables/csv.ts';
import {
  describeIntervals,
  EVALYS_COLUMNS,
  jobsFileName,
  renderJobsCsv,
} from '../../reports/tables/jobs-csv.ts';
import { renderLeasesCsv, renderPricesCsv } from '../../reports/tables/market-csv.ts';
import type { StratifiedFigure } from '../../core/metrics/rare-emergencies.ts';
import { rareEmergenciesPart } from '../../reports/html/rare-emergencies.ts';
import { METRICS_COLUMNS, renderMetricsCsv } from '../../reports/tables/metrics-csv.ts';
import { renderHeadlineTable } from '../../reports/tables/terminal.ts';
import { escapeTex, renderTex } from '../../reports/tables/tex.ts';
import { renderTexTables } from '../../reports/tables/tex-tables.ts';
import { exampleMetrics } from './example-metrics.ts';
import { PAYLOADS } from './payloads.ts';

const read = (text: string) => parse(text) as string[][];

test('a cell of text never begins like a formula, a number stays a number', (t) => {
  t.is(harmless('=1+1'), "'=1+1");
  t.is(harmless('@x'), "'@x");
  t.is(harmless('\uff1d1'), "'\uff1d1");
  t.is(harmless('hpc-a'), 'hpc-a');
  t.deepEqual(read(renderCsv(['a', 'b', 'c'], [['-x', -1.5, null]])), [
    ['a', 'b', 'c'],
    ["'-x", '-1.5', ''],
  ]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      t.notRegex(harmless(text), /^\s*[=+\-@]|[\t\r\n]/);
    }),
  );
});

test('any text survives the round trip through a CSV reader', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }),
      (cells) => {
        const [, row] = read(
          renderCsv(
            cells.map((_, index) => `c${index}`),
            [cells],
          ),
        );
        t.deepEqual(row, cells.map(harmless));
      },
    ),
  );
  for (const payload of PAYLOADS) {
    t.deepEqual(read(renderCsv(['x', 'y'], [[payload, 1]]))[1], [harmless(payload), '1']);
  }
});

test('metrics.csv has every figure once, tidy, with its unit', (t) => {
  const metrics = exampleMetrics();
  const [heads, ...rows] = read(renderMetricsCsv(metrics));
  t.deepEqual(heads, [...METRICS_COLUMNS]);
  t.true(rows.every((row) => row.length === METRICS_COLUMNS.length && row[7] !== ''));
  const keys = rows.map((row) => row.slice(0, 3).join('|'));
  t.is(new Set(keys).size, keys.length);
  const row = rows.find((one) => one[2] === 'hardwareReduction.saving')!;
  const saving = metrics.hardwareReduction!.saving;
  t.true('mean' in saving);
  if ('mean' in saving) {
    t.deepEqual(row.slice(3), [...[saving.mean, ...saving.ci95, saving.n].map(String), 'share']);
  }
  // Every estimate of the results is there: counted in the JSON that they come from.
  const { series: _, extraDemandMet: __, ...listed } = metrics;
  const estimates = JSON.stringify(listed).match(/"ci95"|"value":null/g)!.length;
  t.is(rows.length, estimates);
});

test('a single replication has no interval in the table, a missing figure no mean', (t) => {
  const rows = read(renderMetricsCsv(exampleMetrics({ replications: 1 })));
  const saving = rows.find((row) => row[2] === 'hardwareReduction.saving')!;
  t.deepEqual(saving.slice(4, 7), ['', '', '1']);
  const missing = rows.find((row) => row[2] === 'ownMeasures.timeToCapacitySeconds')!;
  t.deepEqual(missing.slice(3, 7), ['', '', '', '0']);
});

test('jobs have the columns of Evalys, and what follows from the others is computed', (t) => {
  const rows = read(
    renderJobsCsv([
      {
        jobId: 7,
        workloadName: 'static/0',
        submissionSeconds: 100,
        requestedNodes: 4,
        requestedSeconds: 600,
        success: true,
        startSeconds: 160,
        finishSeconds: 460,
        allocatedNodes: [11, 2, 1, 5, 10],
      },
      {
        jobId: 8,
        workloadName: 'static/0',
        submissionSeconds: 100,
        requestedNodes: 4,
        requestedSeconds: 600,
        success: false,
        startSeconds: null,
        finishSeconds: null,
        allocatedNodes: [],
      },
    ]),
  );
  t.deepEqual(rows[0], [...EVALYS_COLUMNS]);
  t.deepEqual(rows[1], [
    '7',
    'static/0',
    '100',
    '4',
    '600',
    '1',
    '160',
    '300',
    '460',
    '60',
    '360',
    '1.2',
    '1-2 5 10-11',
  ]);
  t.deepEqual(rows[2]!.slice(5), ['0', '', '', '', '', '', '', '']);
  t.is(describeIntervals([3, 3, 4, 9]), '3-4 9');
});

test('a file name never leaves its folder and never meets another', (t) => {
  const taken = new Set<string>();
  for (const name of [...PAYLOADS, 'A', 'a', 'a', '..', '.', '']) {
    const file = jobsFileName(name, taken);
    t.regex(file, /^jobs-[A-Za-z0-9_-]{1,70}\.csv$/);
    t.false(taken.has(file.toLowerCase()));
    taken.add(file.toLowerCase());
  }
});

test('leases and prices are written row by row', (t) => {
  const leases = renderLeasesCsv([
    {
      variant: 'market',
      replication: 0,
      leaseId: 'l-1',
      owner: '=evil',
      borrower: 'cloud',
      nodeClass: 'standard',
      nodes: 3,
      startSeconds: -10,
      readySeconds: null,
      endSeconds: 50,
      paidCredits: 2.5,
      recallable: true,
      outcome: 'recalled',
    },
  ]);
  t.deepEqual(read(leases)[1], [
    'market',
    '0',
    'l-1',
    "'=evil",
    'cloud',
    'standard',
    '3',
    '-10',
    '',
    '50',
    '2.5',
    '1',
    'recalled',
  ]);
  const row = { variant: 'market', replication: 0, round: 4, timeSeconds: 3_600 };
  const prices = renderPricesCsv([{ ...row, nodeClass: 'standard', creditsPerNodeHour: null }]);
  t.deepEqual(read(prices)[1], ['market', '0', '4', '3600', 'standard', '']);
});

test('TeX text can run nothing, and a table has as many cells as columns', (t) => {
  t.is(escapeTex('50 % of $x_1$'), '50 \\% of \\$x\\_1\\$');
  t.is(escapeTex('\\input{a}'), '\\textbackslash{}input\\{a\\}');
  t.is(escapeTex('a\u00a0\u22121'), 'a~\\ensuremath{-}1');
  for (const payload of PAYLOADS) {
    const text = escapeTex(payload);
    // Every special character is behind a backslash, and every brace has its partner.
    const bare = text.replaceAll(/\\([a-zA-Z]+(\{(-|\\times)?\})?|[{}$&#%_])|\{[-[\]]\}/g, '');
    t.notRegex(bare, /[\\{}$&#%_^<>|"]/, payload.slice(0, 40));
  }
  const tex = renderTex({
    about: 'x\ny',
    columns: ['A', 'B'],
    alignment: 'lr',
    rows: [['1', '&']],
  });
  t.is(
    tex,
    [
      '% x y',
      '% Needs \\usepackage{booktabs} and \\usepackage{textcomp}.',
      '\\begin{tabular}{@{}lr@{}}',
      '\\toprule',
      'A & B \\\\',
      '\\midrule',
      '1 & \\& \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '',
    ].join('\n'),
  );
  for (const [name, text] of renderTexTables(exampleMetrics())) {
    const lines = text.split('\n').filter((line) => line.endsWith('\\\\'));
    const cells = new Set(lines.map((line) => line.replaceAll('\\&', '').split(' & ').length));
    t.is(cells.size, 1, name);
    t.is(/@\{\}([lrc]+)@\{\}/.exec(text)![1]!.length, [...cells][0]!, name);
  }
});

test('the table for a terminal fits its width, with colours and without', (t) => {
  const widthOf = (line: string) => Array.from(line).length;
  for (const metrics of [
    exampleMetrics(),
    exampleMetrics({ gain: -1 }),
    exampleMetrics({ replications: 1 }),
    exampleMetrics({ variants: ['static'] }),
  ]) {
    for (const width of [40, 80, 100]) {
      const plain = renderHeadlineTable(metrics, { width, colour: false });
      t.true(
        plain.split('\n').every((line) => widthOf(line) <= width),
        `${width}`,
      );
      t.notRegex(plain, /\u001b/);
      const coloured = renderHeadlineTable(metrics, { width, colour: true });
      t.is(coloured.replaceAll(/\u001b\[\d+m/g, ''), plain);
    }
  }
  const text = renderHeadlineTable(exampleMetrics(), { width: 100, colour: false });
  t.regex(text, /Hardware saved +11\.8\u00a0% +\[10\.1,\u00a013\.5\]/);
});

test('a hostile name cannot move the cursor of a terminal', (t) => {
  const example = exampleMetrics();
  const metrics = {
    ...example,
    security: {
      ...example.security!,
      premium: { '\u001b[2J\u0007evil': example.demandCorrelation },
    },
  };
  const text = renderHeadlineTable(metrics, { width: 80, colour: false });
  t.notRegex(text, /[\u0000-\u0009\u000b-\u001f]/);
  t.regex(text, /evil/);
});

test('what rare emergencies come to is in the table and on the page, with and without one', (t) => {
  const figure = (mean: number): StratifiedFigure => {
    const of = (value: number) => ({ mean: value, ci95: [value - 1, value + 1] as const, n: 3 });
    return { some: of(mean), none: of(0), expected: of(mean / 10), perYear: of(mean) };
  };
  const variant = {
    variant: 'static',
    demandNodeHours: figure(500),
    metNodeHours: figure(400),
    governmentDemandNodeHours: figure(90),
    governmentMetNodeHours: figure(80),
    extraNodeHours: figure(70),
  };
  const rareEmergencies = { nodes: 24, probability: 0.1, effectiveRuns: 3.66, variants: [variant] };
  const metrics = { ...exampleMetrics(), rareEmergencies };
  const rows = read(renderMetricsCsv(metrics));
  const row = rows.find((cells) => cells.includes('rareEmergencies.extraNodeHours.expected'))!;
  t.deepEqual(row, [
    'static',
    '',
    'rareEmergencies.extraNodeHours.expected',
    '7',
    '6',
    '8',
    '3',
    'node-hours',
  ]);
  const page = rareEmergenciesPart(metrics)!.text;
  t.regex(page, /10(\.0)?\s*% of\s+windows hold one of at least 24 nodes/u);
  t.regex(page, /worth\s+3\.7 runs/);
  t.is(rareEmergenciesPart(exampleMetrics()), null);
});
