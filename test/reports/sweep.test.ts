/** Reports of sweeps: what is stored is read back or refused, names of others are only shown. */
import test from 'ava';
import fc from 'fast-check';
import { judgeMark } from '../../core/metrics/sweep/marks.ts';
import type { Estimate } from '../../core/metrics/estimate.ts';
import type { SweepCell, SweepResults, VarianceTerm } from '../../core/metrics/sweep/results.ts';
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
  variance: [
    {
      measure: 'demand met',
      replications: 5,
      terms: [
        termOf(['event'], 0.12, { mean: 0.3, ci95: [0.1, 0.5], n: 5 }),
        termOf(['safeguard'], 0.6),
        termOf(['event', 'safeguard'], 0.08),
      ],
      otherInteractions: 0,
      ofReplications: 0.05,
      rest: 0.15,
    },
    { measure: EVIL, reason: `some cells have no such figure ${EVIL}` },
  ],
  mechanisms: [],
};

function termOf(axes: string[], share: number, effect?: Estimate): VarianceTerm {
  const start = { axes, degreesOfFreedom: 1, sumOfSquares: 10 * share, share };
  return { ...start, shareUnbiased: share / 2, f: 4.25, p: 0.00001, ...(effect ? { effect } : {}) };
}

test('names and reasons of others are shown as text and nothing else', async (t) => {
  const files = await renderSweep(SWEEP);
  const page = files.get('report.html')!;
  t.notRegex(page, /<script/);
  t.true(page.includes('&lt;script&gt;'));
  parseXml(files.get('figures/sweep.svg')!);
  parseXml(files.get('figures/variance.svg')!);
  t.false(
    files
      .get('variance.csv')!
      .split('\n')
      .some((line) => /(^|,)=/.test(line)),
  );
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

test('what matters is ranked, in shares that fill the bar', async (t) => {
  const files = await renderSweep(SWEEP);
  const page = files.get('report.html')!;
  t.regex(page, /<h2>What matters<\/h2>/);
  t.true(page.indexOf('<td data-column="Axis">safeguard</td>') > 0);
  t.true(
    page.indexOf('<td data-column="Axis">safeguard</td>') <
      page.indexOf('<td data-column="Axis">event</td>'),
    'the largest first',
  );
  t.regex(page, /calm → [^<]*: \+30/);
  t.regex(page, /&lt; 0.0001/);
  for (const name of ['figures/variance.svg', 'figures/variance-column.svg']) {
    const svg = files.get(name)!;
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20"/g)];
    t.is(bars.length, 5, name);
    const ends = bars.map(([, x, width]) => [Number(x), Number(x) + Number(width)] as const);
    for (const [index, [start]] of ends.entries()) {
      if (index > 0) t.true(Math.abs(start - ends[index - 1]![1]) < 0.02);
    }
  }
  const csv = files.get('variance.csv')!.split('\n');
  t.is(csv.length, 1 + 3 + 3 + 1 + 1);
  t.is(csv[1], 'demand met,event,1,1.2,0.12,0.06,4.25,0.00001,0.3,0.1,0.5,');
  t.regex(renderSweepTable(SWEEP, 200), /demand met: safeguard 60 % · chance 15 % · event 12 % ·/);

  // Twelve axes have not twelve colours: the small ones go together. Without analysis, no section.
  const terms = Array.from({ length: 12 }, (_, index) =>
    termOf([`axis${index}`], (index + 1) / 100),
  );
  const many = { ...SWEEP, variance: [{ ...SWEEP.variance![0]!, terms }, SWEEP.variance![1]!] };
  const screened = { ...many, screen: { design: 'plackett-burman', foldover: false } } as const;
  const drawn = (await renderSweep(screened)).get('figures/variance.svg')!;
  t.true(drawn.includes('axis11') && drawn.includes('other axes') && !drawn.includes('>axis5<'));
  const { variance, ...older } = SWEEP;
  t.is(variance!.length, 2);
  const without = await renderSweep(older);
  t.false(without.has('variance.csv'));
  t.notRegex(without.get('report.html')!, /What matters/);
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
