/**
 * What the record shows of somebody who decided between the core and the world: events without a
 * cause, causes without a consequence, timers that are late for no reason, commands carried out
 * twice.
 */
import type { Command } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { describePlace } from './causes.ts';
import type { Causes, LooseEnd, RecordedStep } from './causes.ts';
import type { Finding, Limits, Lives } from './finding.ts';
import type { GlobalOrder } from './global-order.ts';
import { recordNumber } from './recording.ts';

export type LivesOf = (instance: string) => Lives | undefined;

export function explainRecord(
  causes: Causes,
  order: GlobalOrder,
  limits: Limits,
  livesOf: LivesOf,
): Finding[] {
  return [
    ...[...causes.steps].flatMap(([instance, steps]) => {
      const at = placer(instance, order);
      return [
        ...unexplained(steps, at),
        ...repeatedCommands(steps, at),
        ...lateTimers(steps, at, limits, livesOf(instance)),
      ];
    }),
    ...lateMessages(causes, order, limits, livesOf),
    ...order.circular.map(({ instance, index }) =>
      placer(instance, order)(index, 'it happened before what caused it', 'a clock or its service'),
    ),
  ];
}

type At = (index: number, what: string, cause: string) => Finding;

function placer(instance: string, order: GlobalOrder): At {
  return (index, what, cause) => {
    const momentMs = order.moments.get(instance)![index]!;
    return { momentMs, instance, record: recordNumber(index), what, cause };
  };
}

function unexplained(steps: readonly RecordedStep[], at: At): Finding[] {
  return steps.flatMap(({ cause, event }, index) =>
    cause.kind === 'unexplained' ? [at(index, `${event.kind} came from nowhere`, cause.why)] : [],
  );
}

function repeatedCommands(steps: readonly RecordedStep[], at: At): Finding[] {
  const seen = new Set<string>();
  return steps.flatMap(({ event }, index) => {
    const { commandId } = event as Partial<Command>;
    if (commandId === undefined) return [];
    if (seen.has(commandId)) {
      const what = `${event.kind} ${commandId} was carried out twice`;
      return [at(index, what, 'the same request is taken once; its answer was not found')];
    }
    seen.add(commandId);
    return [];
  });
}

function lateTimers(
  steps: readonly RecordedStep[],
  at: At,
  { lateMs }: Limits,
  lives: Lives | undefined,
): Finding[] {
  return steps.flatMap(({ cause, event }, index) => {
    if (cause.kind !== 'timer') return [];
    // One that was set in the past is due when it is set.
    const dueMs = Math.max(cause.atMs, steps[cause.by.index]!.event.timeMs);
    const late = event.timeMs - awaitedFrom(dueMs, event.timeMs, lives);
    if (late <= lateMs) return [];
    const what = `${cause.name} was heard of ${late} ms late`;
    return [at(index, what, 'its process ran all the time, and kept it waiting')];
  });
}

/** Messages that were on their way for long while both sides were there. */
function lateMessages(
  { steps }: Causes,
  order: GlobalOrder,
  { lateMs }: Limits,
  livesOf: LivesOf,
): Finding[] {
  const spans = new Map<string, Span[]>();
  for (const [instance, all] of steps) spans.set(instance, spansOf(all, livesOf(instance)));
  return [...steps].flatMap(([instance, all]) => {
    const at = placer(instance, order);
    return all.flatMap(({ cause, event }, index) => {
      if (cause.kind !== 'message') return [];
      const from = cause.by.instance;
      const sentMs = steps.get(from)![cause.by.index]!.event.timeMs;
      if (event.timeMs - sentMs <= lateMs) return [];
      const heldMs = longestTogether(spans.get(from)!, spans.get(instance)!, sentMs, event.timeMs);
      if (heldMs <= lateMs) return [];
      const what = `${cause.name.slice(0, LONGEST_TEXT)} took ${event.timeMs - sentMs} ms`;
      return [at(index, what, 'both processes ran, and something between them kept it waiting')];
    });
  });
}

/** From when until when a process is known to have run. */
type Span = readonly [fromMs: TimeMs, untilMs: TimeMs];

function spansOf(steps: readonly RecordedStep[], lives: Lives | undefined): Span[] {
  const starts = lives?.startsMs ?? [steps[0]?.event.timeMs ?? 0];
  return starts.map((fromMs, number) => {
    const nextMs = starts[number + 1] ?? Infinity;
    const last = steps.findLast(({ event }) => event.timeMs < nextMs);
    return [fromMs, last?.event.timeMs ?? fromMs];
  });
}

/** The longest time within the window in which both were there. */
function longestTogether(
  some: readonly Span[],
  others: readonly Span[],
  fromMs: TimeMs,
  untilMs: TimeMs,
): number {
  let longest = 0;
  for (const [someFrom, someUntil] of some) {
    for (const [otherFrom, otherUntil] of others) {
      const start = Math.max(someFrom, otherFrom, fromMs);
      longest = Math.max(longest, Math.min(someUntil, otherUntil, untilMs) - start);
    }
  }
  return longest;
}

/** Nobody hears a timer while no process is there. */
function awaitedFrom(atMs: TimeMs, heardMs: TimeMs, lives: Lives | undefined): TimeMs {
  const startMs = lives?.startsMs.findLast((startMs) => startMs <= heardMs) ?? -Infinity;
  return Math.max(atMs, startMs);
}

/**
 * Messages and timers that had the time to come and did not. Outcomes of effects may stay away: the
 * world owes nobody an answer.
 */
export function overdueEnds(
  { looseEnds }: Causes,
  order: GlobalOrder,
  { settleMs }: Limits,
  livesOf: LivesOf,
): LooseEnd[] {
  const endOf = (instance: string) =>
    Math.min(livesOf(instance)?.endedMs ?? Infinity, Math.floor(order.endMs));
  return looseEnds.filter(
    ({ kind, instance, dueMs }) => kind !== 'effect' && dueMs <= endOf(instance) - settleMs,
  );
}

/** When it was due at the earliest, and that it did not come. */
export function describeOverdue(end: LooseEnd, order: GlobalOrder): Finding {
  const { kind, name, by, instance, dueMs } = end;
  const place = describePlace(by);
  const missing =
    kind === 'timer'
      ? `${name}, set by ${place}, was never heard of`
      : `${name}, sent by ${place}, never arrived`;
  const momentMs = Math.max(order.moments.get(by.instance)![by.index]!, dueMs);
  const cause = 'it was lost or held back outside the core';
  return { momentMs, instance, record: null, what: missing.slice(0, LONGEST_TEXT), cause };
}

const LONGEST_TEXT = 500;
