/**
 * From contracts to leases: chooses nodes of the seller, has its isolation service lease them out,
 * takes them back where a contract ends before its time, and reports how each lease ended.
 *
 * What the isolation service has not answered is neither delivered nor refused: the contract waits,
 * and its deposits with it, until the service has spoken or an administrator voids the contract.
 */
import type { LeaseNotice, LeaseSide } from '../../allocator/protocol.ts';
import type { Reply } from '../../kernel/service.ts';
import type { NodeMs } from '../../kernel/units.ts';
import type { Contract, LeaseReportKind } from '../contracts.ts';
import { reportOf } from '../lease-report.ts';
import type { LeaseRequest } from './protocol.ts';
import type { Delivery, ExchangeState, Turn } from './state.ts';
import { tell } from './telling.ts';

/** A contract was formed. */
export function deliver(turn: Turn, contract: Contract): void {
  const { state } = turn;
  const { contractId, seller, takesOver } = contract;
  const { isolationService, isolationServices = {} } = state.configuration.market;
  const own = Object.hasOwn(isolationServices, seller) ? isolationServices[seller] : undefined;
  const delivery: Delivery = {
    contract,
    leaseId: `${state.configuration.name}.${contractId}`,
    service: own ?? isolationService,
    nodeIds: [],
    attempts: 0,
    names: 1,
    state: 'waiting',
    takeBack: null,
    end: 'expired',
    endedAtMs: null,
    cancelledBy: null,
    lostNodeIds: new Set(),
  };
  state.deliveries.set(contractId, delivery);
  const before = takesOver === undefined ? undefined : state.deliveries.get(takesOver);
  // Its nodes are being taken back first; the answer to that goes on with this one.
  if (before && before.state !== 'waiting') return;
  choose(turn, delivery);
}

/** Asks for the next choice of nodes; a seller that has none left has not delivered. */
function choose(turn: Turn, delivery: Delivery): void {
  const { contract, attempts } = delivery;
  const candidates = candidatesFor(turn.state, delivery);
  const nodeIds = candidates.slice(attempts, attempts + contract.nodes);
  const attester = attesterOf(turn.state, contract);
  if (nodeIds.length < contract.nodes) return report(turn, delivery, 'not-delivered', 0);
  if (attester === undefined) return report(turn, delivery, 'not-taken', 0);
  delivery.attempts += 1;
  delivery.nodeIds = nodeIds;
  delivery.state = 'asked';
  const { contractId, seller, buyer, startMs, securityLevel, recall } = contract;
  ask(turn, delivery, {
    kind: 'LeaseCreate',
    commandId: nextCommandId(turn.state),
    terms: {
      leaseId: delivery.leaseId,
      ...{ contractId, owner: seller, lessee: buyer, nodeIds, startMs, securityLevel, attester },
      endMs: leaseEndMs(turn.state, contract),
      recallNoticeMs: recall?.noticeMs ?? contract.preemptionNoticeMs ?? null,
    },
  });
}

/** Nodes that stand behind the contract and are promised to no other in its window. */
function candidatesFor(state: ExchangeState, { contract }: Delivery): readonly string[] {
  const { contractId, seller, nodeClass, startMs, endMs, takesOver } = contract;
  const before = takesOver === undefined ? undefined : state.deliveries.get(takesOver);
  if (before) return before.nodeIds;
  const promised = new Set<string>();
  for (const other of state.deliveries.values()) {
    if (other.contract.seller !== seller || other.contract.contractId === contractId) continue;
    if (other.contract.startMs >= endMs || other.contract.endMs <= startMs) continue;
    for (const nodeId of other.nodeIds) promised.add(nodeId);
  }
  const pledged = state.pledges.get(seller)?.get(nodeClass) ?? [];
  return pledged.filter((nodeId) => !promised.has(nodeId));
}

/** Undefined where the borrower must have one and has none. */
function attesterOf(state: ExchangeState, contract: Contract): string | null | undefined {
  if (contract.securityLevel === 'none') return null;
  return state.attesters.get(contract.buyer) ?? state.configuration.attester ?? undefined;
}

function leaseEndMs({ configuration }: ExchangeState, { endMs }: Contract): number {
  return endMs - configuration.releaseMs;
}

/** The contract is over, whatever ended it: what has not begun does not begin, the rest goes back. */
export function callOff(turn: Turn, contractId: string): void {
  const delivery = turn.state.deliveries.get(contractId);
  if (delivery?.state === 'waiting' || delivery?.state === 'over') {
    turn.state.deliveries.delete(contractId);
  } else if (delivery?.endedAtMs === null) takeBack(turn, contractId, 'calledOff');
}

