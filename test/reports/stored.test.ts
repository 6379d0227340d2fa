import test from 'ava';
import fc from 'fast-check';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { parseManifest, parseMetrics } from '../../reports/stored/parse.ts';
import { exampleManifest, exampleMetrics } from './example-metrics.ts';

// As JSON holds it: without a negative zero.
const metrics = JSON.parse(JSON.stringify(exampleMetrics({ hours: 24 }))) as Metrics;

/** The message and place of the refusal. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof OcxError)) throw error;
    return `${error.code} ${error.place?.keyPath ?? ''}: ${error.message}`;
  }
  return 'accepted';
}

test('what was stored is read back as it was', (t) => {
  t.deepEqual(parseMetrics(JSON.stringify(metrics), 'metrics.json'), metrics);
  const bare = { ...metrics, hardwareReduction: null, provisioningEffect: null, security: null };
  t.deepEqual(parseMetrics(JSON.stringify(bare), 'metrics.json'), bare);
  const manifest = exampleManifest({ gitCommit: null });
  t.deepEqual(parseManifest(JSON.stringify(manifest), 'manifest.json'), manifest);
});

test('figures that a later version adds are read past', (t) => {
  const later = { ...metrics, more: { mean: 1 } };
  t.notThrows(() => parseMetrics(JSON.stringify(later), 'metrics.json'));
});

test('a file that is damaged, foreign or of another schema is refused', (t) => {
  const read = (text: string) => refusal(() => parseMetrics(text, 'metrics.json'));
  t.is(read(''), 'INPUT_METRICS : the file is not JSON');
  t.is(read(JSON.stringify(metrics).slice(0, -10)), 'INPUT_METRICS : the file is not JSON');
  for (const foreign of [
    'null',
    '7',
    '[]',
    '"ocx-metrics/1"',
    '{}',
    '{"schema":"ocx-metrics/2"}',
  ]) {
    t.regex(read(foreign), /^INPUT_METRICS : the file's schema is .*, not "ocx-metrics\/1"$/);
  }
  t.regex(
    refusal(() => parseManifest(JSON.stringify(metrics), 'manifest.json')),
    /^INPUT_MANIFEST : .*"ocx-manifest\/1"$/,
  );
});

test('the key that is wrong or missing is named', (t) => {
  const read = (changed: unknown) =>
    refusal(() => parseMetrics(JSON.stringify(changed), 'metrics.json'));
  const { digest: _, ...without } = metrics;
  t.is(read(without), 'INPUT_METRICS : the key "digest" is missing');
  t.is(
    read({ ...metrics, replications: 'ten' }),
    'INPUT_METRICS replications: the value must be integer',
  );
  t.is(
    read({ ...metrics, trades: [{ ...metrics.trades[0], nodeHours: { mean: 1, n: 3 } }] }),
    'INPUT_METRICS trades.0.nodeHours: the key "ci95" is missing',
  );
  const [series] = metrics.series;
  t.is(
    read({ ...metrics, series: [{ ...series, busyNodes: [1, 2] }] }),
    'INPUT_METRICS series.exchange-threshold: the columns of a series differ in length',
  );
});

test('a change of any one value into another type is refused or harmless, never a crash', (t) => {
  const text = JSON.stringify(metrics);
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]) => {
    if (path.length > 0) paths.push(path);
    if (Array.isArray(value))
      value.slice(0, 2).forEach((one, index) => walk(one, [...path, index]));
    else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value)) walk(one, [...path, key]);
    }
  };
  walk(metrics, []);
  const anything = fc.constantFrom<unknown>(null, true, -1, 'x', [], {}, [[]], { mean: null });
  fc.assert(
    fc.property(fc.constantFrom(...paths), anything, (path, value) => {
      const changed = JSON.parse(text) as Record<string | number, unknown>;
      let at = changed;
      for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
      at[path.at(-1)!] = value;
      t.regex(
        refusal(() => parseMetrics(JSON.stringify(changed), 'm.json')),
        /^(accepted$|INPUT_METRICS )/,
      );
    }),
    { numRuns: 60 },
  );
});
