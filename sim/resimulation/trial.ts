/**
 * The trial of the claim that simulation and deployment are one program: recorded services run once
 * more in the simulator, and everything that they decided must be decided again.
 */
import type { EffectLogLine } from '../../core/kernel/effect-log.ts';
import type { ServiceEffect } from '../../core/kernel/service.ts';
import { findCauses } from './causes.ts';
import type { Causes } from './causes.ts';
import { compareRuns } from './comparison.ts';
import { auditEffects } from './effect-audit.ts';
import type { EffectRules } from './effect-audit.ts';
import { livesFrom, livesOfLog } from './effect-lives.ts';
import type { Life } from './effect-lives.ts';
import { describeOverdue, explainRecord, overdueEnds } from './explanation.ts';
import { inOrder } from './finding.ts';
import type { Finding, Limits } from './finding.ts';
import { globalOrder } from './global-order.ts';
import { checkHeads } from './journal-heads.ts';
import { checkKept, type Kept } from './kept.ts';
import type { Recording } from './recording.ts';
import { compareResults, resultsOf } from './results.ts';
import type { ResultsComparison, RunResults } from './results.ts';
import { resimulate } from './resimulation.ts';
import type { Resimulated } from './resimulation.ts';
import { writeScript } from './script.ts';
import type { Wiring } from './wiring.ts';

/** What is known of an instance beyond its journal. */
export interface Witness {
  readonly log: readonly EffectLogLine[];
  readonly rules: EffectRules;
  /** Ids of the effects that a service in this state waits for, in the order of sending again. */
  awaited(state: unknown): readonly string[];
}

export interface TrialRequest {
  readonly recordings: readonly Recording[];
  /** Made once for each run. */
  readonly wiring: () => Wiring;
  readonly limits: Limits;
  /** Instance → its effect log; without one its devices are believed. */
  readonly witnesses: ReadonlyMap<string, Witness>;
  /** Instance → what its store has kept beside the journal. */
  readonly kept?: ReadonlyMap<string, Kept>;
}

export interface TrialCounts {
  readonly events: number;
  /** Taken from the record with their content. */
  readonly exogenous: number;
  /** Came about in the simulation; of the record only how long each took. */
  readonly timers: number;
  readonly messages: number;
  /** Answers of the world: result and duration of the record. */
  readonly outcomes: number;
  /** Timers that were heard of while they were being called off. */
  readonly crossed: number;
  readonly restarts: number;
  /** Effects that the log shows to have reached the world. */
  readonly witnessed: number;
}

export interface TrialResult {
  readonly counts: TrialCounts;
  /** The earliest first; empty where live and simulated runs are one. */
  readonly findings: readonly Finding[];
  /** The same in the terms of those who took part. */
  readonly results: ResultsComparison;
  readonly causes: Causes;
  readonly simulated: Resimulated;
}

export function tryOneProgram(request: TrialRequest): TrialResult {
  const { recordings, wiring, limits, witnesses, kept = new Map<string, Kept>() } = request;
  const lives = new Map([...witnesses].map(([name, { log }]) => [name, livesOfLog(log)]));
  const livesOf = (instance: string) => {
    const found = lives.get(instance);
    return found && livesFrom(found);
  };
  const causes = findCauses(recordings, wiring(), limits.commitMs);
  const order = globalOrder(causes);
  const overdue = overdueEnds(causes, order, limits, livesOf);
  const script = writeScript(causes, order, new Set(overdue.map(({ name }) => name)));
  const awaited = new AwaitedAtStarts(witnesses, lives);
  const simulated = resimulate(recordings, wiring(), script, limits, livesOf, (...seen) =>
    awaited.note(...seen),
  );
  const missing = overdue.filter(({ name }) => !simulated.unwanted.has(name));
  const findings = [
    ...explainRecord(causes, order, limits, livesOf),
    ...missing.map((end) => describeOverdue(end, order)),
    ...compareRuns(causes, order, simulated),
    ...recordings.flatMap(({ instance, hashes }) =>
      hashes ? checkHeads(instance, simulated.steps.get(instance) ?? [], hashes) : [],
    ),
    ...[...kept].flatMap(([instance, found]) =>
      checkKept(instance, simulated.steps.get(instance) ?? [], found),
    ),
    ...[...witnesses].flatMap(([instance, { rules }]) =>
      auditEffects({
        ...{ instance, ...rules, limits, steps: simulated.steps.get(instance) ?? [] },
        ...{ lives: lives.get(instance)!, awaited: awaited.of(instance) },
        endMs: Math.floor(order.endMs),
      }),
    ),
  ];
  const counts = countsOf(causes, lives);
  const results = compareResults(liveResults(causes), resultsOf(simulated.steps));
  return { counts, findings: inOrder(findings), results, causes, simulated };
}

function liveResults({ steps }: Causes): RunResults {
  const told = [...steps].map(([instance, all]) => {
    const parsed = all.map(({ event, effects }) => ({
      ...{ event, effects: JSON.parse(effects) as ServiceEffect[] },
    }));
    return [instance, parsed] as const;
  });
  return resultsOf(new Map(told));
}

/** What each service waits for whenever one of its processes begins. */
class AwaitedAtStarts {
  readonly #witnesses: TrialRequest['witnesses'];
  readonly #lives: ReadonlyMap<string, readonly Life[]>;
  readonly #awaited = new Map<string, (readonly string[])[]>();

  constructor(witnesses: TrialRequest['witnesses'], lives: ReadonlyMap<string, readonly Life[]>) {
    this.#witnesses = witnesses;
    this.#lives = lives;
  }

  note(instance: string, events: number, state: unknown): void {
    this.#lives.get(instance)?.forEach((life, number) => {
      if (life.events !== events) return;
      const all = this.of(instance);
      all[number] = this.#witnesses.get(instance)!.awaited(state);
    });
  }

  of(instance: string): (readonly string[])[] {
    let found = this.#awaited.get(instance);
    if (!found) this.#awaited.set(instance, (found = []));
    return found;
  }
}

function countsOf(causes: Causes, lives: ReadonlyMap<string, readonly Life[]>): TrialCounts {
  const kinds = { exogenous: 0, timer: 0, message: 0, effect: 0, unexplained: 0 };
  for (const steps of causes.steps.values()) {
    for (const { cause } of steps) kinds[cause.kind] += 1;
  }
  const all = [...lives.values()];
  return {
    events: Object.values(kinds).reduce((sum, count) => sum + count, 0),
    exogenous: kinds.exogenous,
    timers: kinds.timer,
    messages: kinds.message,
    outcomes: kinds.effect,
    crossed: causes.crossed.size,
    restarts: all.reduce((sum, found) => sum + Math.max(0, found.length - 1), 0),
    witnessed: all.flat().reduce((sum, { begun }) => sum + begun.length, 0),
  };
}
