/** What the terms of a lease have to satisfy before anything is reserved. */
import { actsFor, isAdministrator } from './access.ts';
import { LEASE_TERMS, SECURITY_LEVELS } from './commands.ts';
import { checkFields } from './fields.ts';
import type { Isolation } from './isolation.ts';
import { isPoolExhausted } from './network-ids.ts';
import { isWithdrawn } from './nodes.ts';
import {
  badArgument,
  blocked,
  denied,
  duplicate,
  mismatch,
  notFound,
  refuse,
  wrongState,
} from './refusals.ts';
import { conflictingLease } from './reservations.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { LeaseTerms } from './protocol.ts';
import type { Lease, Node } from './state.ts';

/** Parent null: a lease by the owner of the nodes, else a sub-lease of that lease. */
export function checkTerms(
  isolation: Isolation,
  terms: LeaseTerms,
  from: Principal,
  parent: Lease | null,
): Refusal | null {
  return (
    checkFields(terms, LEASE_TERMS) ??
    checkParties(isolation, terms, from) ??
    checkWindow(isolation, terms, from, parent) ??
    checkNodes(isolation, terms, parent)
  );
}

function checkParties(isolation: Isolation, terms: LeaseTerms, from: Principal): Refusal | null {
  const { state } = isolation;
  const { leaseId, owner, lessee, attester, securityLevel } = terms;
  if (!isAdministrator(from) && !actsFor(state, from, owner, 'leasing')) {
    return denied(`only ${owner} and who it delegates to lease its nodes`);
  }
  for (const name of [owner, lessee]) {
    if (!state.organisations.has(name)) {
      return notFound('ORGANISATION', name);
    }
  }
  if ((attester === null) !== (securityLevel === 'none')) {
    return badArgument('attester must be null exactly for security level none');
  }
  if (state.leases.has(leaseId)) {
    return duplicate(`lease ${leaseId} exists`);
  }
  if (!state.networks.has(ENCLAVE_PREFIX + lessee) && isPoolExhausted(state)) {
    return refuse('CONFLICT_ALLOCATION', 'no network id is left for the enclave');
  }
  return null;
}

function checkWindow(
  isolation: Isolation,
  terms: LeaseTerms,
  from: Principal,
  parent: Lease | null,
): Refusal | null {
  const { startMs, endMs } = terms;
  if (startMs >= endMs || endMs <= isolation.nowMs) {
    return refuse('INPUT_TIME_RANGE', 'a lease must end after its start, and not in the past');
  }
  if (!isAdministrator(from) && endMs - startMs > isolation.state.settings.maximumLeaseMs) {
    return refuse('CONFLICT_LEASE_LENGTH', 'the lease is longer than this site allows');
  }
  if (!parent) return null;
  const { leaseId, lessee } = parent.terms;
  if (parent.parentLeaseId !== null) {
    return refuse('CONFLICT_SUBLEASE', `lease ${leaseId} is a sub-lease itself`);
  }
  if (terms.owner !== lessee) {
    return mismatch(`lease ${leaseId} is ${lessee}'s to sublet`);
  }
  if (parent.state !== 'running') {
    return wrongState(`lease ${leaseId}`, parent.state);
  }
  if (startMs < parent.terms.startMs || endMs > parent.endMs) {
    return refuse('CONFLICT_WINDOW', `the window is not inside that of lease ${leaseId}`);
  }
  return null;
}

function checkNodes(isolation: Isolation, terms: LeaseTerms, parent: Lease | null): Refusal | null {
  const { state } = isolation;
  const { nodeIds } = terms;
  if (nodeIds.length === 0) return badArgument('a lease needs nodes');
  if (nodeIds.length > 1 && new Set(nodeIds).size !== nodeIds.length) {
    return badArgument('a node is listed twice');
  }
  for (const nodeId of nodeIds) {
    const node = state.nodes.get(nodeId);
    if (!node) return notFound('NODE', nodeId);
    const refusal = checkRight(node, terms, parent) ?? checkHealth(node, terms);
    if (refusal) return refusal;
    const except = parent ? [parent.terms.leaseId] : [];
    const other = conflictingLease(state, node, terms.startMs, terms.endMs, except);
    if (other !== null) {
      return refuse('CONFLICT_LEASE', `node ${nodeId} is leased by ${other} in that window`);
    }
  }
  return null;
}

function checkRight(node: Node, terms: LeaseTerms, parent: Lease | null): Refusal | null {
  const isTheirs = parent
    ? node.reservations.includes(parent.terms.leaseId)
    : node.owner === terms.owner;
  if (isTheirs) return null;
  return mismatch(`node ${node.nodeId} is not ${terms.owner}'s`);
}

/** A node that something is wrong with is nobody's until it is verified clean. */
function checkHealth(node: Node, terms: LeaseTerms): Refusal | null {
  const { nodeId } = node;
  if (isWithdrawn(node) || node.trouble !== null) {
    const reason = node.trouble ? ` (${node.trouble})` : '';
    return blocked(`node ${nodeId} is ${node.state}${reason}`);
  }
  if (!node.nics.some((nic) => nic.port !== null)) {
    return blocked(`node ${nodeId} has no NIC that is wired to a port`);
  }
  const isCapable =
    SECURITY_LEVELS.indexOf(terms.securityLevel) <= SECURITY_LEVELS.indexOf(node.securityLevel);
  if (isCapable) return null;
  return refuse('CONFLICT_CAPABILITY', `node ${nodeId} proves ${node.securityLevel} at most`);
}