/** As soon as the lease is there; before that, the answer to its making waits for it. */
export function takeBack(turn: Turn, contractId: string, why: 'calledOff' | 'preempted'): void {
  const delivery = turn.state.deliveries.get(contractId);
  if (!delivery) return;
  if (delivery.takeBack !== 'calledOff') delivery.takeBack = why;
  if (delivery.state === 'arranged') askBack(turn, delivery, 'LeaseCancel');
  else if (delivery.state === 'started') askBack(turn, delivery, backOfStarted(delivery));
}

function backOfStarted({ takeBack }: Delivery): 'LeaseRecall' | 'LeaseReturn' {
  return takeBack === 'preempted' ? 'LeaseRecall' : 'LeaseReturn';
}

function askBack(
  turn: Turn,
  delivery: Delivery,
  kind: 'LeaseCancel' | 'LeaseRecall' | 'LeaseReturn',
): void {
  const { leaseId } = delivery;
  const commandId = nextCommandId(turn.state);
  const command =
    kind === 'LeaseReturn'
      ? { kind, commandId, leaseId, nodeIds: null }
      : { kind, commandId, leaseId };
  ask(turn, delivery, command);
}

/** The isolation service has answered one of the exchange's requests. */
export function takeReply(turn: Turn, { commandId, refusal }: Reply): void {
  const { requests, deliveries } = turn.state;
  const asked = requests.get(commandId);
  if (!asked) return;
  requests.delete(commandId);
  const delivery = deliveries.get(asked.contractId);
  if (!delivery) return;
  const { kind } = asked.request.command;
  if (kind === 'LeaseCreate') {
    if (refusal) refused(turn, delivery, refusal.code);
    else arranged(turn, delivery);
    return;
  }
  // It has begun meanwhile.
  if (refusal && kind === 'LeaseCancel') askBack(turn, delivery, backOfStarted(delivery));
  else followers(turn, asked.contractId);
}

function arranged(turn: Turn, delivery: Delivery): void {
  const { contract, leaseId, service: isolation, nodeIds } = delivery;
  const { contractId, startMs, buyer, seller } = contract;
  if (delivery.state === 'asked') delivery.state = 'arranged';
  const attester = attesterOf(turn.state, contract) ?? null;
  const endMs = leaseEndMs(turn.state, contract);
  for (const name of [buyer, seller]) {
    const told = { contractId, leaseId, isolation, attester, nodeIds, startMs, endMs };
    tell(turn, name, { kind: 'LeaseArranged', ...told });
  }
  if (delivery.takeBack) takeBack(turn, contractId, delivery.takeBack);
}

function refused(turn: Turn, delivery: Delivery, code: string): void {
  const { contractId } = delivery.contract;
  delivery.nodeIds = [];
  delivery.state = 'waiting';
  if (!turn.state.market.contracts.has(contractId)) turn.state.deliveries.delete(contractId);
  else if (code === NAME_TAKEN && delivery.names < NAMES_MAXIMUM) rename(turn, delivery);
  else if (NODES_REFUSED.has(code)) choose(turn, delivery);
  else report(turn, delivery, code === NOT_ALLOWED ? 'not-delivered' : 'failed', 0);
  followers(turn, contractId);
}

/** Of these nodes: others may do. */
const NODES_REFUSED: ReadonlySet<string> = new Set([
  'CONFLICT_BLOCKED',
  'CONFLICT_CAPABILITY',
  'CONFLICT_LEASE',
  'CONFLICT_PROJECT_MISMATCH',
  'NOT_FOUND_NODE',
]);
/** The owner lets nobody lease its nodes out. Everything else is no fault of either side. */
const NOT_ALLOWED = 'DENIED_AUTHORIZATION';

/** Anybody may call a lease as it likes, to be in somebody's way. */
const NAME_TAKEN = 'CONFLICT_DUPLICATE';
const NAMES_MAXIMUM = 20;

function rename(turn: Turn, delivery: Delivery): void {
  const { name } = turn.state.configuration;
  delivery.names += 1;
  delivery.attempts -= 1;
  delivery.leaseId = `${name}.${delivery.contract.contractId}.${delivery.names}`;
  choose(turn, delivery);
}

