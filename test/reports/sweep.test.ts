/** Reports of sweeps: what is stored is read back or refused, names of others are only shown. */
import test from 'ava';
import fc from 'fast-check';
import { judgeMark } from '../../core/metrics/sweep/marks.ts';
import type { SweepCell, SweepResults } from '../../core/metrics/sweep/results.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { parseSweep } from '../../reports/stored/parse.ts';
import { renderSweepOverview } from '../../reports/sweep/overview.ts';
import { renderSweepTable } from '../../reports/sweep/terminal.ts';
import { renderSweep } from '../../reports/sweep/write.ts';
import { parseXml } from './svg.ts';

const EVIL = '<script>alert(1)</script>=1+1';

const MEASURES = [
  { name: 'demand met', path: 'a', unit: 'share' as const },
  { name: EVIL, path: 'b', unit: 'credits' as const },
];

const CELLS = ['calm', EVIL].flatMap((event) =>
  ['off', 'on'].map((safeguard, index): SweepCell => ({
    levels: { event, safeguard },
    scenario: 'site',
    digest: '0',
    invariantViolations: 0,
    ledgerImbalance: 0,
    figures: [
      { mean: 0.5 + index / 4, ci95: [0.4, 0.9], n: 5 },
      { value: null, reason: 'nothing was traded' },
    ],
  })),
);

const MARK = {
  name: 'most demand is met',
  measure: 'demand met',
  per: null,
  at: { safeguard: 'on' },
  relativeTo: null,
  figure: 'mean',
  comparison: '>=',
  threshold: 0.7,
} as const;

const SWEEP: SweepResults = {
  schema: 'ocx-sweep/1',
  name: 'probe',
  question: `Does it matter? ${EVIL}`,
  seed: 1,
  replications: 5,
  axes: [
    { name: 'event', levels: ['calm', EVIL] },
    { name: 'safeguard', levels: ['off', 'on'] },
  ],
  measures: MEASURES,
  cells: CELLS,
  marks: [judgeMark(MARK, MEASURES, CELLS)],
  mechanisms: [],
};

test('names and reasons of others are shown as text and nothing else', async (t) => {
  const files = await renderSweep(SWEEP);
  const page = files.get('report.html')!;
  t.notRegex(page, /<script/);
  t.true(page.includes('&lt;script&gt;'));
  parseXml(files.get('figures/sweep.svg')!);
  const csv = files.get('sweep.csv')!.split('\n');
  t.is(csv.length, 1 + CELLS.length * MEASURES.length + 1);
  t.false(csv.some((line) => /(^|,)=/.test(line)));
});

test('a page says what passed, and that it is as good elsewhere where it is', async (t) => {
  const page = (await renderSweep(SWEEP)).get('report.html')!;
  t.regex(page, /1 of 1 pass marks met/);
  t.regex(page, /fails in 2 of 2/);
  const easy = judgeMark({ ...MARK, threshold: 0.1 }, MEASURES, CELLS);
  const other = (await renderSweep({ ...SWEEP, marks: [easy] })).get('report.html')!;
  t.regex(other, /would pass as well/);
  const broken = CELLS.map((cell) => ({ ...cell, invariantViolations: 1 }));
  const warned = (await renderSweep({ ...SWEEP, cells: broken })).get('report.html')!;
  t.regex(warned, /Do not use these results: 4 of 4 cells/);
});

test('several sweeps side by side show the marks of all, and what they would be elsewhere', (t) => {
  const hard = judgeMark({ ...MARK, name: 'all demand is met', threshold: 1 }, MEASURES, CELLS);
  const other = { ...SWEEP, name: 'other', marks: [hard] };
  const files = renderSweepOverview([SWEEP, other]);
  const page = files.get('report.html')!;
  t.regex(page, /Of 2 marks: 1 pass, 1 fail, 0 not measured/);
  t.notRegex(page, /<script/);
  t.is(files.get('comparison.csv')!.split('\n').length, 1 + 2 * CELLS.length + 1);
});

test('lines of a terminal keep to its width', (t) => {
  for (const line of renderSweepTable(SWEEP, 60).split('\n')) t.true(line.length <= 60, line);
});

test('a stored sweep is read back as it was; a changed one is refused or harmless', async (t) => {
  const text = JSON.stringify(SWEEP);
  t.deepEqual(parseSweep(text, 'sweep.json'), SWEEP);
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]) => {
    if (path.length > 0) paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, one] of Object.entries(value)) walk(one, [...path, key]);
  };
  walk(SWEEP, []);
  const anything = fc.constantFrom<unknown>(null, true, -1, 'x', [], {}, [[]], { mean: null });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), anything, async (path, value) => {
      const changed = JSON.parse(text) as Record<string | number, unknown>;
      let at = changed;
      for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
      at[path.at(-1)!] = value;
      try {
        await renderSweep(parseSweep(JSON.stringify(changed), 'sweep.json'));
      } catch (error) {
        t.true(error instanceof OcxError && error.code === 'INPUT_SWEEP', String(error));
      }
    }),
    { numRuns: 60 },
  );
});
