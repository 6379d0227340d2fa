/**
 * One run that others go on from: what comes before a fork is simulated once, each fork goes on from a
 * copy of the state at its time, by its own rules, and the run itself goes on as if nothing had been.
 */
import type { RunOutcome } from '../../core/metrics/outcome.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { outcomeOf, run } from './run.ts';
import { MarketWorld } from './world.ts';
import type { RunSetup } from './setup.ts';

export interface ForkedSetup {
  /** It goes its own way before everything that happens at that time. */
  readonly atMs: TimeMs;
  /** With the site, the demand and the replication of the run that it goes on from. */
  readonly setup: RunSetup;
}

export interface ForkedRun {
  readonly outcome: RunOutcome;
  /** In the order of what was given. */
  readonly forks: readonly RunOutcome[];
}

/** A run and what goes on from it. */
export function runWithForks(setup: RunSetup, forks: readonly ForkedSetup[]): ForkedRun {
  const world = new MarketWorld(setup);
  world.start();
  const snapshots = new Map<TimeMs, Snapshot>();
  for (const atMs of forks.map((fork) => fork.atMs).sort((a, b) => a - b)) {
    if (snapshots.has(atMs)) continue;
    world.runUntil(atMs);
    snapshots.set(atMs, world.snapshot());
  }
  // Alone, organisations run without a world around them; beside them it only keeps the time.
  const isAlone = setup.scenario.market.mechanism === 'static';
  return {
    outcome: isAlone ? run(setup) : outcomeOf(setup, world),
    forks: forks.map((fork) => runFrom(fork.setup, snapshots.get(fork.atMs)!)),
  };
}

/** Goes on from a snapshot, which stays as it is. */
export function runFrom(setup: RunSetup, snapshot: Snapshot): RunOutcome {
  const world = new MarketWorld(setup);
  world.resume(snapshot);
  return outcomeOf(setup, world);
}