/** Contracts that wait for the nodes of this one. */
function followers(turn: Turn, contractId: string): void {
  for (const delivery of turn.state.deliveries.values()) {
    if (delivery.state !== 'waiting' || delivery.contract.takesOver !== contractId) continue;
    choose(turn, delivery);
  }
}

/** A notice about a lease; only that of the owner's own isolation service counts. */
export function takeNotice(turn: Turn, service: string, notice: LeaseNotice): void {
  const delivery = deliveryOf(turn.state, notice.leaseId);
  if (!delivery || delivery.service !== service) return;
  switch (notice.kind) {
    case 'LeaseStarted':
      delivery.state = 'started';
      report(turn, delivery, 'started', 0);
      return;
    case 'LeaseEnding':
      leaseEnding(turn.state, delivery, notice);
      return;
    case 'NodeWithheld':
      delivery.lostNodeIds.add(notice.nodeId);
      delivery.end = 'failed';
      return;
    case 'LeaseEnded':
      ended(turn, delivery);
      return;
    default:
  }
}

function leaseEnding(
  state: ExchangeState,
  delivery: Delivery,
  { atMs, reason, by = 'site' }: Extract<LeaseNotice, { kind: 'LeaseEnding' }>,
): void {
  delivery.endedAtMs = atMs;
  if (reason === 'cancelled') delivery.cancelledBy = by;
  else if (reason === 'recall') delivery.end = 'recalled';
  else if (reason === 'returned') delivery.end = 'returned';
  else if (atMs < leaseEndMs(state, delivery.contract)) delivery.end = shortened(delivery, by);
}

/** An owner that shortens a lease takes its nodes back, with the right to it or without. */
function shortened({ contract }: Delivery, by: LeaseSide): Delivery['end'] {
  if (by !== 'owner') return 'returned';
  return contract.recall === null ? 'not-delivered' : 'recalled';
}

/** The delivery that a lease is part of; undefined for one that is over, or of somebody else. */
export function deliveryOf(
  { configuration, deliveries }: ExchangeState,
  leaseId: string,
): Delivery | undefined {
  const start = `${configuration.name}.`;
  if (!leaseId.startsWith(start)) return undefined;
  const delivery = deliveries.get(leaseId.slice(start.length).split('.', 1)[0]!);
  return delivery?.leaseId === leaseId ? delivery : undefined;
}

function ended(turn: Turn, delivery: Delivery): void {
  const { contract, cancelledBy, takeBack: why, state } = delivery;
  const { contractId } = contract;
  delivery.state = 'over';
  // Where the contract is over already, nothing more is to come of it.
  if (!turn.state.market.contracts.has(contractId)) turn.state.deliveries.delete(contractId);
  if (cancelledBy !== null) {
    report(turn, delivery, why === 'preempted' ? 'recalled' : CANCELLED[cancelledBy], 0);
  } else if (state !== 'started') {
    // Its window passed and it never began.
    report(turn, delivery, 'failed', 0);
  } else reportUse(turn, delivery);
  followers(turn, contractId);
}

const CANCELLED: Readonly<Record<LeaseSide, LeaseReportKind>> = {
  owner: 'not-delivered',
  lessee: 'not-taken',
  site: 'failed',
};

function reportUse(turn: Turn, delivery: Delivery): void {
  const { contract, end, endedAtMs, lostNodeIds } = delivery;
  const isTakenBack = end === 'not-delivered';
  const use = { end: isTakenBack ? 'recalled' : end, endedAtMs, lostNodes: lostNodeIds.size };
  const { what, deliveredNodeMs } = reportOf(contract, use, turn.timeMs);
  report(turn, delivery, isTakenBack ? 'not-delivered' : what, deliveredNodeMs);
}

/** Believed as the word of the owner's isolation service, whose notices it follows from. */
function report(
  turn: Turn,
  { contract, service }: Delivery,
  what: LeaseReportKind,
  deliveredNodeMs: NodeMs,
): void {
  turn.reports.push({
    kind: 'LeaseReported',
    timeMs: turn.timeMs,
    from: { role: 'service', name: service },
    contractId: contract.contractId,
    what,
    deliveredNodeMs,
  });
}

function nextCommandId(state: ExchangeState): string {
  state.requestCount += 1;
  return `${state.configuration.name}/${state.requestCount}`;
}

function ask(turn: Turn, delivery: Delivery, command: LeaseRequest['command']): void {
  const request: LeaseRequest = { kind: 'Request', service: delivery.service, command };
  const { contractId } = delivery.contract;
  turn.state.requests.set(command.commandId, { contractId, request });
  turn.effects.push(request);
}
