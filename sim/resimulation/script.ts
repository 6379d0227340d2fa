/**
 * All that a resimulation takes from the record: what came from outside and when, how long each
 * consequence took, what the world answered, and what the clocks showed. Events that follow from
 * others are not in it.
 */
import type { EffectOutcome, Outcome, ServiceEvent } from '../../core/kernel/service.ts';
import type { Causes } from './causes.ts';
import type { GlobalOrder } from './global-order.ts';
import { ClockReadings } from './clock-readings.ts';

export interface ExogenousEvent {
  readonly instance: string;
  readonly event: ServiceEvent;
  readonly momentMs: number;
}

export interface Script {
  readonly exogenous: readonly ExogenousEvent[];
  /** Cause → how long its consequence took; of a timer: beyond its time. */
  readonly durations: ReadonlyMap<string, number>;
  /** Effect → what became of it. */
  readonly outcomes: ReadonlyMap<string, Outcome<unknown>>;
  /** Timers that were heard of though they had just been called off. */
  readonly crossed: ReadonlySet<string>;
  /** Timers that could not be heard of before the record ended. */
  readonly unheard: ReadonlySet<string>;
  readonly clocks: ReadonlyMap<string, ClockReadings>;
  /** Instance → moment of its last event; what comes later is beyond the record. */
  readonly ends: ReadonlyMap<string, number>;
}

/** @param overdue timers that should have been heard of and were not: the simulation hears them */
export function writeScript(
  causes: Causes,
  order: GlobalOrder,
  overdue: ReadonlySet<string>,
): Script {
  const exogenous: ExogenousEvent[] = [];
  const durations = new Map<string, number>();
  const outcomes = new Map<string, Outcome<unknown>>();
  const clocks = new Map<string, ClockReadings>();
  const ends = new Map<string, number>();
  const circular = new Set(order.circular.map(({ instance, index }) => `${instance} ${index}`));
  for (const [instance, steps] of causes.steps) {
    const moments = order.moments.get(instance)!;
    const clock = new ClockReadings();
    clocks.set(instance, clock);
    ends.set(instance, moments.at(-1) ?? -Infinity);
    steps.forEach(({ event, cause }, index) => {
      const momentMs = moments[index]!;
      clock.note(momentMs, event.timeMs);
      if (cause.kind === 'exogenous') exogenous.push({ instance, event, momentMs });
      else if (cause.kind === 'timer') durations.set(cause.name, momentMs - cause.atMs);
      else if (cause.kind !== 'unexplained' && !circular.has(`${instance} ${index}`)) {
        const { name, by } = cause;
        durations.set(name, momentMs - order.moments.get(by.instance)![by.index]!);
        if (cause.kind === 'effect') outcomes.set(name, (event as EffectOutcome).outcome);
      }
    });
  }
  const { crossed, looseEnds } = causes;
  const unheard = new Set(looseEnds.flatMap(({ name }) => (overdue.has(name) ? [] : [name])));
  exogenous.sort((a, b) => a.momentMs - b.momentMs);
  return { exogenous, durations, outcomes, crossed, unheard, clocks, ends };
}
