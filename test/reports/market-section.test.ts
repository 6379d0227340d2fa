/** The market's part of a report: answers made of figures, and claims held against measurements. */
import test from 'ava';
import { marketAnswers } from '../../reports/findings/market-answers.ts';
import { propertyRows } from '../../reports/findings/properties.ts';
import { marketSection } from '../../reports/html/market-section.ts';
import { mechanismTable } from '../../reports/html/mechanism-table.ts';
import { measureMechanisms } from '../../core/metrics/mechanism-properties.ts';
import { exampleMetrics } from './example-metrics.ts';

test('each question has an answer with figures of the main variant first', (t) => {
  const answers = marketAnswers(exampleMetrics());
  t.is(answers.length, 3);
  for (const { rows, columns, sentences } of answers) {
    t.is(rows[0]![1], 'exchange-threshold');
    t.true(rows.every((row) => row.length === columns.length));
    t.true(sentences.length >= 2);
  }
  const [matching, sharing] = answers;
  t.regex(matching!.sentences.join(' '), /is worth [\d,]+ \[[^\]]+\] credits more/);
  t.regex(sharing!.sentences.join(' '), /owners offer \d+/);
});

test('a loss is said as a loss, and what cannot be told is not claimed', (t) => {
  const said = (low: number, high: number) => {
    const metrics = exampleMetrics();
    const variants = metrics.variants.map((variant) => ({
      ...variant,
      welfareGainCredits: { mean: (low + high) / 2, ci95: [low, high] as const, n: 5 },
    }));
    return marketAnswers({ ...metrics, variants })[0]!.sentences.join(' ');
  };
  t.regex(said(-300, -100), /worth less than under static partition/);
  t.regex(said(-100, 200), /cannot be told/);
});

test('safeguards that acted are named, and what false reports brought is shown', (t) => {
  const metrics = exampleMetrics();
  const one = { mean: 3, ci95: [2, 4] as const, n: 5 };
  const safety = {
    acted: { 'price-collar': one },
    actedInAll: one,
    haltedRounds: one,
    waterfallUses: one,
    suspensions: one,
    lossCredits: one,
    mutualCredits: one,
    haircutCredits: one,
    creditGini: one,
    priceSpike: {},
  };
  const largest = { organisation: 'hpc-a', deviation: 'bid x 0.8', gainCredits: one };
  const deviationGain = { meanCredits: one, shareOfSurplus: one, largest, organisations: [] };
  const variants = metrics.variants.map((variant) => ({
    ...variant,
    market: variant.market && { ...variant.market, safety, deviationGain },
  }));
  const crashes = marketAnswers({ ...metrics, variants })[2]!;
  t.regex(crashes.sentences.join(' '), /acted, times a run: price-collar 3.0 \[2.0,/);
  const rows = propertyRows(variants.at(-1)!.market!);
  const incentives = rows.find(({ property }) => property === 'Incentive compatibility')!;
  t.regex(incentives.measured, /hpc-a, bid x 0.8/);
});

test('a run without a market answers nothing', (t) => {
  const metrics = exampleMetrics({ variants: ['static'] });
  t.deepEqual(marketAnswers(metrics), []);
  t.regex(marketSection(metrics, []).text, /No variant of this run trades/);
});

test('a refuted claim is marked in the table, what was not claimed is not', (t) => {
  const { mechanisms } = exampleMetrics();
  const honest = mechanismTable(mechanisms!)!.text;
  t.regex(honest, /No claim was refuted/);
  t.notRegex(honest, /class="bad"/);
  const liar = mechanisms!.map((one) => ({
    ...one,
    claims: one.claims.map((claim) => ({ ...claim, isClaimed: true, violations: 3 })),
  }));
  const shown = mechanismTable(liar)!.text;
  t.regex(shown, /4 claims were refuted/);
  t.is(shown.match(/class="bad"/g)!.length, 4);
});

test('mechanisms are measured in the order of the registry, unknown ones left out', (t) => {
  const measured = measureMechanisms(['k-double-auction', 'no-such', 'posted-price']);
  t.deepEqual(
    measured.map(({ mechanism }) => mechanism),
    ['posted-price', 'k-double-auction'],
  );
  for (const { claims } of measured) {
    t.true(claims.length >= 7);
    t.true(claims.every(({ isClaimed, violations }) => !isClaimed || violations === 0));
    t.true(claims.some(({ isClaimed, violations }) => !isClaimed && violations > 0));
  }
});
