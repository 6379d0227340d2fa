/**
 * As many replications as a target half-width needs: only the two variants that the headline compares
 * are run until the interval of the extra demand met is narrow enough (see
 * `core/metrics/statistics/sequential.ts`). What was run is kept for the comparison that follows.
 */
import { InvalidArgumentError } from 'commander';
import { metHours } from '../core/metrics/comparison.ts';
import {
  decideStopping,
  LEAST_REPLICATIONS,
  MOST_REPLICATIONS,
} from '../core/metrics/statistics/sequential.ts';
import type { StoppingRule } from '../core/metrics/statistics/sequential.ts';
import { mainVariant } from '../sim/experiment/gather.ts';
import type { Task, TaskResult } from '../sim/experiment/task.ts';
import { STATIC_VARIANT } from '../sim/scenario/load.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';

export type HalfWidth = Pick<StoppingRule, 'halfWidth' | 'scale'>;

/** `40` is node-hours, `5%` a share of the mean. @throws InvalidArgumentError for anything else */
export function halfWidthOf(text: string): HalfWidth {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('give node-hours above 0, or a share like 5%');
  }
  return percent === '%'
    ? { halfWidth: value / 100, scale: 'relative' }
    : { halfWidth: value, scale: 'absolute' };
}

/** The scenario's own replications or ten, whichever is more; fewer only where somebody asks for it. */
export function stoppingRule(
  target: HalfWidth,
  asked: number | undefined,
  ofScenario: number,
  maximum = MOST_REPLICATIONS,
): StoppingRule {
  return { ...target, minimum: asked ?? Math.max(LEAST_REPLICATIONS, ofScenario), maximum };
}

export interface Precision {
  readonly replications: number;
  /** Whether the target was reached. */
  readonly reached: boolean;
  /** Of the extra demand met, node-hours. */
  readonly halfWidth: number;
  /** What was run, by `taskKey`. */
  readonly results: ReadonlyMap<string, TaskResult>;
}

/** Names a task among those of one comparison. */
export function taskKey(task: Task): string {
  return JSON.stringify(task);
}

/** @param execute runs tasks; the results in their order */
export async function replicateToPrecision(
  { scenario, variants }: LoadedScenario,
  rule: StoppingRule,
  execute: (tasks: readonly Task[]) => Promise<readonly TaskResult[]>,
): Promise<Precision> {
  const compared = [STATIC_VARIANT, mainVariant(scenario, variants)];
  const results = new Map<string, TaskResult>();
  const differences: number[] = [];
  for (;;) {
    const decision = decideStopping(differences, rule);
    if (decision.stop) {
      const { reached, halfWidth } = decision;
      return { replications: differences.length, reached, halfWidth, results };
    }
    const first = differences.length;
    const tasks = Array.from({ length: decision.total - first }, (_, i) =>
      compared.map((variant): Task => ({ kind: 'run', variant, replication: first + i })),
    ).flat();
    for (const [index, result] of (await execute(tasks)).entries()) {
      results.set(taskKey(tasks[index]!), result);
    }
    for (let i = 0; i < tasks.length; i += 2) {
      const [alone, market] = tasks.slice(i, i + 2).map((task) => metBy(results, task));
      differences.push(market! - alone!);
    }
  }
}

function metBy(results: ReadonlyMap<string, TaskResult>, task: Task): number {
  const result = results.get(taskKey(task));
  if (result?.kind !== 'run') return NaN;
  return result.outcome.organisations.reduce((sum, one) => sum + metHours(one), 0);
}
