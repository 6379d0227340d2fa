/**
 * Two schedules of a cluster's own: with some of its nodes given away for a window, and without.
 * The difference is what the owner moves to be able to lend: nobody else can know it, because
 * nobody else knows the queue.
 *
 * Both schedules plan as the outlook does: running jobs end as estimated, every waiting job is put,
 * in order, where it starts at the earliest without delaying one before it. Only the first
 * `MOST_PLANNED` waiting jobs are planned; those behind them are moved by less than the queue.
 */
import type { TimeMs } from '../../../core/kernel/units.ts';
import type { BatchMachine, BatchScheduler } from './batch-machine.ts';
import { BackfillScheduler } from './cluster-backfill.ts';
import { ConservativeScheduler } from './cluster-conservative.ts';
import { GroupPlan, poolStopTimeMs } from './group-plan.ts';

const MOST_PLANNED = 200;

/** Own nodes of one class over a window. */
export interface GivenAway {
  readonly homeId: string;
  readonly nodes: number;
  readonly fromMs: TimeMs;
  readonly toMs: TimeMs;
}

/** A waiting job that starts later; Infinity where it then has no place at all. */
export interface Shift {
  readonly row: number;
  readonly beforeMs: TimeMs;
  readonly afterMs: TimeMs;
}

export class WhatIf {
  readonly #plan = new GroupPlan(0);
  #before: readonly TimeMs[] = [];
  #version = -1;
  #nowMs: TimeMs = NaN;

  /** @returns the jobs that would be moved; null where running jobs are on the nodes */
  shifts(machine: BatchMachine, scheduler: BatchScheduler, given: GivenAway): Shift[] | null {
    if (this.#version !== machine.version || this.#nowMs !== machine.nowMs) {
      this.#reset(machine, scheduler);
      this.#before = this.#planQueue(machine, isInOrder(scheduler));
      this.#version = machine.version;
      this.#nowMs = machine.nowMs;
    }
    this.#reset(machine, scheduler);
    const plan = this.#plan;
    const group = plan.groups.find(({ groupId }) => groupId === given.homeId);
    if (!group || plan.least(group, given.fromMs, given.toMs) < given.nodes) return null;
    plan.add(group, given.fromMs, given.toMs, -given.nodes);
    const after = this.#planQueue(machine, isInOrder(scheduler));
    const moved: Shift[] = [];
    let at = 0;
    for (const row of machine.queue) {
      if (at >= after.length) break;
      const [beforeMs, afterMs] = [this.#before[at]!, after[at]!];
      if (afterMs > beforeMs) moved.push({ row, beforeMs, afterMs });
      at += 1;
    }
    return moved;
  }

  /** Running jobs alone. */
  #reset(machine: BatchMachine, scheduler: BatchScheduler): void {
    machine.plan.advance(machine.nowMs);
    this.#plan.assign(machine.plan);
    if (!(scheduler instanceof ConservativeScheduler)) return;
    for (const { parts, startMs, endMs } of scheduler.reservations()) {
      this.#plan.unreserve(parts, startMs, endMs);
    }
  }

  #planQueue(machine: BatchMachine, inOrder: boolean): TimeMs[] {
    const plan = this.#plan;
    const starts: TimeMs[] = [];
    let fromMs = machine.nowMs;
    for (const row of machine.queue) {
      if (starts.length >= MOST_PLANNED) break;
      const request = machine.request(row);
      const startMs = plan.earliest(request, fromMs, Infinity);
      starts.push(startMs);
      if (inOrder) fromMs = startMs;
      if (startMs === Infinity) continue;
      const endMs = Math.min(poolStopTimeMs(plan.parts), startMs + request.estimateMs);
      plan.reserve(plan.parts, startMs, endMs);
    }
    return starts;
  }
}

function isInOrder(scheduler: BatchScheduler): boolean {
  return scheduler instanceof BackfillScheduler && !scheduler.overtakes;
}
