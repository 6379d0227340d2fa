/**
 * The tenant-side orchestrator as a service. It asks and believes nothing that was not said:
 * a reply that accepts a request is no success yet, only the notice of the service is.
 */
import type { Reply, Service, Step } from '../kernel/service.ts';
import { NO_EFFECTS } from '../kernel/service.ts';
import type {
  EnclavePlan,
  NoticeReceived,
  OrchestratorEffect,
  OrchestratorEvent,
} from './protocol.ts';
import {
  LEASE_TIMER,
  NODE_TIMER,
  ask,
  cancelNodeTimer,
  drive,
  dropRequest,
  sayGoodbye,
  setNodeTimer,
} from './requests.ts';
import type { Turn } from './requests.ts';
import { finish, initialState, isFinished, nodeKey } from './state.ts';
import type { Lease, LeasedNode, OrchestratorConfiguration, OrchestratorState } from './state.ts';
import {
  cutOff,
  endLease,
  enterAirlock,
  leaseEnding,
  lose,
  nodeInEnclave,
  nodePowered,
  nodeWithheld,
  provisioningEnded,
  removeNode,
  verdictReached,
  voidVerdict,
} from './walk.ts';

/** One tenant's orchestrator, ready to be run by a world. */
export const orchestratorService: Service<
  OrchestratorConfiguration,
  OrchestratorState,
  OrchestratorEvent,
  OrchestratorEffect
> = {
  name: 'orchestrator',
  initial: initialState,
  step,
};

function step(
  state: OrchestratorState,
  event: OrchestratorEvent,
): Step<OrchestratorState, OrchestratorEffect> {
  const effects: OrchestratorEffect[] = [];
  const turn: Turn = { state, timeMs: event.timeMs, effects };
  switch (event.kind) {
    case 'EnclavePlan':
      takePlan(turn, event);
      break;
    case 'NoticeReceived':
      takeNotice(turn, event.notice);
      break;
    case 'ReplyReceived':
      takeReply(turn, event.reply);
      break;
    case 'TimerFired':
      takeTimer(turn, event.timerId);
      break;
  }
  return { state, effects: effects.length === 0 ? NO_EFFECTS : effects };
}

/** A plan for a lease that is under way already changes nothing. */
function takePlan(turn: Turn, event: EnclavePlan): void {
  const { state } = turn;
  const { kind: _kind, timeMs: _timeMs, ...plan } = event;
  if (state.leases.has(plan.leaseId)) return;
  const { requestTimeoutMs } = state.configuration;
  const lease: Lease = {
    plan,
    endingAtMs: null,
    ended: false,
    timed: requestTimeoutMs !== null && plan.endMs !== undefined,
    disksResumed: 0,
    nodeIds: [],
    goneNodeIds: new Set(),
  };
  state.leases.set(plan.leaseId, lease);
  if (requestTimeoutMs !== null && plan.endMs !== undefined) {
    const timerId = LEASE_TIMER + plan.leaseId;
    turn.effects.push({ kind: 'SetTimer', timerId, atMs: plan.endMs + requestTimeoutMs });
  }
  const early = state.early.get(plan.leaseId);
  if (!early) return;
  state.early.delete(plan.leaseId);
  for (const [nodeId, token] of early) enterAirlock(turn, lease, nodeId, token);
}

type Notice = NoticeReceived['notice'];
type Progress = Extract<
  Notice,
  {
    readonly kind:
      | 'NodePowered'
      | 'NodeInEnclave'
      | 'AttestationVerdict'
      | 'NodeProvisioned'
      | 'ProvisionFailed';
  }
>;

function takeNotice(turn: Turn, notice: Notice): void {
  const lease = turn.state.leases.get(notice.leaseId);
  if (!lease) {
    noticeWithoutPlan(turn, notice);
    return;
  }
  switch (notice.kind) {
    case 'LeaseStarted':
    case 'NodeDeprovisioned':
      return;
    case 'LeaseEnding':
      leaseEnding(turn, lease, notice.atMs);
      return;
    case 'LeaseEnded':
      endLease(turn, lease);
      return;
    case 'NodeInAirlock':
      enterAirlock(turn, lease, notice.nodeId, notice.fencingToken);
      return;
  }
  const node = turn.state.nodes.get(nodeKey(notice.leaseId, notice.nodeId));
  if (notice.kind === 'NodeWithheld') {
    nodeWithheld(turn, lease, notice);
    return;
  }
  if (!node || node.cutOff) return;
  if (notice.kind === 'NodeCutOff' || notice.kind === 'NodeFreed') cutOff(turn, lease, node);
  else if (!node.lost) takeProgress(turn, lease, node, notice);
}

/** What one of the services has done with a node that is on its way. */
function takeProgress(turn: Turn, lease: Lease, node: LeasedNode, notice: Progress): void {
  switch (notice.kind) {
    case 'NodePowered':
      nodePowered(turn, lease, node, notice.bootCount);
      return;
    case 'NodeInEnclave':
      nodeInEnclave(turn, lease, node);
      return;
    case 'AttestationVerdict':
      verdictReached(turn, lease, node, notice);
      return;
    case 'NodeProvisioned':
    case 'ProvisionFailed':
      provisioningEnded(turn, lease, node, notice);
      return;
  }
}

