/** Pass marks and measures of a sweep, on cells worked out by hand. */
import test from 'ava';
import { judgeMark } from '../../core/metrics/sweep/marks.ts';
import { lookUpMeasure } from '../../core/metrics/sweep/measure.ts';
import { fTail } from '../../core/metrics/statistics/f-distribution.ts';
import { pairedDifference } from '../../core/metrics/statistics.ts';
import { analyseVariance } from '../../core/metrics/sweep/variance.ts';
import type { PassMark, SweepAxis, SweepCell } from '../../core/metrics/sweep/results.ts';
import { checkFigurePath } from '../../reports/stored/key-path.ts';
import { plackettBurman } from '../../sim/experiment/sweep/screen.ts';
import { exampleMetrics } from '../reports/example-metrics.ts';

const MEASURES = [{ name: 'price', path: 'p', unit: 'count' as const }];

/** Prices with and without a safeguard, in calm and in a crash; the last one is not known. */
const CELLS: SweepCell[] = (
  [
    ['off', 'calm', 10],
    ['off', 'crash', 100],
    ['on', 'calm', 10],
    ['on', 'crash', 18],
    ['part', 'calm', 10],
    ['part', 'crash', null],
  ] as const
).map(([safeguard, event, price]) => ({
  levels: { safeguard, event },
  scenario: 's',
  digest: '',
  invariantViolations: 0,
  ledgerImbalance: 0,
  figures: [
    price === null
      ? { value: null, reason: 'nothing was traded' }
      : { mean: price, ci95: [price - 3, price + 3] as const, n: 5 },
  ],
}));

const MARK: PassMark = {
  name: 'the price does no more than double',
  measure: 'price',
  per: null,
  at: { safeguard: 'on', event: 'crash' },
  relativeTo: { event: 'calm' },
  figure: 'mean',
  comparison: '<=',
  threshold: 2,
};

const judge = (changes: Partial<PassMark>) => judgeMark({ ...MARK, ...changes }, MEASURES, CELLS);

test('a mark is judged relative to the cell that differs in the levels named', (t) => {
  const { verdict, cells, elsewhere } = judge({});
  t.is(verdict, 'pass');
  t.deepEqual(
    cells.map(({ value }) => value),
    [1.8],
  );
  const without = elsewhere.find(
    ({ levels }) => levels['safeguard'] === 'off' && levels['event'] === 'crash',
  );
  t.is(without!.value, 10);
  t.is(without!.verdict, 'fail');
});

test('a mark fails where one of its cells does, and is not measured where one has no value', (t) => {
  t.is(judge({ at: { event: 'crash' } }).verdict, 'fail');
  t.is(judge({ at: { safeguard: 'part' } }).verdict, 'not measured');
  t.is(judge({ at: { safeguard: 'none' } }).verdict, 'not measured');
  t.is(judge({ at: { event: 'calm' } }).verdict, 'pass');
});

test('an end of the interval may be asked for, and every comparison means what it says', (t) => {
  const only = { at: { safeguard: 'on', event: 'calm' }, relativeTo: null };
  const value = (figure: PassMark['figure']) => judge({ ...only, figure }).cells[0]!.value;
  t.deepEqual([value('lower'), value('mean'), value('upper')], [7, 10, 13]);
  const verdicts = (threshold: number) =>
    (['<', '<=', '=', '>=', '>'] as const).map(
      (comparison) => judge({ ...only, comparison, threshold }).verdict === 'pass',
    );
  t.deepEqual(verdicts(10), [false, true, true, true, false]);
  t.deepEqual(verdicts(11), [true, true, false, false, false]);
  t.deepEqual(verdicts(9), [false, false, false, true, true]);
});

test('a quotient by a loss is no quotient', (t) => {
  const losing = CELLS.map((cell) => ({
    ...cell,
    figures: [{ mean: -2, ci95: [-3, -1] as const, n: 5 }],
  }));
  const { verdict, cells } = judgeMark(MARK, MEASURES, losing);
  t.is(verdict, 'not measured');
  t.is(cells[0]!.reason, 'the figure it is compared with is not above 0');
});

test('a figure may be divided by another of its cell', (t) => {
  const measures = [...MEASURES, { name: 'lots', path: 'l', unit: 'count' as const }];
  const cells = CELLS.map((cell, index) => ({
    ...cell,
    figures: [...cell.figures, { mean: index, ci95: [index, index] as const, n: 5 }],
  }));
  const mark = { ...MARK, per: 'lots', relativeTo: null, at: { safeguard: 'on', event: 'crash' } };
  t.is(judgeMark(mark, measures, cells).cells[0]!.value, 6);
  const first = judgeMark({ ...mark, at: { safeguard: 'off', event: 'calm' } }, measures, cells);
  t.is(first.cells[0]!.reason, 'lots is not above 0');
});

