/** Pass marks and measures of a sweep, on cells worked out by hand. */
import test from 'ava';
import { judgeMark } from '../../core/metrics/sweep/marks.ts';
import { lookUpMeasure } from '../../core/metrics/sweep/measure.ts';
import type { PassMark, SweepCell } from '../../core/metrics/sweep/results.ts';
import { checkFigurePath } from '../../reports/stored/key-path.ts';
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