/** Keeps a node that came before its plan, and lets it go when its lease does. */
function noticeWithoutPlan(turn: Turn, notice: Notice): void {
  const { early } = turn.state;
  const { leaseId } = notice;
  const nodes = early.get(leaseId);
  switch (notice.kind) {
    case 'NodeInAirlock': {
      const { nodeId, fencingToken } = notice;
      if (isFinished(turn.state, nodeId, fencingToken)) return;
      if (nodes) nodes.set(nodeId, Math.max(fencingToken, nodes.get(nodeId) ?? fencingToken));
      else early.set(leaseId, new Map([[nodeId, fencingToken]]));
      return;
    }
    case 'NodeCutOff':
    case 'NodeFreed': {
      const token = nodes?.get(notice.nodeId);
      if (nodes === undefined || token === undefined) return;
      finish(turn.state, notice.nodeId, token);
      nodes.delete(notice.nodeId);
      if (nodes.size === 0) early.delete(leaseId);
      return;
    }
    case 'LeaseEnded':
      for (const [nodeId, token] of nodes ?? []) finish(turn.state, nodeId, token);
      early.delete(leaseId);
      return;
  }
}

function takeReply(turn: Turn, reply: Reply): void {
  const { state } = turn;
  const key = state.requests.get(reply.commandId);
  if (key === undefined) return;
  state.requests.delete(reply.commandId);
  const node = state.nodes.get(key);
  const lease = node && state.leases.get(node.leaseId);
  if (!node || !lease) return;
  if (reply.commandId === node.commandId) {
    if (reply.refusal) stepRefused(turn, lease, node, reply.refusal.code);
    else stepAccepted(turn, node);
    return;
  }
  // A goodbye that is refused was said before, or to somebody who never knew the node.
  if (reply.commandId === node.deprovisionCommandId) node.deprovisionCommandId = null;
  if (reply.commandId === node.forgetCommandId) node.forgetCommandId = null;
  const waits = node.deprovisionCommandId !== null || node.forgetCommandId !== null;
  if (node.cutOff && !waits) removeNode(turn, lease, node);
}

function stepAccepted(turn: Turn, node: LeasedNode): void {
  if (node.step !== 'NodeActive' && node.step !== 'LeaseReturn') return;
  if (node.step === 'NodeActive') node.activeConfirmed = true;
  node.step = null;
  node.commandId = null;
  cancelNodeTimer(turn, node);
}

function stepRefused(turn: Turn, lease: Lease, node: LeasedNode, code: string): void {
  const { requestTimeoutMs, requestAttempts } = turn.state.configuration;
  const step = node.step;
  node.commandId = null;
  if (step === 'NodeActive' || step === 'LeaseReturn') {
    // The isolation service knows better; what it is about to do, it does without us.
    node.step = null;
    cancelNodeTimer(turn, node);
    return;
  }
  node.attempts += 1;
  const measuredAgain = step === 'EnclaveJoin' && lease.plan.securityLevel !== 'none';
  if (measuredAgain || step === 'ProvisionNode') voidVerdict(node);
  if (node.attempts >= requestAttempts || (requestTimeoutMs === null && !measuredAgain)) {
    lose(turn, lease, node, code, true);
  } else if (measuredAgain) {
    drive(turn, lease, node);
  } else {
    setNodeTimer(turn, node);
  }
}

function takeTimer(turn: Turn, timerId: string): void {
  const { state } = turn;
  if (timerId.startsWith(LEASE_TIMER)) {
    const lease = state.leases.get(timerId.slice(LEASE_TIMER.length));
    if (lease) endLease(turn, lease);
    return;
  }
  if (!timerId.startsWith(NODE_TIMER)) return;
  const node = state.nodes.get(timerId.slice(NODE_TIMER.length));
  const lease = node && state.leases.get(node.leaseId);
  if (!node || !lease) return;
  if (node.cutOff) {
    goodbyeUnanswered(turn, lease, node);
    return;
  }
  requestUnanswered(turn, lease, node);
}

function requestUnanswered(turn: Turn, lease: Lease, node: LeasedNode): void {
  const { requestAttempts } = turn.state.configuration;
  node.attempts += 1;
  const exhausted = node.attempts >= requestAttempts;
  if (node.step === 'LeaseReturn') {
    // Not more often than this: the lease ends without us.
    if (!exhausted) ask(turn, lease, node, 'LeaseReturn');
    return;
  }
  if (exhausted) {
    if (!node.ready) lose(turn, lease, node, 'CONFLICT_NO_ANSWER', true);
    return;
  }
  // It may have been tried and have failed without our hearing of it: measured again first.
  if (node.step === 'ProvisionNode') voidVerdict(node);
  dropRequest(turn.state, node.commandId);
  node.commandId = null;
  drive(turn, lease, node);
}

/** The attester hears of the end from the isolation service as well; disks have nobody but us. */
function goodbyeUnanswered(turn: Turn, lease: Lease, node: LeasedNode): void {
  node.attempts += 1;
  if (node.attempts >= turn.state.configuration.requestAttempts) node.attesterKnows = false;
  dropRequest(turn.state, node.forgetCommandId);
  node.forgetCommandId = null;
  sayGoodbye(turn, lease, node);
  if (node.deprovisionCommandId === null && node.forgetCommandId === null) {
    removeNode(turn, lease, node);
  } else {
    setNodeTimer(turn, node);
  }
}