/** All combinations of levels 0, 1, … of the axes; the last axis changes fastest. */
function gridOf(counts: readonly number[]): { axes: SweepAxis[]; rows: number[][] } {
  const axes = counts.map((count, axis) => ({
    name: 'ABCDEFGH'[axis]!,
    levels: Array.from({ length: count }, (_, level) => String(level)),
  }));
  let rows: number[][] = [[]];
  for (const { levels } of axes) {
    rows = rows.flatMap((row) => levels.map((_, level) => [...row, level]));
  }
  return { axes, rows };
}

function analysed(
  axes: readonly SweepAxis[],
  rows: readonly (readonly number[])[],
  values: (row: readonly number[], cell: number) => readonly number[],
  pairs = true,
) {
  const cells = rows.map((row, cell) => ({
    levels: Object.fromEntries(axes.map(({ name }, axis) => [name, String(row[axis])])),
    values: values(row, cell),
  }));
  const result = analyseVariance('y', axes, cells, pairs);
  if ('reason' in result) throw new Error(result.reason);
  const term = (name: string) => result.terms.find((one) => one.axes.join('') === name)!;
  return { ...result, term, total: result.terms[0]!.sumOfSquares / result.terms[0]!.share };
}

const near = (a: number, b: number, tolerance: number) => Math.abs(a - b) <= tolerance;

test('variance is analysed as in Montgomery: batches of resin as blocks, and battery life', (t) => {
  // Design and Analysis of Experiments, example 4.1: vascular grafts, flicks by pressure and batch.
  const grafts = [
    [90.3, 89.2, 98.2, 93.9, 87.4, 97.9],
    [92.5, 89.5, 90.6, 94.7, 87.0, 95.8],
    [85.5, 90.8, 89.6, 86.2, 88.0, 93.4],
    [82.5, 89.5, 85.6, 87.4, 78.9, 90.7],
  ];
  const { axes, rows } = gridOf([4]);
  const graft = analysed(axes, rows, (_, cell) => grafts[cell]!);
  t.true(near(graft.term('A').sumOfSquares, 178.17, 0.005));
  t.true(near(graft.ofReplications * graft.total, 192.25, 0.005));
  t.true(near(graft.rest * graft.total, 109.89, 0.005));
  t.true(near(graft.total, 480.31, 0.005));
  t.true(near(graft.term('A').f!, 8.11, 0.005));
  t.true(near(graft.term('A').p!, 0.0019, 0.00005));

  // Example 5.1: life of batteries by material and temperature; there the blocks are part of the error.
  const batteries = [
    [130, 155, 74, 180],
    [34, 40, 80, 75],
    [20, 70, 82, 58],
    [150, 188, 159, 126],
    [136, 122, 106, 115],
    [25, 70, 58, 45],
    [138, 110, 168, 160],
    [174, 120, 150, 139],
    [96, 104, 82, 60],
  ];
  const two = gridOf([3, 3]);
  const battery = analysed(two.axes, two.rows, (_, cell) => batteries[cell]!);
  t.true(near(battery.term('A').sumOfSquares, 10_683.72, 0.005));
  t.true(near(battery.term('B').sumOfSquares, 39_118.72, 0.005));
  t.true(near(battery.term('AB').sumOfSquares, 9_613.78, 0.005));
  t.true(near((battery.ofReplications + battery.rest) * battery.total, 18_230.75, 0.005));
  t.deepEqual(
    battery.terms.map(({ degreesOfFreedom }) => degreesOfFreedom),
    [2, 2, 4],
  );
});

test('tails of F are those of published tables', (t) => {
  for (const [f, numerator, denominator, p, digits] of [
    [7.91, 2, 27, 0.002, 0.00005],
    [3.56, 4, 27, 0.0186, 0.00005],
    [3.8853, 2, 12, 0.05, 0.00001],
    [4.9646, 1, 10, 0.05, 0.00001],
    [2.3479, 10, 20, 0.05, 0.00001],
    [99.0, 2, 2, 0.01, 1e-12],
  ] as const) {
    t.true(near(fTail(f, numerator, denominator), p, digits), `${f}`);
  }
  t.is(fTail(0, 3, 4), 1);
  // With two degrees above, the tail is a closed form.
  for (const d of [1, 2, 7, 40]) {
    for (const f of [0.01, 0.5, 3, 80]) {
      t.true(near(fTail(f, 2, d), Math.exp((-d / 2) * Math.log1p((2 * f) / d)), 1e-13));
    }
  }
});

