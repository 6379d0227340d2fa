/**
 * Carries out what a lessee's client asks for, by commands of the isolation service in the lessee's
 * name. One thing at a time for each node: a client that sends its next request while the last one
 * is at work waits, instead of being refused.
 */
import { randomUUID } from 'node:crypto';
import type { LeasedBmc } from '../../core/allocator/leased-bmc.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Principal, Reply } from '../../core/kernel/service.ts';
import { failure, refused, UNKNOWN_CALLER, type Answer } from './answers.ts';
import type { Tenure } from './credential.ts';
import { TASK_MONITORS } from './resources.ts';
import { isSame } from './sessions.ts';

/** What the service needs of the isolation service behind it. */
export interface LeasedNodes {
  /** What it shows is durable; null where the lease has no such node. */
  find(leaseId: string, nodeId: string): Promise<LeasedBmc | null>;
  /** A command in somebody's name; the key makes it that one command. */
  give(
    from: Principal,
    key: string,
    command: { readonly kind: string },
  ): Promise<Pick<Reply, 'refusal' | 'result'>>;
  /** What has become of an action, to its own party. */
  action(from: Principal, actionId: string): Promise<Refusal | object>;
}

export interface WorkTimes {
  /** How long a request waits for what is being done to its node. */
  readonly busyMs: number;
  /** How long the answer waits for what was asked; then a monitor is answered instead. */
  readonly settleMs: number;
  readonly pollMs: number;
}

/** Together below a minute, after which clients give up. */
export const WORK_TIMES: WorkTimes = { busyMs: 20_000, settleMs: 20_000, pollMs: 50 };

/** Requests for one node that may wait. */
const WAITING_MAXIMUM = 16;

/** The monitor of a boot that is the node's walk and no action. */
const WALK = 'walk';

const DONE: Answer = { status: 204 };

type Decision = Answer | { readonly kind: string; readonly [field: string]: unknown };

export class NodeWork {
  readonly #nodes: LeasedNodes;
  readonly #times: WorkTimes;
  readonly #tails = new Map<string, { readonly done: Promise<unknown>; waiting: number }>();

  constructor(nodes: LeasedNodes, times: WorkTimes = WORK_TIMES) {
    this.#nodes = nodes;
    this.#times = times;
  }

  /**
   * Carries out one command once the node is at rest.
   *
   * @param decide by how the node is then: the command, or the answer where there is nothing to do
   * @param isAwaited the answer says what became of it, and not only that it was begun
   */
  async perform(
    tenure: Tenure,
    decide: (bmc: LeasedBmc) => Decision,
    isAwaited: boolean,
  ): Promise<Answer> {
    const untilMs = performance.now() + this.#times.busyMs;
    return this.#inLane(tenure.nodeId, async () => {
      const bmc = await this.#atRest(tenure, untilMs);
      if (bmc === null) return UNKNOWN_CALLER;
      const decision = decide(bmc);
      if (isAnswer(decision)) return decision;
      if (bmc.isBusy) return busy(bmc);
      const key = `redfish-${randomUUID()}`;
      const { refusal, result } = await this.#nodes.give(bmc.lessee, key, decision);
      if (refusal) return refused(refusal);
      const { actionId = WALK } = (result ?? {}) as { actionId?: string };
      return isAwaited ? this.#settled(tenure, bmc.lessee, actionId) : monitored(actionId);
    });
  }

  /** What a monitor of this tenure shows. */
  async monitor(bmc: LeasedBmc, id: string): Promise<Answer> {
    if (id !== WALK) return this.#outcome(bmc, id);
    if (bmc.isBusy) return monitored(id);
    return bmc.power === 'on' ? DONE : failed('DEVICE_UNCERTAIN');
  }

  async #outcome({ lessee, nodeId }: LeasedBmc, actionId: string): Promise<Answer> {
    const action = (await this.#nodes.action(lessee, actionId)) as Partial<ShownAction>;
    // Other nodes of the same lessee have actions too.
    if (action.nodeId !== nodeId || action.status === undefined) return refused(GONE);
    if (action.status === 'done' || action.status === 'verified') return DONE;
    const isOver = action.status === 'failed' || action.status === 'quarantined';
    return isOver ? failed(action.code ?? 'DEVICE_UNCERTAIN') : monitored(actionId);
  }

  async #settled(tenure: Tenure, lessee: Principal, actionId: string): Promise<Answer> {
    const { settleMs, pollMs } = this.#times;
    const untilMs = performance.now() + settleMs;
    for (;;) {
      const bmc = await this.#current(tenure);
      if (bmc === null) return UNKNOWN_CALLER;
      const answer = await this.#outcome({ ...bmc, lessee }, actionId);
      if (answer.status !== 202 || performance.now() >= untilMs) return answer;
      await pause(pollMs);
    }
  }

  async #atRest(tenure: Tenure, untilMs: number): Promise<LeasedBmc | null> {
    const { pollMs } = this.#times;
    for (;;) {
      const bmc = await this.#current(tenure);
      if (!bmc?.isBusy || performance.now() >= untilMs) return bmc;
      await pause(pollMs);
    }
  }

  async #current(tenure: Tenure): Promise<LeasedBmc | null> {
    const bmc = await this.#nodes.find(tenure.leaseId, tenure.nodeId);
    return bmc && isSame(bmc, tenure) ? bmc : null;
  }

  async #inLane(nodeId: string, act: () => Promise<Answer>): Promise<Answer> {
    const before = this.#tails.get(nodeId);
    const waiting = (before?.waiting ?? 0) + 1;
    if (waiting > WAITING_MAXIMUM) {
      return failure('ResourceInUse', 'RESOURCE_QUOTA', 'too many requests wait for this node');
    }
    const run = (before?.done ?? Promise.resolve()).then(act);
    const lane = { done: run.catch(() => {}), waiting };
    this.#tails.set(nodeId, lane);
    try {
      return await run;
    } finally {
      const last = this.#tails.get(nodeId)!;
      last.waiting -= 1;
      if (last === lane) this.#tails.delete(nodeId);
    }
  }
}

interface ShownAction {
  readonly nodeId: string;
  readonly status: string;
  readonly code: string | null;
}

const GONE: Refusal = { code: 'NOT_FOUND_ACTION', message: 'there is no such monitor' };

function isAnswer(decision: Decision): decision is Answer {
  return typeof decision['status' as keyof Decision] === 'number';
}

/** Not done yet; where its outcome will be. */
function monitored(id: string): Answer {
  return { status: 202, headers: { location: `${TASK_MONITORS}/${encodeURIComponent(id)}` } };
}

function failed(code: string): Answer {
  return failure('OperationFailed', code, 'the node’s BMC did not do it');
}

function busy({ nodeId }: LeasedBmc): Answer {
  return failure('ResourceInUse', 'CONFLICT_BLOCKED', `node ${nodeId} is being worked on`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
