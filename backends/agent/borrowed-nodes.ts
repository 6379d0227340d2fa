/** Borrowed nodes in the cluster: added when they are up, drained and gone before their lease is over. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { ClusterEngine } from '../engines/cluster-engine.ts';
import type { AgentFile, HeldNode, KeptContract } from './agent-memory.ts';

/** When a node is taken out of the cluster. */
export interface NodeTimes {
  /** Nothing new begins on it so long before its lease ends, and it is gone so long before. */
  readonly drainAheadMs: TimeMs;
  readonly removeAheadMs: TimeMs;
  /** Rounds in a row without use after which it goes back; Infinity: never before its time. */
  readonly idleRounds: number;
}

/** Tells the isolation service that the borrower needs the node no more. */
export type GiveBack = (leaseId: string, nodeId: string) => Promise<void>;

export class BorrowedNodes {
  readonly #giveBack: GiveBack;
  readonly #engine: ClusterEngine;
  readonly #file: AgentFile;
  readonly #times: NodeTimes;
  readonly #note: (line: string) => void;
  /** Nodes that are being added: the cluster may take its time, and nothing else waits for it. */
  readonly #adding = new Map<string, Promise<void>>();

  constructor(
    engine: ClusterEngine,
    file: AgentFile,
    times: NodeTimes,
    note: (line: string) => void,
    giveBack: GiveBack,
  ) {
    this.#giveBack = giveBack;
    this.#engine = engine;
    this.#file = file;
    this.#times = times;
    this.#note = note;
  }

  /** What the orchestrator tells of a node. */
  hear(body: object, contractOf: (leaseId: string) => KeptContract | null, nowMs: TimeMs): void {
    const {
      kind,
      leaseId,
      nodeId = '',
      atMs = nowMs,
    } = body as {
      kind?: string;
      leaseId: string;
      nodeId?: string;
      atMs?: TimeMs;
    };
    const { nodes } = this.#file.record;
    if (kind === 'NodeReady') {
      const kept = contractOf(leaseId);
      if (!kept || Object.hasOwn(nodes, nodeId)) return;
      const { nodeClass } = kept.contract;
      const { endMs } = kept;
      const fresh = { stage: 'coming', idleRounds: 0, isReturned: false } as const;
      nodes[nodeId] = { nodeId, leaseId, nodeClass, endMs, ...fresh };
    } else if (kind === 'NodeEnding') {
      for (const node of this.#ofLease(leaseId)) node.endMs = Math.min(node.endMs, atMs);
    } else if (kind === 'NodeLost') {
      for (const node of this.#ofLease(leaseId)) if (node.nodeId === nodeId) node.endMs = nowMs;
    }
  }

  /** Its contract is over: whatever is left of it goes at once. */
  endLease(leaseId: string, nowMs: TimeMs): void {
    for (const node of this.#ofLease(leaseId)) node.endMs = Math.min(node.endMs, nowMs);
  }

  #ofLease(leaseId: string): HeldNode[] {
    return Object.values(this.#file.record.nodes).filter((node) => node.leaseId === leaseId);
  }

  /** A round is bid in: nodes that have been without use for some rounds go back. */
  noteIdle(idle: readonly string[], nowMs: TimeMs): void {
    for (const node of Object.values(this.#file.record.nodes)) {
      if (node.stage !== 'added') continue;
      node.idleRounds = idle.includes(node.nodeId) ? node.idleRounds + 1 : 0;
      if (node.idleRounds < this.#times.idleRounds) continue;
      node.isReturned = true;
      node.endMs = Math.min(node.endMs, nowMs);
    }
  }

  /** Does what is due for each node; a node that the cluster does not take is tried again. */
  async see(nowMs: TimeMs): Promise<void> {
    for (const node of Object.values(this.#file.record.nodes)) await this.#see(node, nowMs);
  }

  async #see(node: HeldNode, nowMs: TimeMs): Promise<void> {
    const { nodeId, endMs } = node;
    if (nowMs >= endMs - this.#times.removeAheadMs) {
      await this.#engine.remove(nodeId);
      if (node.isReturned) await this.#giveBack(node.leaseId, nodeId);
      delete this.#file.record.nodes[nodeId];
      this.#note(`node ${nodeId} is out of the cluster`);
      this.#file.save();
    } else if (nowMs >= endMs - this.#times.drainAheadMs) {
      if (node.stage === 'drained') return;
      await this.#engine.drain(nodeId);
      node.stage = 'drained';
      this.#file.save();
    } else if (node.stage === 'coming' && !this.#adding.has(nodeId)) {
      const adding = this.#engine.add(node, nowMs).then(
        () => {
          if (node.stage === 'coming') node.stage = 'added';
          this.#note(`node ${nodeId} is in the cluster`);
          this.#file.save();
        },
        (error: unknown) => this.#note(error instanceof Error ? error.message : String(error)),
      );
      this.#adding.set(
        nodeId,
        adding.finally(() => this.#adding.delete(nodeId)),
      );
    }
  }
}
