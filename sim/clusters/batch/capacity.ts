/** Nodes that come to a batch cluster and leave it while it runs. */
import type { Carrier } from '../../../core/kernel/carried.ts';
import { invariant } from '../../../core/kernel/errors.ts';
import type { NodeMs, TimeMs } from '../../../core/kernel/units.ts';
import { plannedEndMs } from './batch-machine.ts';
import type { BatchMachine, BatchScheduler, RunningJob } from './batch-machine.ts';
import type { NodeGroup } from './node-groups.ts';

/** What stopping running jobs to free nodes would cost, or did. */
export interface PreemptionCost {
  /** Nodes of the group that it frees. */
  readonly nodes: number;
  readonly rows: readonly number[];
  /** Node-time of work and checkpoints that is lost. */
  readonly lostNodeMs: NodeMs;
}

/** Which running jobs may be stopped to free nodes. */
export type Preemption = 'never' | 'checkpointable' | 'any';

export class Capacity {
  readonly #machine: BatchMachine;
  readonly #scheduler: BatchScheduler;
  readonly #requeue: (row: number) => void;
  readonly groups = new Map<string, NodeGroup>();
  #sequence = 0;

  /** @param requeue puts a stopped job back into the queue */
  constructor(machine: BatchMachine, scheduler: BatchScheduler, requeue: (row: number) => void) {
    this.#machine = machine;
    this.#scheduler = scheduler;
    this.#requeue = requeue;
  }

  get(groupId: string): NodeGroup {
    const group = this.groups.get(groupId);
    invariant(group !== undefined, `there are no nodes ${JSON.stringify(groupId)}`);
    return group;
  }

  add(groupId: string, nodes: number, deadlineMs: TimeMs): void {
    const { nowMs, plan } = this.#machine;
    this.#machine.version += 1;
    checkCount(nodes);
    let group = this.groups.get(groupId);
    invariant(deadlineMs > nowMs, `nodes ${JSON.stringify(groupId)} would be gone already`);
    if (!group) {
      group = this.#open(groupId, deadlineMs === Infinity ? 'home' : 'borrowed', deadlineMs, null);
      plan.addGroup(group, nowMs);
    }
    invariant(group.deadlineMs === deadlineMs, `nodes ${groupId} have another deadline`);
    group.nodes += nodes;
    group.free += nodes;
    plan.add(group, nowMs, Infinity, nodes);
    this.#scheduler.nodesAdded();
    if (group.kind === 'home') this.#machine.serveDrains(group);
  }

  /** Nodes leave for good, free ones first; jobs on the others are stopped, last started first. */
  remove(groupId: string, nodes: number, how: 'checkpoint' | 'kill'): void {
    const group = this.get(groupId);
    checkCount(nodes);
    invariant(nodes <= group.nodes, `${groupId} has only ${group.nodes} nodes`);
    this.#unplan();
    while (group.free < nodes) this.#interrupt(this.#lastStartedOn(group), how);
    const { plan, nowMs } = this.#machine;
    plan.add(group, nowMs, Infinity, -nodes);
    if (group.home && group.returnMs < Infinity) {
      plan.add(group.home, group.returnMs, Infinity, -nodes);
    }
    group.nodes -= nodes;
    group.free -= nodes;
    if (group.nodes === 0 && group.kind !== 'home') this.#close(group);
  }

  /** Work on borrowed nodes must have stopped earlier than was agreed. */
  bringForward(groupId: string, deadlineMs: TimeMs): void {
    const { plan, nowMs } = this.#machine;
    const group = this.get(groupId);
    invariant(group.kind === 'borrowed', `${groupId} is not borrowed`);
    if (deadlineMs >= group.deadlineMs) return;
    this.#unplan();
    const affected = this.#jobsOn(group);
    for (const job of affected) plan.vacate(job.parts, nowMs, plannedEndMs(job));
    plan.removeGroup(group);
    group.deadlineMs = deadlineMs;
    plan.addGroup(group, nowMs);
    plan.add(group, nowMs, Infinity, group.nodes);
    for (const job of affected) {
      job.stopMs = Math.min(job.stopMs, deadlineMs);
      plan.occupy(job.parts, nowMs, plannedEndMs(job));
    }
  }

