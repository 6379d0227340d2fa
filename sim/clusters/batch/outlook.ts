/**
 * What a cluster can know of the coming hours without looking at what it cannot know: running jobs
 * end as estimated, waiting ones start as planned, nobody new arrives.
 *
 * Under conservative backfilling the plan is the scheduler's own. Under the others every waiting
 * job is put, in order, where it would start at the earliest without delaying one before it; under
 * FCFS none before the one in front of it. Estimates are upper bounds of run times, so nodes tend
 * to become free earlier than it says.
 */
import type { TimeMs } from '../../../core/kernel/units.ts';
import type { BatchMachine, BatchScheduler } from './batch-machine.ts';
import { ConservativeScheduler } from './cluster-conservative.ts';
import type { Reservation } from './cluster-conservative.ts';
import { BackfillScheduler } from './cluster-backfill.ts';
import { GroupPlan, poolStopTimeMs } from './group-plan.ts';

/** Good until the cluster changes; its owner then uses it again for another time. */
export class Outlook {
  nowMs: TimeMs = NaN;
  untilMs: TimeMs = NaN;
  /** Waiting jobs that cannot start before `untilMs`, in order of the queue. */
  lateRows: readonly number[] = [];
  #version = -1;
  readonly #plan = new GroupPlan(0);

  /** Looks ahead from the present state. */
  make(machine: BatchMachine, scheduler: BatchScheduler, untilMs: TimeMs): void {
    this.nowMs = machine.nowMs;
    this.untilMs = untilMs;
    this.#version = machine.version;
    machine.plan.advance(machine.nowMs);
    this.#plan.assign(machine.plan);
    if (scheduler instanceof ConservativeScheduler) {
      this.lateRows = [...machine.queue].filter((row) => scheduler.reservedStartMs(row) >= untilMs);
      const soon = [...scheduler.reservations()].filter(({ startMs }) => startMs < untilMs);
      soon.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
      for (const { parts, startMs, endMs } of soon) this.#plan.splitByClass(parts, startMs, endMs);
    } else {
      const inOrder = scheduler instanceof BackfillScheduler && !scheduler.overtakes;
      this.lateRows = planQueue(machine, this.#plan, untilMs, inOrder);
    }
  }

  isCurrent(machine: BatchMachine, untilMs: TimeMs): boolean {
    return (
      this.#version === machine.version && this.nowMs === machine.nowMs && this.untilMs === untilMs
    );
  }

  /** Fewest nodes of a group that are idle at any instant of [from, to), within the outlook. */
  idleNodes(groupId: string, fromMs: TimeMs, toMs: TimeMs): number {
    const group = this.#plan.groups.find((member) => member.groupId === groupId);
    return group ? this.#plan.least(group, fromMs, toMs) : 0;
  }
}

/** Puts the waiting jobs into the plan; returns those that have no place before `untilMs`. */
function planQueue(
  machine: BatchMachine,
  plan: GroupPlan,
  untilMs: TimeMs,
  inOrder: boolean,
): number[] {
  const { nowMs } = machine;
  const late: number[] = [];
  const placed: Reservation[] = [];
  let most = plan.most(nowMs, untilMs);
  let fromMs = nowMs;
  for (const row of machine.queue) {
    const request = machine.request(row);
    const startMs =
      request.nodes > most || (inOrder && late.length > 0)
        ? Infinity
        : plan.earliest(request, fromMs, untilMs);
    if (startMs === Infinity) {
      late.push(row);
      continue;
    }
    const endMs = Math.min(poolStopTimeMs(plan.parts), startMs + request.estimateMs);
    plan.reserve(plan.parts, startMs, endMs);
    placed.push({ parts: plan.parts, startMs, endMs });
    if (inOrder) fromMs = startMs;
    most = plan.most(nowMs, untilMs);
  }
  placed.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  for (const { parts, startMs, endMs } of placed) plan.splitByClass(parts, startMs, endMs);
  return late;
}
