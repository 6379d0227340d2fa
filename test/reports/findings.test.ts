import test from 'ava';
import type { Metrics } from '../../core/metrics/results.ts';
import { headline, headlineSentence } from '../../reports/findings/headline.ts';
import { keyFigures } from '../../reports/findings/key-figures.ts';
import { contradictions, propertyRows } from '../../reports/findings/properties.ts';
import { larger, verdictOf } from '../../reports/findings/verdict.ts';
import { warningsOf } from '../../reports/findings/warnings.ts';
import { exampleMetrics } from './example-metrics.ts';

const between = (low: number, high: number, n = 8) => ({
  mean: (low + high) / 2,
  ci95: [low, high] as const,
  n,
});

test('a sign is claimed only where the whole interval has it', (t) => {
  t.is(verdictOf(between(1, 2)), 'positive');
  t.is(verdictOf(between(-2, -1)), 'negative');
  t.is(verdictOf(between(-1, 2)), 'unclear');
  t.is(verdictOf(between(0, 2)), 'unclear');
  t.is(verdictOf(between(0, 0)), 'zero');
  t.is(verdictOf(between(1, 2, 1)), 'single');
  t.is(verdictOf({ value: null, reason: 'x' }), 'missing');
  t.is(larger(between(3, 4), between(1, 2)), 'first');
  t.is(larger(between(1, 2), between(3, 4)), 'second');
  t.is(larger(between(1, 3), between(2, 4)), 'unclear');
  t.is(larger(between(3, 4, 1), between(1, 2, 1)), 'unclear');
});

test('a gain, a loss and a null result are all said plainly, with their intervals', (t) => {
  const short = (metrics: Metrics) => headline(metrics).map((finding) => finding.short);
  const gain = short(exampleMetrics());
  t.regex(gain[0]!, /^Trading needs 11\.8\u00a0% \[10\.1,\u00a013\.5\] less hardware/);
  t.regex(gain[1]!, /^With the same nodes, the market meets 34\.2\u00a0% \[/);
  t.regex(gain[2]!, /^Diskless provisioning lets the market meet more/);
  t.regex(gain[3]!, /meet more with trading/);
  const loss = short(exampleMetrics({ gain: -1 }));
  t.regex(loss[0]!, /^Trading needs 11\.8\u00a0% \[10\.1,\u00a013\.5\] more hardware, not less$/);
  t.regex(
    loss[1]!,
    /^With the same nodes, the market meets 12,300 \[11,600,\u00a013,000\] node-hours less$/,
  );
  const nothing = short(exampleMetrics({ gain: 0 }));
  t.regex(nothing[0]!, /cannot be told from zero/);
  t.regex(nothing[1]!, /cannot be told from zero/);
  t.regex(nothing[2]!, /no difference is shown/);
  const alone = headline(exampleMetrics({ replications: 1 }));
  t.notRegex(alone.map((finding) => finding.detail).join(' '), /overlap/);
  const single = alone.map((finding) => finding.short);
  t.regex(single[0]!, /^In the one replication/);
  t.true(single.every((text) => !/\[[\d.,\u00a0\u2212]+\]/.test(text)));
});

test('every answer of the headline holds its interval', (t) => {
  const sentence = headlineSentence(exampleMetrics());
  t.true(sentence.endsWith('.'));
  t.is(Array.from(sentence.matchAll(/\[[^\]]+\]/g)).length, 1 + 1 + 2 + 2);
});

test('what was not measured is said, with the reason', (t) => {
  const metrics: Metrics = {
    ...exampleMetrics({ variants: ['static'] }),
    hardwareReduction: null,
    provisioningEffect: null,
    security: null,
  };
  for (const finding of headline(metrics)) {
    t.is(finding.verdict, 'missing');
    t.regex(finding.detail, /^Not measured: .+\.$/);
  }
  t.deepEqual(
    keyFigures(metrics).map((group) => group.question),
    [],
  );
  const example = exampleMetrics();
  const broken: Metrics = {
    ...example,
    hardwareReduction: {
      ...example.hardwareReduction!,
      saving: { value: null, reason: 'static partition needs no nodes' },
    },
    security: { ...example.security!, premium: { legacy: { value: null, reason: 'no trade' } } },
  };
  t.regex(headline(broken)[0]!.detail, /static partition needs no nodes/);
  t.regex(headline(broken)[3]!.detail, /premium .* is not available \(no trade\)/);
});

test('what makes results unusable is warned of', (t) => {
  const example = exampleMetrics();
  t.deepEqual(warningsOf(example), []);
  const reduction = example.hardwareReduction!;
  const cases: readonly (readonly [Metrics, RegExp])[] = [
    [{ ...example, invariantViolations: 3 }, /3 invariants were violated/],
    [{ ...example, ledgerImbalance: 0.5 }, /ledger does not sum to zero/],
    [exampleMetrics({ replications: 1 }), /one replication/],
    [exampleMetrics({ replications: 3 }), /only 3 replications/],
    [
      { ...example, hardwareReduction: { ...reduction, workBound: between(600, 700) } },
      /below the work bound/,
    ],
    [
      { ...example, hardwareReduction: { ...reduction, nonMonotoneReplications: 2 } },
      /In 2 replications/,
    ],
    [
      {
        ...example,
        extraDemandMet: { ...example.extraDemandMet, optimumNodeHours: between(10, 20) },
      },
      /optimum could meet/,
    ],
  ];
  for (const [metrics, pattern] of cases) {
    t.is(warningsOf(metrics).filter((text) => pattern.test(text)).length, 1, String(pattern));
  }
});

test('a claim that the run contradicts is marked, and what was not checked is not called good', (t) => {
  const { market } = exampleMetrics().variants.at(-1)!;
  t.deepEqual(contradictions(market!), []);
  const loss = { ...market!, individualRationalityViolations: between(1, 3) };
  t.deepEqual(
    contradictions(loss).map((row) => row.property),
    ['Individual rationality'],
  );
  const deficit = {
    ...market!,
    budgetSurplusCredits: between(-5, -3),
    claims: { budgetBalance: 'weak', incentiveCompatibility: 'unit-demand', odd: 'always' },
  };
  t.deepEqual(
    contradictions(deficit).map((row) => row.property),
    ['Budget balance'],
  );
  const rows = new Map(propertyRows(deficit).map((row) => [row.property, row.verdict]));
  t.is(rows.get('Incentive compatibility'), 'not checked');
  t.is(rows.get('odd'), 'not checked');
  const never = new Map(propertyRows(market!).map((row) => [row.property, row.verdict]));
  t.is(never.get('Incentive compatibility'), 'nothing claimed');
});
