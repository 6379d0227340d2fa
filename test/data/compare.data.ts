/** `ocx compare` on real traces, cut short: what the full scenario must hold, in little time. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Manifest } from '../../core/metrics/manifest.ts';
import { parseMetrics } from '../../reports/stored/parse.ts';
import { runCli, temporaryFolder } from '../cli/run.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.serial.skip : test.serial;
const scenario = join(import.meta.dirname, '..', '..', 'scenarios', 'five-silos-real.toml');

const SHORT = ['replications=2', 'sensitivity=[]', 'search.alignmentHours=[]'];

function compare(folder: string, out: string, settings: readonly string[], ...more: string[]) {
  const changes = [...SHORT, ...settings].flatMap((setting) => ['--set', setting]);
  return runCli(['compare', scenario, '--out', out, '--json', '--quiet', ...changes, ...more], {
    workingDirectory: folder,
    environment: { OCX_TRACES: traces! },
  });
}

withTraces('three weeks of real traces: four metrics with intervals and bounds', async (t) => {
  const folder = temporaryFolder(t);
  t.true(existsSync(join(traces!, 'hpc')), 'the folder of OCX_TRACES has the traces');
  const variants =
    'variant=[{name="market"},{name="foreman",set={"provisioning.method"="foreman"}}]';
  const settings = ['horizonDays=21', 'warmUpDays=7', 'search.replications=2', variants];
  const result = await compare(folder, 'out', settings);
  t.is(result.exitCode, 0, result.stderr);
  const metrics = parseMetrics(readFileSync(join(folder, 'out', 'metrics.json'), 'utf8'), 'out');
  t.is(metrics.invariantViolations, 0);
  t.is(metrics.ledgerImbalance, 0);
  const estimated = (figure: MaybeEstimate) => {
    if (!isEstimate(figure)) return t.fail(figure.reason);
    t.is(figure.n, 2);
    t.true(figure.ci95[0] <= figure.mean && figure.mean <= figure.ci95[1]);
  };
  const hardware = metrics.hardwareReduction!;
  t.is(hardware.installedNodes, 404);
  for (const figure of [hardware.saving, hardware.workBound, hardware.intervalBound]) {
    estimated(figure);
  }
  const bound = Math.max(hardware.workBound.mean, hardware.intervalBound.mean);
  t.true(hardware.requiredMarketNodes.mean >= bound);
  const extra = metrics.extraDemandMet;
  estimated(extra.nodeHours);
  t.true(extra.nodeHours.mean <= extra.optimumNodeHours.mean);
  const effect = metrics.provisioningEffect!;
  for (const figure of [effect.bmi, effect.foreman, effect.difference]) estimated(figure);
  const { sensitive } = metrics.security!;
  for (const figure of [sensitive.market, sensitive.static, sensitive.difference]) {
    estimated(figure);
  }
  const { inputs } = JSON.parse(
    readFileSync(join(folder, 'out', 'manifest.json'), 'utf8'),
  ) as Manifest;
  // Resampled or packed, and so derived; every file with the hash of what was read.
  const files = inputs.filter(({ sha256 }) => sha256 !== null);
  t.true(files.every(({ label }) => label !== 'synthetic'));
  t.deepEqual(
    [...new Set(files.map(({ organisation }) => organisation))],
    ['hpc-a', 'hpc-b', 'cloud', 'testbed', 'government'],
  );
});

withTraces('real traces give the same bytes with one worker and with two', async (t) => {
  const folder = temporaryFolder(t);
  const settings = ['horizonDays=5', 'warmUpDays=1', 'search.enabled=false'];
  const found: string[] = [];
  for (const workers of ['1', '2']) {
    const result = await compare(folder, workers, settings, '--jobs', workers);
    t.is(result.exitCode, 0, result.stderr);
    found.push(readFileSync(join(folder, workers, 'metrics.json'), 'utf8'));
  }
  t.is(found[0], found[1]);
});
