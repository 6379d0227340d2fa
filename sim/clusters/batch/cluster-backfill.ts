/**
 * FCFS, shortest or longest first, and EASY (Lifka, JSSPP 1995) on nodes that come and go. The first job in the queue that
 * cannot start but could later holds a reservation; with EASY another job may start now if it ends
 * before the reservation begins or leaves enough of the nodes that the reserved job could use.
 *
 * A job that no time in the plan has room for (too large for what is there until nodes come back)
 * holds nobody up: it waits, and is looked at again whenever nodes change.
 *
 * On own nodes alone this is the same as `replay-easy.ts`; a test holds them against each other.
 */
import type { Carrier } from '../../../core/kernel/carried.ts';
import type { TimeMs } from '../../../core/kernel/units.ts';
import { BLOCK_SIZE, JobQueue } from './job-queue.ts';
import { stopTimeMs } from './batch-machine.ts';
import type { BatchMachine, BatchScheduler } from './batch-machine.ts';
import type { NodeRequest, Part } from './node-groups.ts';

const NONE = -1;

export class BackfillScheduler implements BatchScheduler {
  readonly #machine: BatchMachine;
  /** Waiting jobs in the order in which they are tried; null: nobody overtakes. */
  readonly #candidates: JobQueue | null;
  /** The job with the reservation. */
  #head = NONE;
  #shadowMs: TimeMs = Infinity;
  /** A node that lasts until then is of use to the reserved job. */
  #headEndMs: TimeMs = Infinity;
  /** Nodes that the reserved job leaves over. */
  #extra = 0;

  constructor(machine: BatchMachine, order: 'none' | 'submission' | 'estimate') {
    this.#machine = machine;
    if (order === 'none') this.#candidates = null;
    else this.#candidates = order === 'submission' ? machine.queue : new JobQueue('estimate');
  }

  /** Whether a job may start before one that was submitted earlier. */
  get overtakes(): boolean {
    return this.#candidates !== null;
  }

