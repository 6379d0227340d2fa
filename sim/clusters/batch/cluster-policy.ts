/**
 * Backfilling behind one reservation by a policy, on nodes that come and go: the order of the queue
 * and how long jobs are expected to run are the policy's (`maui`, `easy++`), and may change from one
 * pass to the next. So every pass starts from nothing, as in `replay-plain.ts`; where nodes do not
 * change the schedule is the same, and a test holds them against each other.
 *
 * Nodes are chosen by estimates, never by predictions: a job whose prediction is too short must not
 * find itself on nodes that are about to leave. Predictions decide only who may overtake.
 *
 * A job that no time in the plan has room for waits and holds nobody up, as in `cluster-backfill.ts`.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { TimeMs } from '../../../core/kernel/units.ts';
import { plannedEndMs, stopTimeMs } from './batch-machine.ts';
import type { BatchMachine, BatchScheduler, RunningJob } from './batch-machine.ts';
import { GroupPlan } from './group-plan.ts';
import type { Part } from './node-groups.ts';
import type { ReplayPolicy } from './replay-policy.ts';

const NONE = -1;
const SECOND_MS = 1_000;

/** The waiting job that nobody may delay, as far as is expected. */
interface Head {
  readonly row: number;
  readonly shadowMs: TimeMs;
  /** A node that lasts until then is of use to it. */
  readonly endMs: TimeMs;
  /** Nodes that it leaves over. */
  extra: number;
}

const NO_HEAD: Head = { row: NONE, shadowMs: Infinity, endMs: Infinity, extra: 0 };

export class PolicyScheduler implements BatchScheduler {
  readonly #machine: BatchMachine;
  readonly #policy: ReplayPolicy;
  /** The machine's plan, with running jobs ending when they are expected to. */
  readonly #expectedPlan = new GroupPlan(0);
  #head = NO_HEAD;

  constructor(machine: BatchMachine, policy: ReplayPolicy) {
    this.#machine = machine;
    this.#policy = policy;
  }

  submit(row: number): void {
    this.#policy.submitted(row);
    this.#enqueue(row);
    this.pass();
  }

  requeue(row: number): void {
    this.#policy.stopped(row);
    this.#enqueue(row);
    this.#machine.changed = true;
  }

  leave(row: number): void {
    this.#take(row);
    if (row === this.#head.row) this.#machine.changed = true;
  }

  ended(row: number): void {
    this.#policy.ended(row);
  }

  unplan(): void {
    this.#machine.changed = true;
  }

  nodesAdded(): void {
    this.#machine.changed = true;
  }

  reservedStartMs(row: number): TimeMs {
    return row === this.#head.row ? this.#head.shadowMs : Infinity;
  }

  nextStartMs(): TimeMs {
    return Infinity;
  }

  startDue(): void {}

  /** Looks at the whole queue, whether nodes have changed or not: the order may have. */
  pass(): void {
    const machine = this.#machine;
    machine.changed = false;
    this.#head = NO_HEAD;
    const queue = [...machine.queue];
    if (queue.length === 0) return;
    machine.plan.advance(machine.nowMs);
    this.#policy.arrange(queue);
    const waiting = this.#startHeads(queue);
    if (this.#head.row === NONE || waiting.length === 0 || machine.freeNodes() === 0) return;
    this.#policy.arrangeCandidates(waiting);
    for (const row of waiting) this.#startIfHarmless(row);
  }

  #enqueue(row: number): void {
    const { queue, jobs } = this.#machine;
    queue.insert(row, jobs.nodes[row]!, jobs.estimateLeftMs(row));
    this.#machine.version += 1;
  }

  #take(row: number): void {
    const { queue, jobs } = this.#machine;
    queue.remove(row, jobs.estimateLeftMs(row));
    this.#machine.version += 1;
  }

  #start(row: number, parts: Part[]): void {
    this.#take(row);
    this.#machine.start(row, parts);
    this.#policy.started(row);
  }

  /** Starts jobs in order up to the first that can be given a reservation; returns the others. */
  #startHeads(queue: readonly number[]): number[] {
    const machine = this.#machine;
    const waiting: number[] = [];
    for (const [at, row] of queue.entries()) {
      const parts = machine.chooseNow(machine.request(row));
      if (parts) this.#start(row, parts);
      else if (this.#reserve(row)) return [...waiting, ...queue.slice(at + 1)];
      else waiting.push(row);
    }
    return waiting;
  }

  /** Makes the job the head; false when no time has room for it. */
  #reserve(row: number): boolean {
    const machine = this.#machine;
    const request = machine.request(row);
    if (request.nodes > machine.plan.most(machine.nowMs, Infinity)) return false;
    const plan = this.#planAsExpected();
    const shadowMs = plan.earliest(request, machine.nowMs, Infinity);
    if (shadowMs === Infinity) return false;
    const endMs = shadowMs + request.needMs;
    this.#head = { row, shadowMs, endMs, extra: plan.freeAt(shadowMs, endMs) - request.nodes };
    return true;
  }

  /** Starts a job that is not the head unless that is expected to delay the head. */
  #startIfHarmless(row: number): void {
    const machine = this.#machine;
    const head = this.#head;
    const parts = machine.chooseNow(machine.request(row));
    if (!parts) return;
    const endMs = Math.min(stopTimeMs(parts), machine.nowMs + this.#expectedLeftMs(row));
    if (endMs > head.shadowMs) {
      let used = 0;
      for (const { group, nodes } of parts) if (group.deadlineMs >= head.endMs) used += nodes;
      if (used > head.extra) return;
      head.extra -= used;
    }
    this.#start(row, parts);
  }

  #planAsExpected(): GroupPlan {
    const { plan, running } = this.#machine;
    const early = running.filter((job) => this.#expectedEndMs(job) < plannedEndMs(job));
    if (early.length === 0) return plan;
    this.#expectedPlan.assign(plan);
    for (const job of early) {
      this.#expectedPlan.vacate(job.parts, this.#expectedEndMs(job), plannedEndMs(job));
    }
    return this.#expectedPlan;
  }

  #expectedEndMs({ row, startMs, restartTimeMs }: RunningJob): TimeMs {
    // Had it run without interruption, it would have begun then.
    const begunMs = startMs + restartTimeMs - this.#machine.jobs.keptMs[row]!;
    return begunMs + this.#expectedRunMs(row, this.#machine.nowMs - begunMs);
  }

  /** How long a start now is expected to take, reading a checkpoint included. */
  #expectedLeftMs(row: number): number {
    const { jobs } = this.#machine;
    const keptMs = jobs.keptMs[row]!;
    return jobs.restartTimeMs(row) + this.#expectedRunMs(row, keptMs) - keptMs;
  }

  /** Run time that is expected of a job that has done so much of it. */
  #expectedRunMs(row: number, doneMs: number): number {
    const done = doneMs / SECOND_MS;
    const first = this.#policy.expected(row);
    const expected = first > done ? first : this.#policy.corrected(row, first, done);
    return Math.round(expected * SECOND_MS);
  }

  carry(carrier: Carrier): void {
    carrier.part('policy', this.#policy);
    this.#head = carrier.value('head', this.#head);
  }
}
