/** One run of the variant `market` of a scenario, timed; the outcome must keep every invariant. */
import { loadComparison, taskContext } from '../cli/compose.ts';
import type { RunOutcome } from '../core/metrics/outcome.ts';
import { executeTask } from '../sim/experiment/task.ts';
import { cpuSeconds } from './benchmark.ts';

/** @param file names the scenario in errors; relative paths are taken from its folder */
export async function timedMarketRun(
  file: string,
  text: string,
  settings: readonly string[],
): Promise<{ readonly seconds: number; readonly outcome: RunOutcome }> {
  const source = { file, text, settings, tracesFolder: undefined };
  const context = await taskContext(source, loadComparison(source));
  let found: RunOutcome | null = null;
  const seconds = cpuSeconds(() => {
    const result = executeTask({ kind: 'run', variant: 'market', replication: 0 }, context);
    if (result.kind === 'run') found = result.outcome;
  });
  const outcome = found as unknown as RunOutcome;
  if (outcome.invariantViolations.length > 0 || outcome.ledgerImbalanceMillicredits !== 0) {
    throw new Error('the run broke an invariant');
  }
  return { seconds, outcome };
}