test('shares add up to one; what is added up leaves nothing to interactions', (t) => {
  const { axes, rows } = gridOf([2, 3, 4]);
  const own = [
    [0, 8],
    [0, 1, 5],
    [2, 0, 7, 1],
  ];
  const additive = (row: readonly number[]) =>
    row.reduce((sum, level, a) => sum + own[a]![level]!, 3);
  const exact = analysed(axes, rows, (row) => [additive(row), additive(row), additive(row)]);
  for (const { axes: names, sumOfSquares, f } of exact.terms) {
    t.is(f, null);
    if (names.length === 2) t.is(sumOfSquares, 0);
  }
  t.is(exact.otherInteractions + exact.ofReplications + exact.rest, 0);
  // Variance of equally frequent levels: 16, 14/3 and 29/4 for A, B and C.
  const variances = [16, 14 / 3, 29 / 4];
  const all = variances.reduce((a, b) => a + b);
  for (const [axis, name] of ['A', 'B', 'C'].entries()) {
    t.true(near(exact.term(name).share, variances[axis]! / all, 1e-12), name);
  }
  t.true(near(exact.term('A').effect!.mean, 8, 1e-12));

  // A planted interaction of A and C is found there and nowhere else, and replications are blocks.
  const planted = analysed(axes, rows, (row) =>
    [0, 5, -1].map((block) => additive(row) + block + (row[0] === 1 && row[2] === 3 ? 12 : 0)),
  );
  t.true(planted.term('AC').share > 0.1);
  t.is(planted.term('AB').sumOfSquares + planted.term('BC').sumOfSquares, 0);
  t.is(planted.otherInteractions + planted.rest, 0);
  const sum = planted.terms.reduce((total, { share }) => total + share, 0);
  t.true(near(sum + planted.ofReplications, 1, 1e-12) && planted.ofReplications > 0.05);
});

test('an axis of two levels is tested as the paired t test does', (t) => {
  const { axes, rows } = gridOf([2]);
  const [low, high] = [
    [4.1, 5.2, 3.9, 6.6, 5.0],
    [4.9, 5.1, 5.2, 7.9, 5.4],
  ];
  const { f, effect } = analysed(axes, rows, (_, cell) => [low, high][cell]!).terms[0]!;
  const difference = pairedDifference(high, low);
  t.deepEqual(effect!.n, 5);
  t.true(near(effect!.mean, difference.mean, 1e-12));
  t.true(near(effect!.ci95[0], difference.ci95[0], 1e-12));
  // Half the interval is t(0.975, 4) = 2.776445 standard errors.
  const error = (difference.ci95[1] - difference.mean) / 2.776445;
  t.true(near(f!, (difference.mean / error) * (difference.mean / error), 1e-4));
});

test('a measure that is missing somewhere, or never changes, is not analysed, and it is said why', (t) => {
  const { axes, rows } = gridOf([2]);
  const reason = (values: (number | null)[][], own = axes) => {
    const cells = rows.map(([level], cell) => ({
      levels: { A: String(level) },
      values: values[cell]!,
    }));
    const result = analyseVariance('y', own, cells, true);
    return 'reason' in result ? result.reason : null;
  };
  t.is(
    reason([
      [1, 2],
      [3, null],
    ]),
    '1 of 2 cells lack it in some replication',
  );
  t.is(
    reason([
      [1, 1],
      [1, 1],
    ]),
    'it is the same in every cell and replication',
  );
  t.is(
    reason([
      [0.1, 0.1],
      [0.1, 0.1],
    ]),
    'it is the same in every cell and replication',
  );
  t.is(reason([[1], [2]]), 'there are fewer than two replications');
  t.is(
    reason(
      [
        [1, 2],
        [2, 4],
      ],
      [{ name: 'A', levels: ['0'] }],
    ),
    'no axis varies',
  );
  // Replications beyond what every cell has are left out.
  t.is(
    reason([
      [1, 2, null],
      [2, 4],
    ]),
    null,
  );
});

