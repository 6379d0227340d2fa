/**
 * A cluster that there is not: jobs of a file, which arrive from now on as they did in the file and run
 * for as long as they did, first come first served, on own nodes and on borrowed ones. For trying an
 * agent out, and for demand that somebody else has written down.
 */
import type { JobTable } from '../../core/demand/jobs.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { spareOf, wantFor } from './cluster-engine.ts';
import type { BorrowedNode, ClusterEngine, ClusterReport, Valuation } from './cluster-engine.ts';

interface RunningJob {
  readonly row: number;
  readonly nodeIds: readonly string[];
  readonly endMs: TimeMs;
}

interface FileNode {
  readonly nodeId: string;
  /** Infinity for own nodes. */
  endMs: TimeMs;
  isDrained: boolean;
}

export interface JobFileOptions {
  readonly valuation: Valuation;
  /** Processors count as nodes. */
  readonly jobs: JobTable;
  readonly ownNodeIds: readonly string[];
  /** When the file's second 0 was. */
  readonly originMs: TimeMs;
}

export class JobFile implements ClusterEngine {
  readonly kind = 'hpc';
  readonly #options: JobFileOptions;
  readonly #nodes = new Map<string, FileNode>();
  readonly #lent = new Set<string>();
  #running: RunningJob[] = [];
  #waiting: number[] = [];
  #arrived = 0;
  /** Jobs that have run to their end. */
  done = 0;

  constructor(options: JobFileOptions) {
    this.#options = options;
    for (const nodeId of options.ownNodeIds) {
      this.#nodes.set(nodeId, { nodeId, endMs: Infinity, isDrained: false });
    }
  }

  async report(nowMs: TimeMs): Promise<ClusterReport> {
    this.#advance(nowMs);
    const { valuation, ownNodeIds } = this.#options;
    const own = new Set(ownNodeIds);
    const free = this.#free(nowMs, 0).map(({ nodeId }) => nodeId);
    const idle = free.filter((nodeId) => own.has(nodeId));
    const isWaiting = this.#waiting.length > 0;
    const wants = this.#waiting.map((row) => this.#want(row, nowMs));
    return {
      wants,
      spares: wants.length > 0 ? [] : spareOf(valuation, idle.length, nowMs),
      ownNodes: own.size,
      idle: new Map([[valuation.ownClass, idle]]),
      idleBorrowed: isWaiting ? [] : free.filter((nodeId) => !own.has(nodeId)),
    };
  }

  async expect(): Promise<void> {
    // A node that is up is known by that alone.
  }

  async add({ nodeId, endMs }: BorrowedNode, nowMs: TimeMs): Promise<void> {
    if (!this.#nodes.has(nodeId)) this.#nodes.set(nodeId, { nodeId, endMs, isDrained: false });
    this.#advance(nowMs);
  }

  async drain(nodeId: string): Promise<void> {
    const node = this.#nodes.get(nodeId);
    if (node) node.isDrained = true;
  }

  async remove(nodeId: string): Promise<void> {
    if (this.#options.ownNodeIds.includes(nodeId)) return;
    this.#nodes.delete(nodeId);
    const lost = this.#running.filter(({ nodeIds }) => nodeIds.includes(nodeId));
    this.#running = this.#running.filter((job) => !lost.includes(job));
    this.#waiting.unshift(...lost.map(({ row }) => row));
  }

  async lend(nodeIds: readonly string[]): Promise<void> {
    for (const nodeId of nodeIds) this.#lent.add(nodeId);
  }

  async takeBack(nodeIds: readonly string[]): Promise<void> {
    for (const nodeId of nodeIds) this.#lent.delete(nodeId);
  }

  #want(row: number, nowMs: TimeMs) {
    const { valuation, jobs } = this.#options;
    const work = {
      id: `job-${jobs.jobNumber[row]!}`,
      nodes: jobs.processors[row]!,
      durationMs: Math.max(1, Math.round(jobs.estimateSeconds[row]! * 1_000)),
      submittedMs: this.#submittedMs(row),
    };
    return wantFor(valuation, work, nowMs);
  }

  #submittedMs(row: number): TimeMs {
    return this.#options.originMs + Math.round(this.#options.jobs.submitSeconds[row]! * 1_000);
  }

  /** Everything that has happened until now, in its order. */
  #advance(nowMs: TimeMs): void {
    const { jobs } = this.#options;
    for (;;) {
      const arrivesMs = this.#arrived < jobs.count ? this.#submittedMs(this.#arrived) : Infinity;
      const endsMs = Math.min(...this.#running.map(({ endMs }) => endMs));
      const atMs = Math.min(arrivesMs, endsMs);
      if (!(atMs <= nowMs)) break;
      if (endsMs <= arrivesMs) {
        const ended = this.#running.filter(({ endMs }) => endMs <= atMs);
        this.done += ended.length;
        this.#running = this.#running.filter((job) => !ended.includes(job));
      } else {
        this.#waiting.push(this.#arrived);
        this.#arrived += 1;
      }
      this.#begin(atMs);
    }
    this.#begin(nowMs);
  }

  /** First come, first served: whoever cannot begin holds up all behind it. */
  #begin(atMs: TimeMs): void {
    const { jobs } = this.#options;
    for (let row = this.#waiting[0]; row !== undefined; row = this.#waiting[0]) {
      const runMs = Math.max(1, Math.round(jobs.runSeconds[row]! * 1_000));
      const free = this.#free(atMs, runMs);
      const nodes = jobs.processors[row]!;
      if (free.length < nodes) return;
      this.#waiting.shift();
      const nodeIds = free.slice(0, nodes).map(({ nodeId }) => nodeId);
      this.#running.push({ row, nodeIds, endMs: atMs + runMs });
    }
  }

  #free(atMs: TimeMs, runMs: TimeMs): FileNode[] {
    const busy = new Set(this.#running.flatMap(({ nodeIds }) => nodeIds));
    return [...this.#nodes.values()].filter(
      ({ nodeId, endMs, isDrained }) =>
        !busy.has(nodeId) && !this.#lent.has(nodeId) && !isDrained && atMs + runMs <= endMs,
    );
  }
}