  submit(row: number): void {
    const machine = this.#machine;
    // In an order of lengths the new job may be the first.
    const isLast = machine.queue.by === 'submission';
    if (!machine.changed && this.#head !== NONE && isLast) {
      // Without a change of nodes nobody else can start: see `replay-easy.ts`.
      if (this.#candidates && this.#startIfHarmless(row, machine.request(row))) return;
      this.requeue(row);
      return;
    }
    this.requeue(row);
    machine.changed = true;
    this.pass();
  }

  requeue(row: number): void {
    const { queue, jobs } = this.#machine;
    const nodes = jobs.nodes[row]!;
    const estimateMs = jobs.estimateLeftMs(row);
    queue.insert(row, nodes, estimateMs);
    if (this.#candidates && this.#candidates !== queue) {
      this.#candidates.insert(row, nodes, estimateMs);
    }
    this.#machine.version += 1;
  }

  leave(row: number): void {
    const { queue, jobs } = this.#machine;
    const estimateMs = jobs.estimateLeftMs(row);
    queue.remove(row, estimateMs);
    this.#removeCandidate(row, estimateMs);
    if (row === this.#head) this.#machine.changed = true;
    this.#machine.version += 1;
  }

  reservedStartMs(row: number): TimeMs {
    return row === this.#head ? this.#shadowMs : Infinity;
  }

  nextStartMs(): TimeMs {
    return Infinity;
  }

  startDue(): void {}

  unplan(): void {
    this.#machine.changed = true;
  }

  nodesAdded(): void {
    this.#machine.changed = true;
  }

  pass(): void {
    const machine = this.#machine;
    if (!machine.changed) return;
    machine.changed = false;
    machine.plan.advance(machine.nowMs);
    this.#startHeads();
    if (this.#head !== NONE && this.#candidates) this.#backfill(this.#candidates);
  }

  /** Starts jobs in order up to the first that has to wait and can be given a reservation. */
  #startHeads(): void {
    const machine = this.#machine;
    const { queue, plan } = machine;
    const most = plan.most(machine.nowMs, Infinity);
    this.#head = NONE;
    for (let at = 0; at < queue.blockCount;) {
      const block = queue.order[at]!;
      let place = 0;
      let gone = false;
      while (!gone && place < queue.fill[block]!) {
        const row = queue.jobs[block * BLOCK_SIZE + place]!;
        const request = machine.request(row);
        const parts = machine.chooseNow(request);
        if (parts) {
          gone = queue.removeAt(at, place);
          this.#removeCandidate(row, request.estimateMs);
          machine.start(row, parts);
        } else if (request.nodes <= most && this.#reserve(row, request)) return;
        else place += 1;
      }
      if (!gone) at += 1;
    }
  }

  #removeCandidate(row: number, estimateMs: number): void {
    const candidates = this.#candidates;
    if (candidates && candidates !== this.#machine.queue) candidates.remove(row, estimateMs);
  }

  /** Makes the job the head; false when no time has room for it. */
  #reserve(row: number, request: NodeRequest): boolean {
    const { plan, nowMs } = this.#machine;
    const shadowMs = plan.earliest(request, nowMs, Infinity);
    if (shadowMs === Infinity) return false;
    this.#head = row;
    this.#shadowMs = shadowMs;
    this.#headEndMs = shadowMs + request.needMs;
    this.#extra = plan.freeAt(shadowMs, this.#headEndMs) - request.nodes;
    return true;
  }

  #backfill(candidates: JobQueue): void {
    const machine = this.#machine;
    let free = machine.freeNodes();
    const latestMs = this.#shadowMs - machine.nowMs;
    // Only with own nodes alone are all nodes of use to the reserved job.
    const alike = machine.plan.groups.every(({ deadlineMs }) => deadlineMs === Infinity);
    for (let at = 0; at < candidates.blockCount && free > 0;) {
      const block = candidates.order[at]!;
      const least = candidates.leastSize[block]!;
      const tooLong = alike && candidates.leastEstimate[block]! > latestMs && least > this.#extra;
      let gone = false;
      if (least <= free && !tooLong) {
        gone = this.#backfillBlock(candidates, at, block);
        free = machine.freeNodes();
      }
      if (!gone) at += 1;
    }
  }

  /** Starts what may start of one block; true when the block is gone. */
  #backfillBlock(candidates: JobQueue, at: number, block: number): boolean {
    const machine = this.#machine;
    let place = 0;
    let free = machine.freeNodes();
    while (place < candidates.fill[block]!) {
      const index = block * BLOCK_SIZE + place;
      const row = candidates.jobs[index]!;
      if (candidates.sizes[index]! > free || row === this.#head) {
        place += 1;
        continue;
      }
      const request = machine.request(row);
      if (!this.#startIfHarmless(row, request)) {
        place += 1;
        continue;
      }
      const gone = candidates.removeAt(at, place);
      if (candidates !== machine.queue) machine.queue.remove(row, request.estimateMs);
      if (gone) return true;
      free = machine.freeNodes();
    }
    return false;
  }

  /** Starts a job that is not the head unless that delays the head; it stays in its queues. */
  #startIfHarmless(row: number, request: NodeRequest): boolean {
    const machine = this.#machine;
    const parts = machine.chooseNow(request);
    if (!parts) return false;
    const endMs = Math.min(stopTimeMs(parts), machine.nowMs + request.estimateMs);
    if (endMs > this.#shadowMs) {
      const used = this.#usefulToHead(parts);
      if (used > this.#extra) return false;
      this.#extra -= used;
    }
    machine.start(row, parts);
    return true;
  }

  #usefulToHead(parts: readonly Part[]): number {
    let nodes = 0;
    for (const part of parts) {
      if (part.group.deadlineMs >= this.#headEndMs) nodes += part.nodes;
    }
    return nodes;
  }

  carry(carrier: Carrier): void {
    const candidates = this.#candidates;
    if (candidates && candidates !== this.#machine.queue) carrier.part('candidates', candidates);
    this.#head = carrier.value('head', this.#head);
    this.#shadowMs = carrier.value('shadowMs', this.#shadowMs);
    this.#headEndMs = carrier.value('headEndMs', this.#headEndMs);
    this.#extra = carrier.value('extra', this.#extra);
  }
}