test('columns of a screening design are balanced, orthogonal and, folded, clear of two axes together', (t) => {
  for (let axes = 2; axes <= 15; axes++) {
    for (const foldover of [false, true]) {
      const runs = plackettBurman(axes, foldover);
      t.is(new Set(runs.map((run) => run.join())).size, runs.length, 'each run once');
      t.true(
        runs.length <= (foldover ? 2 : 1) * (axes < 4 ? 4 : axes < 8 ? 8 : axes < 12 ? 12 : 16),
      );
      const product = (...columns: number[]) =>
        runs.reduce((sum, run) => sum + columns.reduce((sign, at) => sign * run[at]!, 1), 0);
      for (let a = 0; a < axes; a++) {
        t.is(product(a), 0);
        for (let b = 0; b < a; b++) {
          t.is(product(a, b), 0, `${axes} axes: ${a}, ${b}`);
          for (let c = 0; foldover && c < axes; c++) t.is(product(a, b, c), 0);
        }
      }
    }
  }
  // Without it, some axis is seen together with two others: the planted fault of this test.
  const bare = plackettBurman(3, false);
  t.not(
    bare.reduce((sum, [a, b, c]) => sum + a! * b! * c!, 0),
    0,
  );
});

test('screening designs find the published effects', (t) => {
  const screened = (axes: number, foldover: boolean, yields: readonly number[]) => {
    const names = gridOf(Array.from({ length: axes }, () => 2)).axes;
    const rows = plackettBurman(axes, foldover).map((run) => run.map((sign) => (sign + 1) / 2));
    // Yields stand in standard order: the first axis changes fastest.
    const at = (row: readonly number[]) =>
      row.reduce((sum, level, axis) => sum + level * 2 ** axis, 0);
    return analysed(names, rows, (row) => [yields[at(row)]!, yields[at(row)]!], false);
  };
  // Montgomery, filtration rate, example 8.1: the half fraction with I = ABCD of a 2⁴.
  const rates = [45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96];
  const half = screened(4, false, rates);
  t.deepEqual(
    half.terms.map(({ effect }) => effect!.mean),
    [19, 1.5, 14, 16.5],
  );
  // Box, Hunter & Hunter, Statistics for Experimenters, the pilot plant: 2³ in temperature,
  // concentration and catalyst. Four runs folded are all eight.
  const pilot = screened(3, true, [60, 72, 54, 68, 52, 83, 45, 80]);
  t.deepEqual(
    pilot.terms.map(({ effect }) => effect!.mean),
    [23, -5, 1.5],
  );
  // 1.5, 10, 0 and 0.5 for TC, TK, CK and TCK: with one sum of squares, twice the effect's square each.
  const left = 2 * 2 * (1.5 * 1.5 + 10 * 10 + 0.5 * 0.5);
  t.true(near(pilot.otherInteractions * pilot.total, left, 1e-9));
});

test('a measure is found by its key path, entries of lists by their name', (t) => {
  const metrics = exampleMetrics();
  const found = (path: string) => lookUpMeasure(metrics, { path }, 5);
  const [, market] = metrics.variants;
  t.deepEqual(found(`variants.${market!.name}.utilisation`), market!.utilisation);
  const [extra] = metrics.extraDemandByVariant;
  t.deepEqual(found(`extraDemandByVariant.${extra!.variant}.nodeHours`), extra!.nodeHours);
  t.deepEqual(found('seed'), { mean: metrics.seed, ci95: [metrics.seed, metrics.seed], n: 5 });
  for (const path of ['variants.none.utilisation', 'scenario', '__proto__.x', 'constructor', '']) {
    t.true('reason' in found(path), path);
  }
  const absent = lookUpMeasure(metrics, { path: 'variants.none', absent: 0 }, 5);
  t.deepEqual(absent, { mean: 0, ci95: [0, 0], n: 5 });
});

test('a key path that no results can have is known before anything is run', (t) => {
  for (const path of [
    'seed',
    'variants.market.utilisation',
    'variants.market.market.meanPrice.standard',
    'variants.market.organisations.hpc-a.ownMeasures.meanWaitSeconds',
    'hardwareReduction.saving',
    'extraDemandMet.kinds.hpc.nodeHours',
  ]) {
    t.is(checkFigurePath(path), null, path);
  }
  t.is(checkFigurePath('variants.market.utilization')!.word, 'utilization');
  t.true(checkFigurePath('variants.market.utilization')!.known.includes('utilisation'));
  t.is(checkFigurePath('hardwareReduction')!.word, 'hardwareReduction');
  t.is(checkFigurePath('scenario')!.word, 'scenario');
  t.is(checkFigurePath('__proto__')!.word, '__proto__');
});
