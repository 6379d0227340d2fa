import test from 'ava';
import {
  correlation,
  estimate,
  jainIndex,
  ratioOfMeans,
  studentQuantile975,
} from '../../core/metrics/statistics.ts';
import { stratified } from '../../core/metrics/rare-emergencies.ts';

test('Student quantiles equal the published table', (t) => {
  // Pearson & Hartley, Biometrika Tables, two-sided 5 %.
  const table: [number, number][] = [
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [5, 2.5706],
    [9, 2.2622],
    [19, 2.093],
    [29, 2.0452],
    [120, 1.9799],
  ];
  for (const [degrees, value] of table) {
    t.true(Math.abs(studentQuantile975(degrees) - value) < 0.002, `${degrees}`);
  }
});

test('an interval covers the mean of five values as worked by hand', (t) => {
  const { mean, ci95, n } = estimate([2, 4, 6, 8, 10]);
  t.is(n, 5);
  t.is(mean, 6);
  // s = √10, s/√5 = √2, half = 2.7764 · √2
  t.true(Math.abs(ci95[1] - (6 + 2.7764 * Math.SQRT2)) < 0.003);
});

test('a ratio of exact multiples has no width, and none exists over nothing', (t) => {
  const ratio = ratioOfMeans([1, 2, 3], [2, 4, 6], 0, 'nothing');
  t.true('mean' in ratio && Math.abs(ratio.mean - 0.5) < 1e-12);
  t.true('mean' in ratio && Math.abs(ratio.ci95[1] - ratio.ci95[0]) < 1e-9);
  t.deepEqual(ratioOfMeans([1, 1], [0, 0], 0, 'nothing'), { value: null, reason: 'nothing' });
});

test('correlation and Jain index at their extremes', (t) => {
  t.is(correlation([1, 2, 3], [2, 4, 6]), 1);
  t.is(correlation([1, 2, 3], [3, 2, 1]), -1);
  t.is(correlation([1, 1], [1, 2]), null);
  t.is(jainIndex([1, 1, 1, 1]), 1);
  t.is(jainIndex([1, 0, 0, 0]), 0.25);
});

test('what is rare counts as often as it comes, replication by replication', (t) => {
  // By hand: 0.1 · (100, 120) + 0.9 · (10, 20) = 19 and 30, each 4 times a year.
  const { some, none, expected, perYear } = stratified([100, 120], [10, 20], 0.1, 4);
  t.is(some.mean, 110);
  t.is(none.mean, 15);
  t.is(expected.mean, 24.5);
  t.is(perYear.mean, 98);
  // √(5.5² · 2 / 1 / 2) = 5.5 standard error, times the quantile for one degree of freedom.
  t.true(Math.abs(expected.ci95[1] - 24.5 - 12.7062 * 5.5) < 1e-3);
});
