/**
 * Nodes that go by their durations alone (`provisioning.walk = "timed"`) against the services: the
 * same run in everything that is measured, whatever ends leases before their time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadComparison, taskContext } from '../../cli/compose.ts';
import type { RunOutcome } from '../../core/metrics/outcome.ts';
import { executeTask } from '../../sim/experiment/task.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', 'scenarios');

/** What the case is about, the scenario, and what is changed in it. */
const CASES: readonly (readonly [what: string, scenario: string, settings: readonly string[]])[] = [
  ['recalls in an emergency', 'five-silos', ['provisioning.method=foreman']],
  [
    'preemption with a short notice',
    'five-silos',
    [
      'market.mechanism=spot-preemptible',
      'market.epochMinutes=5',
      'slotMinutes=15',
      'market.preemptionNoticeMinutes=2',
    ],
  ],
  [
    'windows ahead, spot rounds and options',
    'five-silos',
    ['market.forward.enabled=true', 'market.spot.enabled=true', 'market.options.enabled=true'],
  ],
  [
    'nodes that are promised twice, or are others than was said',
    'five-silos',
    [
      'organisation.cloud.policy.sellsTwice=true',
      'organisation.hpc-a.strategy=hardware-misreporter',
    ],
  ],
  ['several providers and exchanges', 'type-c', []],
];

for (const [what, scenario, settings] of CASES) {
  test(`a timed run is the same run: ${what}`, async (t) => {
    const run = (walk: string) => runOf(scenario, [...settings, `provisioning.walk=${walk}`]);
    const walked = await run('services');
    const timed = await run('timed');
    t.true(walked.market!.leases.length > 50);
    t.true(timed.events < walked.events);
    t.deepEqual({ ...timed, events: 0, digest: '' }, { ...walked, events: 0, digest: '' });
  });
}

async function runOf(scenario: string, settings: readonly string[]): Promise<RunOutcome> {
  const file = join(SCENARIOS, `${scenario}.toml`);
  const days = ['horizonDays=21', 'warmUpDays=2', 'market.boundSamples=0'];
  const text = readFileSync(file, 'utf8');
  const source = { file, text, settings: [...days, ...settings], tracesFolder: undefined };
  const context = await taskContext(source, loadComparison(source));
  const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
  if (result.kind !== 'run') throw new Error('a run was asked for');
  return result.outcome;
}