  /** Takes note of every deadline and every overdue return up to now. */
  expire(): void {
    const { plan, nowMs, drains } = this.#machine;
    for (const group of [...plan.groups]) if (group.deadlineMs <= nowMs) this.#expireGroup(group);
    for (const drain of drains) {
      if (drain.returnMs >= nowMs) continue;
      this.#unplan();
      plan.add(drain.home!, nowMs, Infinity, -drain.nodes);
      drain.returnMs = Infinity;
    }
  }

  /** When `expire` next has something to do. */
  nextExpiryMs(): TimeMs {
    const { plan, drains } = this.#machine;
    let nextMs = plan.groups.length > 0 ? plan.groups[0]!.deadlineMs : Infinity;
    // Strictly after the return is due: nodes that come back on time are not overdue.
    for (const { returnMs } of drains) nextMs = Math.min(nextMs, returnMs + 1);
    return nextMs;
  }

  #expireGroup(group: NodeGroup): void {
    const { plan, nowMs } = this.#machine;
    for (const job of this.#jobsOn(group)) {
      // A job that ran on own nodes before they were offered goes on; one that took them until
      // the hand-over stops.
      if (group.kind === 'borrowed' || job.stopMs <= nowMs) this.#interrupt(job, 'checkpoint');
    }
    plan.removeGroup(group);
    if (group.kind === 'borrowed') this.#close(group);
    else this.#machine.serveDrains(group.home!);
  }

  drain(
    drainId: string,
    homeId: string,
    nodes: number,
    byMs: TimeMs,
    returnMs: TimeMs,
    preemption: Preemption,
  ): PreemptionCost {
    const { plan, nowMs, drains } = this.#machine;
    const home = this.get(homeId);
    checkCount(nodes);
    invariant(home.kind === 'home', `${homeId} are not own nodes`);
    invariant(nodes <= home.nodes, `${homeId} has only ${home.nodes} nodes`);
    invariant(!this.groups.has(drainId), `${drainId} is drained already`);
    this.#unplan();
    const cost = this.preempt(home, nodes, preemption);
    const drain = this.#open(drainId, 'draining', Math.max(byMs, nowMs), home);
    drains.push(drain);
    if (drain.deadlineMs > nowMs) plan.addGroup(drain, nowMs);
    home.nodes -= nodes;
    plan.add(home, nowMs, Infinity, -nodes);
    drain.nodes = nodes;
    plan.add(drain, nowMs, Infinity, nodes);
    if (returnMs > nowMs && returnMs < Infinity) {
      drain.returnMs = returnMs;
      plan.add(home, returnMs, Infinity, nodes);
    }
    drain.free = Math.min(nodes, home.free);
    home.free -= drain.free;
    this.#moveBusy(home, drain, nodes - drain.free, byEstimatedEnd);
    return cost;
  }

  /** Own nodes come back from a drain or from a borrower: free ones first, then busy ones. */
  undrain(drainId: string, nodes: number): void {
    const { plan, nowMs } = this.#machine;
    const drain = this.get(drainId);
    const { home } = drain;
    checkCount(nodes);
    invariant(home !== null, `${drainId} is no offer`);
    invariant(nodes <= drain.nodes, `${drainId} has only ${drain.nodes} nodes`);
    const free = Math.min(nodes, drain.free);
    if (drain.deadlineMs > nowMs) this.#unplan();
    home.nodes += nodes;
    plan.add(home, nowMs, Infinity, nodes);
    plan.add(drain, nowMs, Infinity, -nodes);
    if (drain.returnMs < Infinity) plan.add(home, drain.returnMs, Infinity, -nodes);
    drain.free -= free;
    home.free += free;
    this.#moveBusy(drain, home, nodes - free, byLatestEnd);
    drain.nodes -= nodes;
    if (drain.nodes === 0) this.#close(drain);
    this.#machine.version += 1;
    this.#scheduler.nodesAdded();
    this.#machine.serveDrains(home);
  }

  #unplan(): void {
    this.#scheduler.unplan();
    this.#machine.version += 1;
  }

  /** Counts busy nodes to another group, chosen job by job in this order. */
  #moveBusy(
    from: NodeGroup,
    to: NodeGroup,
    nodes: number,
    order: (a: RunningJob, b: RunningJob) => number,
  ): void {
    let left = nodes;
    for (const job of this.#jobsOn(from).sort(order)) {
      if (left === 0) return;
      const part = job.parts.find(({ group }) => group === from)!;
      left -= this.#machine.movePart(job, part, to, Math.min(left, part.nodes));
    }
    invariant(left === 0, `${from.groupId} has not enough busy nodes`);
  }

  /** Stops jobs until `nodes` of a group are free, or nobody is left who may be stopped. */
  preempt(group: NodeGroup, nodes: number, preemption: Preemption): PreemptionCost {
    const rows: number[] = [];
    let [freed, lostNodeMs] = [0, 0];
    // More than once only where an older offer is overdue, which what becomes free serves first.
    for (;;) {
      const cost = this.preemptionCost(group, nodes - group.free, preemption);
      if (cost.rows.length === 0) return { nodes: freed, rows, lostNodeMs };
      for (const row of cost.rows) {
        this.#interrupt(
          this.#machine.running.find((job) => job.row === row)!,
          'checkpoint',
        );
      }
      rows.push(...cost.rows);
      freed += cost.nodes;
      lostNodeMs += cost.lostNodeMs;
    }
  }

  /**
   * The jobs whose stopping loses least per node freed, ties to the one started last. Where they
   * are not enough, the cost of all that may be stopped.
   */
  preemptionCost(group: NodeGroup, nodes: number, preemption: Preemption): PreemptionCost {
    const machine = this.#machine;
    if (nodes <= 0 || preemption === 'never') return { nodes: 0, rows: [], lostNodeMs: 0 };
    const victims = this.#jobsOn(group)
      .filter(({ row }) => preemption === 'any' || machine.jobs.checkpointable[row] === 1)
      .map((job) => {
        const freed = job.parts.find((part) => part.group === group)!.nodes;
        const lostMs = machine.nowMs - job.startMs - machine.gainAtMs(job, machine.nowMs);
        return { job, freed, lostNodeMs: lostMs * machine.jobs.nodes[job.row]! };
      })
      .sort(
        (a, b) =>
          a.lostNodeMs * b.freed - b.lostNodeMs * a.freed || b.job.sequence - a.job.sequence,
      );
    const cost = { nodes: 0, rows: [] as number[], lostNodeMs: 0 };
    for (const { job, freed, lostNodeMs } of victims) {
      if (cost.nodes >= nodes) break;
      cost.nodes += freed;
      cost.rows.push(job.row);
      cost.lostNodeMs += lostNodeMs;
    }
    return cost;
  }

  #interrupt(job: RunningJob, how: 'checkpoint' | 'kill'): void {
    this.#machine.interrupt(job, how);
    this.#requeue(job.row);
  }

  #lastStartedOn(group: NodeGroup): RunningJob {
    const last = this.#jobsOn(group).sort((a, b) => b.sequence - a.sequence)[0];
    invariant(last !== undefined, `nothing runs on ${group.groupId}`);
    return last;
  }

  #jobsOn(group: NodeGroup): RunningJob[] {
    return this.#machine.running.filter(({ parts }) => parts.some((part) => part.group === group));
  }

  #open(
    groupId: string,
    kind: NodeGroup['kind'],
    deadlineMs: TimeMs,
    home: NodeGroup | null,
  ): NodeGroup {
    const group: NodeGroup = {
      groupId,
      kind,
      home,
      sequence: this.#sequence++,
      deadlineMs,
      nodes: 0,
      free: 0,
      returnMs: Infinity,
    };
    this.groups.set(groupId, group);
    return group;
  }

  #close(group: NodeGroup): void {
    const { plan, drains } = this.#machine;
    plan.removeGroup(group);
    this.groups.delete(group.groupId);
    const at = drains.indexOf(group);
    if (at >= 0) drains.splice(at, 1);
  }

  carry(carrier: Carrier): void {
    carrier.fill('groups', this.groups);
    this.#sequence = carrier.value('sequence', this.#sequence);
  }
}

function byEstimatedEnd(a: RunningJob, b: RunningJob): number {
  return plannedEndMs(a) - plannedEndMs(b) || a.row - b.row;
}

function byLatestEnd(a: RunningJob, b: RunningJob): number {
  return -byEstimatedEnd(a, b);
}

function checkCount(nodes: number): void {
  invariant(Number.isSafeInteger(nodes) && nodes > 0, `${nodes} is no number of nodes`);
}
