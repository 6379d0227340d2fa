/**
 * What the orchestrator remembers: the plans of leases that are not over, and for every node in
 * them the facts that notices have told. The next request follows from the facts alone.
 */
import type { TimeMs } from '../kernel/units.ts';
import type { EnclavePlan, Request } from './protocol.ts';

/** Times in milliseconds. */
export interface OrchestratorConfiguration {
  /** This instance; begins the id of every command that it sends. */
  readonly name: string;
  /** Name of the isolation service. */
  readonly isolation: string;
  /**
   * A request without result after so long is made again; null where the world loses nothing
   * (the simulator), which saves a timer per node and lets go of a node as soon as it is cut off.
   */
  readonly requestTimeoutMs: number | null;
  /** Times that one step is asked for before the node is given up. */
  readonly requestAttempts: number;
  /** Times that a node is provisioned before it is given up. */
  readonly provisioningAttempts: number;
}

/** For the simulator; see `docs/numbers.md`, "Provisioning". */
export const ORCHESTRATOR_DEFAULTS = {
  isolation: 'isolation',
  requestTimeoutMs: null,
  requestAttempts: 4,
  provisioningAttempts: 3,
} as const satisfies Omit<OrchestratorConfiguration, 'name'>;

/** An `EnclavePlan` as it is kept. */
export type Plan = Omit<EnclavePlan, 'kind' | 'timeMs'>;

/** A step that a node waits in: named by the command that was sent for it. */
export type RequestKind = Request['command']['kind'];

/** A node under a lease, from its first airlock until all goodbyes are said. */
export interface LeasedNode {
  readonly leaseId: string;
  readonly nodeId: string;
  fencingToken: number;

  // Facts: what the services have told.
  inEnclave: boolean;
  bootCount: number | null;
  /** Boots up to this one are over; a late word of them is not news. */
  bootsOver: number;
  /** The verdict on this very boot is good until then; null: there is none. */
  trustedUntilMs: TimeMs | null;
  provisioned: boolean;
  /** No more requests to make it ready; its end is on the way. */
  lost: boolean;
  cutOff: boolean;

  // What we have done.
  step: RequestKind | null;
  commandId: string | null;
  /** Setbacks since the last step forward: refusals, silence, thrown back to the airlock. */
  attempts: number;
  provisionAttempts: number;
  /** The latest `AttestNode`; a trusted verdict counts only as its answer. */
  attestCommandId: string | null;
  provisionCommandId: string | null;
  resumeDiskId: string | null;
  attesterKnows: boolean;
  provisionerKnows: boolean;
  ready: boolean;
  activeConfirmed: boolean;
  /** Goodbyes that are not answered yet, as command ids; null: none. */
  forgetCommandId: string | null;
  deprovisionCommandId: string | null;
}

/** A lease, from its plan until it is over and its last node is gone. */
export interface Lease {
  readonly plan: Plan;
  /** The earliest end that was announced; null: none yet. */
  endingAtMs: TimeMs | null;
  ended: boolean;
  /** A timer stands behind its end. */
  timed: boolean;
  /** How many of `plan.resumeDiskIds` have been given to nodes. */
  disksResumed: number;
  readonly nodeIds: string[];
  /** Nodes that have left it; a late word of them is not news. */
  readonly goneNodeIds: Set<string>;
}

/** Plain data; holds nothing of leases that are over but a number per node. */
export interface OrchestratorState {
  readonly configuration: OrchestratorConfiguration;
  sequence: number;
  readonly leases: Map<string, Lease>;
  /** By `nodeKey`. */
  readonly nodes: Map<string, LeasedNode>;
  /** Command id → node key; only requests whose answer still matters. */
  readonly requests: Map<string, string>;
  /** Nodes that came before their lease's plan: lease id → node id → fencing token. */
  readonly early: Map<string, Map<string, number>>;
  /** Node id → fencing token of its last finished lease: a late copy of a notice is not news. */
  readonly finishedTokens: Map<string, number>;
}

/** No leases yet. */
export function initialState(configuration: OrchestratorConfiguration): OrchestratorState {
  return {
    configuration,
    sequence: 0,
    leases: new Map(),
    nodes: new Map(),
    requests: new Map(),
    early: new Map(),
    finishedTokens: new Map(),
  };
}

/** One text for (lease, node) that no other pair has, whatever the names hold. */
export function nodeKey(leaseId: string, nodeId: string): string {
  return `${leaseId.length}:${leaseId}:${nodeId}`;
}

/** True where a lease of the node has ended under this fencing token or a newer one. */
export function isFinished(state: OrchestratorState, nodeId: string, token: number): boolean {
  const finished = state.finishedTokens.get(nodeId);
  return finished !== undefined && token <= finished;
}

/** From here on, what comes under this fencing token or an older one is late. */
export function finish(state: OrchestratorState, nodeId: string, token: number): void {
  if (!isFinished(state, nodeId, token)) state.finishedTokens.set(nodeId, token);
}

/** A node of which only its fencing token is known. */
export function leasedNode(leaseId: string, nodeId: string, fencingToken: number): LeasedNode {
  return {
    leaseId,
    nodeId,
    fencingToken,
    inEnclave: false,
    bootCount: null,
    bootsOver: -1,
    trustedUntilMs: null,
    provisioned: false,
    lost: false,
    cutOff: false,
    step: null,
    commandId: null,
    attempts: 0,
    provisionAttempts: 0,
    attestCommandId: null,
    provisionCommandId: null,
    resumeDiskId: null,
    attesterKnows: false,
    provisionerKnows: false,
    ready: false,
    activeConfirmed: false,
    forgetCommandId: null,
    deprovisionCommandId: null,
  };
}
