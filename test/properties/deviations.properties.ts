import test from 'ava';
import { loadComparison, taskContext } from '../../cli/compose.ts';
import { isEstimate } from '../../core/metrics/estimate.ts';
import { gather } from '../../sim/experiment/gather.ts';
import { executeTask, planTasks } from '../../sim/experiment/task.ts';
import { defaultCalibration } from '../../sim/hardware/calibration/calibration.ts';
import { parseMetrics } from '../../reports/stored/parse.ts';

/** Two owners for four days; one of them is not truthful of its own. */
const SCENARIO = `
name = "two"
horizonDays = 5
warmUpDays = 1
replications = 2
[[nodeClass]]
name = "standard"
[[organisation]]
name = "hpc"
kind = "hpc"
strategy = "reciprocal"
nodes = { standard = 12 }
[organisation.workload]
model = "lublin"
load = 1.4
[[organisation]]
name = "testbed"
kind = "testbed"
nodes = { standard = 12 }
[organisation.workload]
model = "testbed-surges"
minimumDays = 0.25
[market]
boundSamples = 0
[provisioning]
deterministic = true
[search]
enabled = false
`;

function load(settings: readonly string[]) {
  const source = { file: 'two.toml', text: SCENARIO, settings, tracesFolder: undefined };
  return { source, loaded: loadComparison(source) };
}

async function metricsOf(settings: readonly string[]) {
  const { source, loaded } = load(settings);
  const context = await taskContext(source, loaded);
  const results = planTasks(loaded).map((task) => executeTask(task, context));
  return gather(loaded, results, defaultCalibration().profiles.get('r630')!).metrics;
}

const planned = (settings: readonly string[]) =>
  planTasks(load(settings).loaded).filter(({ kind }) => kind === 'deviation');

test('deviations are tried only where the scenario asks for them', (t) => {
  t.deepEqual(planned([]), []);
  t.deepEqual(planned(['incentives.enabled=false', 'incentives.factors=[0.5]']), []);
  // Five of the grid for each of two, and the truth of the one that is not truthful, twice.
  t.is(planned(['incentives.enabled=true']).length, 2 * (2 * 5 + 1));
  t.is(planned(['incentives.enabled=true', 'incentives.replications=1']).length, 2 * 5 + 1);
  // All truthful, all shading, and each alone on either side.
  const game = [
    'incentives.enabled=true',
    'incentives.gameFactor=0.8',
    'incentives.replications=1',
  ];
  t.is(planned(game).length, 2 * 5 + 1 + 2 + 4);
});

test('what cannot be tried is refused with its place', (t) => {
  const fault = (settings: readonly string[]) =>
    t.throws(() => load(['incentives.enabled=true', ...settings]))!.message;
  t.regex(fault(['incentives.variants=["markt"]']), /markt/);
  const none = ['factors', 'markups', 'withheldShares', 'waitSlots'];
  t.regex(fault(none.map((key) => `incentives.${key}=[]`)), /no false report/);
});

test('a deviation that changes nothing gains nothing, and one that overpays loses', async (t) => {
  const settings = [
    'incentives.enabled=true',
    'incentives.factors=[1, 50]',
    'incentives.markups=[1]',
    'incentives.withheldShares=[0]',
    'incentives.waitSlots=[100000]',
    'incentives.gameFactor=0.8',
    'incentives.replications=1',
  ];
  const metrics = await metricsOf(settings);
  const { deviationGain } = metrics.variants[1]!.market!;
  for (const { name, gains } of deviationGain!.organisations) {
    const { 'bid x 50': overpaid, ...idle } = gains;
    t.is(Object.keys(idle).length, 4);
    for (const [deviation, { mean, ci95 }] of Object.entries(idle)) {
      t.deepEqual([mean, ...ci95], [0, 0, 0], `${name}: ${deviation}`);
    }
    if (name === 'hpc') t.true(overpaid!.mean < 0, `${overpaid!.mean}`);
  }
  t.is(deviationGain!.meanCredits.mean, 0);
  t.true(isEstimate(deviationGain!.shareOfSurplus));
  t.is(deviationGain!.game!.truthAmongTruth.n, 1);
  // It is stored and read again, and nothing else of the metrics knows of it.
  const text = JSON.stringify(metrics);
  t.deepEqual(parseMetrics(text, 'metrics.json'), JSON.parse(text));
  const without = await metricsOf([]);
  t.is(without.variants[1]!.market!.deviationGain, undefined);
  t.is(without.digest, metrics.digest);
});
