/**
 * What each kind of service hears of others. It believes each only in its own part, and an answer
 * only while it waits for it. Written down here for itself, so that a live link that decides
 * otherwise is found.
 */
import type { AttesterState } from '../../core/attester/state.ts';
import type { OrchestratorState } from '../../core/leasing/state.ts';
import { deliveryOf } from '../../core/market/exchange/deliveries.ts';
import type { ExchangeState } from '../../core/market/exchange/state.ts';

export interface Notice {
  readonly kind: string;
  readonly leaseId: string;
}

export interface Hearing {
  /** The event that a notice is; null where it means nothing. @param peer who says it */
  notice(peer: string, notice: Notice): { readonly kind: string } | null;
  /** Whether it means something to a service in this state. */
  isHeard(state: never, peer: string, notice: Notice): boolean;
  isAwaited(state: never, commandId: string): boolean;
}

const LEASE_NOTICES: ReadonlySet<string> = new Set([
  ...['LeaseStarted', 'NodeInAirlock', 'NodePowered', 'NodeInEnclave', 'LeaseEnding'],
  ...['NodeCutOff', 'NodeFreed', 'NodeWithheld', 'LeaseEnded'],
]);
const PROVISION_NOTICES: ReadonlySet<string> = new Set([
  ...['NodeProvisioned', 'ProvisionFailed', 'NodeDeprovisioned'],
]);

function received(_: string, notice: Notice): { readonly kind: string } {
  return { kind: 'NoticeReceived', ...{ notice } };
}

/** A tenant's orchestrator: of the services that the plan of the lease names. */
const orchestrator: Hearing = {
  notice: received,
  isHeard({ configuration, leases }: OrchestratorState, peer, { kind, leaseId }) {
    if (peer === configuration.isolation) return LEASE_NOTICES.has(kind);
    const plan = leases.get(leaseId)?.plan;
    if (kind === 'AttestationVerdict') return plan?.attester === peer;
    return PROVISION_NOTICES.has(kind) && plan?.provisioner === peer;
  },
  isAwaited: ({ requests }: OrchestratorState, commandId) => requests.has(commandId),
};

const attester: Hearing = {
  notice: received,
  isHeard: ({ configuration }: AttesterState, peer, { kind }) =>
    peer === configuration.isolation && LEASE_NOTICES.has(kind),
  isAwaited: ({ reports }: AttesterState, commandId) => reports.has(commandId),
};

const exchange: Hearing = {
  notice: (service, notice) => ({ kind: 'NoticeReceived', ...{ service, notice } }),
  isHeard: (state: ExchangeState, _, { kind, leaseId }) =>
    LEASE_NOTICES.has(kind) && deliveryOf(state, leaseId) !== undefined,
  isAwaited: ({ requests }: ExchangeState, commandId) => requests.has(commandId),
};

/** Service → what it hears; the others hear nobody. */
export const HEARINGS: ReadonlyMap<string, Hearing> = new Map([
  ['orchestrator', orchestrator],
  ['attester', attester],
  ['exchange', exchange],
]);
