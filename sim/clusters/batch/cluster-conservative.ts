/**
 * Conservative backfilling (Mu'alem & Feitelson, IEEE TPDS 12(6), 2001) on nodes that come and go:
 * every waiting job holds a reservation for certain numbers of nodes of certain groups. When a job
 * ends the plan is compressed in one sweep, as in `replay-conservative.ts`; when nodes were taken
 * away, or a stopped job waits again, all reservations are made anew in order of submission.
 *
 * A job that no time in the plan has room for waits without a reservation.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { TimeMs } from '../../../core/kernel/units.ts';
import { HeapQueue } from '../../queue/heap-queue.ts';
import { BLOCK_SIZE } from './job-queue.ts';
import type { BatchMachine, BatchScheduler } from './batch-machine.ts';
import { poolStopTimeMs } from './group-plan.ts';
import type { PoolPart } from './group-plan.ts';

export interface Reservation {
  startMs: TimeMs;
  endMs: TimeMs;
  parts: readonly PoolPart[];
}

const NOWHERE: Reservation = { startMs: Infinity, endMs: Infinity, parts: [] };

export class ConservativeScheduler implements BatchScheduler {
  readonly #machine: BatchMachine;
  /** By row, for every waiting job. */
  readonly #reservations = new Map<number, Reservation>();
  /** Rows by start of the reservation; an entry whose job has moved since is stale. */
  readonly #planned = new HeapQueue();
  #replan = false;

  constructor(machine: BatchMachine) {
    this.#machine = machine;
  }

  /** All reservations, those of jobs without one at Infinity. */
  reservations(): Iterable<Readonly<Reservation>> {
    return this.#reservations.values();
  }

  /** Start of a waiting job's reservation; Infinity without one. */
  reservedStartMs(row: number): TimeMs {
    return this.#reservations.get(row)?.startMs ?? Infinity;
  }

  submit(row: number): void {
    this.#enqueue(row);
    this.#machine.plan.advance(this.#machine.nowMs);
    this.#reserve(row, this.#machine.nowMs, Infinity);
    this.startDue();
  }

  requeue(row: number): void {
    this.#enqueue(row);
    this.unplan();
  }

  leave(row: number): void {
    const machine = this.#machine;
    const { parts, startMs, endMs } = this.#take(row);
    if (startMs === Infinity) return;
    machine.plan.unreserve(parts, startMs, endMs);
    machine.vacatedUntilMs = Math.max(machine.vacatedUntilMs, endMs);
    machine.changed = true;
  }

  unplan(): void {
    const { plan } = this.#machine;
    for (const [row, { parts, startMs, endMs }] of this.#reservations) {
      plan.unreserve(parts, startMs, endMs);
      this.#reservations.set(row, NOWHERE);
    }
    this.#planned.clear();
    this.#replan = true;
    this.#machine.changed = true;
  }

  nodesAdded(): void {
    this.#machine.vacatedUntilMs = Infinity;
    this.#machine.changed = true;
  }

  pass(): void {
    const machine = this.#machine;
    machine.changed = false;
    machine.plan.advance(machine.nowMs);
    if (this.#replan) this.#reserveAnew();
    else if (machine.vacatedUntilMs > machine.nowMs) this.#compress();
    this.startDue();
  }

  nextStartMs(): TimeMs {
    while (this.#planned.size > 0) {
      const timeMs = this.#planned.peekTime();
      if (this.#reservations.get(this.#planned.peek())?.startMs === timeMs) return timeMs;
      this.#planned.pop();
    }
    return Infinity;
  }

  startDue(): void {
    while (this.nextStartMs() <= this.#machine.nowMs) {
      const row = this.#planned.pop();
      const reservation = this.#reservations.get(row)!;
      this.#machine.plan.unreserve(reservation.parts, reservation.startMs, reservation.endMs);
      const parts = this.#machine.chooseReserved(reservation.parts);
      if (parts) {
        this.#take(row);
        this.#machine.start(row, parts);
      } else {
        // Nodes that were expected back by now are late: the job waits for the next plan.
        this.#reservations.set(row, NOWHERE);
        this.#machine.vacatedUntilMs = Infinity;
      }
    }
  }

  #enqueue(row: number): void {
    const { queue, jobs } = this.#machine;
    queue.insert(row, jobs.nodes[row]!, jobs.estimateLeftMs(row));
    this.#reservations.set(row, NOWHERE);
    this.#machine.version += 1;
  }

  /** Takes a job out of the queue; its reservation stays in the plan. */
  #take(row: number): Reservation {
    const reservation = this.#reservations.get(row)!;
    this.#machine.queue.remove(row, this.#machine.jobs.estimateLeftMs(row));
    this.#reservations.delete(row);
    this.#machine.version += 1;
    return reservation;
  }

  /** Gives a job without reservation the earliest in [from, latest); false when there is none. */
  #reserve(row: number, fromMs: TimeMs, latestMs: TimeMs): boolean {
    const { plan } = this.#machine;
    const request = this.#machine.request(row);
    const startMs = plan.earliest(request, fromMs, latestMs);
    if (startMs === Infinity) return false;
    const { parts } = plan;
    const endMs = Math.min(poolStopTimeMs(parts), startMs + request.estimateMs);
    this.#put(row, { startMs, endMs, parts });
    return true;
  }

  #put(row: number, reservation: Reservation): void {
    this.#machine.plan.reserve(reservation.parts, reservation.startMs, reservation.endMs);
    this.#reservations.set(row, reservation);
    this.#planned.push(reservation.startMs, 0, row);
  }

  #reserveAnew(): void {
    const machine = this.#machine;
    this.#replan = false;
    machine.vacatedUntilMs = -Infinity;
    for (const row of machine.queue) this.#reserve(row, machine.nowMs, Infinity);
  }

  /** See `replay-conservative.ts`. */
  #compress(): void {
    const machine = this.#machine;
    const { queue, plan, nowMs } = machine;
    let untilMs = machine.vacatedUntilMs;
    let most = plan.most(nowMs, untilMs);
    machine.vacatedUntilMs = -Infinity;
    for (let at = 0; at < queue.blockCount; at++) {
      const block = queue.order[at]!;
      if (queue.leastSize[block]! > most) continue;
      const first = block * BLOCK_SIZE;
      for (let index = first; index < first + queue.fill[block]!; index++) {
        if (queue.sizes[index]! > most) continue;
        if (!this.#moveForward(queue.jobs[index]!, untilMs)) continue;
        untilMs = Math.max(untilMs, machine.vacatedUntilMs);
        most = Math.max(most, plan.most(nowMs, untilMs));
      }
    }
  }

  /** Moves a job to an earlier start before `untilMs`, if there is one. */
  #moveForward(row: number, untilMs: TimeMs): boolean {
    const { plan, nowMs } = this.#machine;
    const old = this.#reservations.get(row)!;
    const latestMs = Math.min(old.startMs, untilMs);
    const request = this.#machine.request(row);
    const hopeMs = plan.candidate(request, nowMs, latestMs, old.startMs);
    if (hopeMs >= latestMs) return false;
    plan.unreserve(old.parts, old.startMs, old.endMs);
    this.#reservations.set(row, NOWHERE);
    if (this.#reserve(row, hopeMs, latestMs)) {
      this.#machine.vacatedUntilMs = Math.max(this.#machine.vacatedUntilMs, old.endMs);
      return true;
    }
    plan.reserve(old.parts, old.startMs, old.endMs);
    this.#reservations.set(row, old);
    return false;
  }

  carry(carrier: Carrier): void {
    carrier.fill('reservations', this.#reservations);
    carrier.part('planned', this.#planned);
    this.#replan = carrier.value('replan', this.#replan);
  }
}
