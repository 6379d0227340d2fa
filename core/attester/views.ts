/**
 * What parties may read of an attestation service. The registry is its administrators', a policy is
 * whose it is, and what was found about a node is for whoever had it attested.
 */
import { isName, type CommandShape } from '../kernel/command-shape.ts';
import type { Refusal } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import type { AttesterState, Policy, References, Watch } from './state.ts';
import { watchKey } from './state.ts';

export const ATTESTER_QUERIES = {
  RegistryList: {},
  RegistryShow: { nodeId: 'name' },
  PolicyList: {},
  PolicyShow: { policyId: 'name' },
  AttestationList: {},
  AttestationShow: { leaseId: 'name', nodeId: 'name' },
} as const satisfies Readonly<Record<string, CommandShape>>;

export type AttesterQueryKind = keyof typeof ATTESTER_QUERIES;

export interface AttesterQuery {
  readonly kind: string;
  readonly from: Principal;
  readonly nodeId?: unknown;
  readonly policyId?: unknown;
  readonly leaseId?: unknown;
}

/** Queries on the registry, which names every node of the site. */
export const REGISTRY_QUERIES: ReadonlySet<string> = new Set(['RegistryList', 'RegistryShow']);

/** The answer, a fresh plain value, or a refusal by the same codes as of commands. */
export function viewAttester(state: AttesterState, query: AttesterQuery): Refusal | object {
  const { kind, from, nodeId, policyId, leaseId } = query;
  if (REGISTRY_QUERIES.has(kind) && !isAdministrator(state, from)) {
    return { code: 'DENIED_REGISTRY', message: 'the registry is an administrator’s' };
  }
  switch (kind) {
    case 'RegistryList':
      return { nodes: [...state.nodes.keys()].sort() };
    case 'RegistryShow':
      return showNode(state, nodeId);
    case 'PolicyList': {
      const seen = [...state.policies.values()].filter((policy) => maySee(state, from, policy));
      return { policies: seen.map(({ policyId: name }) => name).sort() };
    }
    case 'PolicyShow': {
      const policy = isName(policyId) ? state.policies.get(policyId) : undefined;
      if (!policy || !maySee(state, from, policy)) return notFound('POLICY');
      return describePolicy(policy);
    }
    case 'AttestationList': {
      const seen = [...state.watches.values()].filter((watch) => isOwn(state, from, watch));
      return { attestations: seen.map(describeWatch) };
    }
    case 'AttestationShow': {
      const isKey = isName(leaseId) && isName(nodeId);
      const watch = isKey ? state.watches.get(watchKey(leaseId, nodeId)) : undefined;
      if (!watch || !isOwn(state, from, watch)) return notFound('ATTESTATION');
      return describeWatch(watch);
    }
    default:
      return { code: 'INPUT_UNKNOWN_QUERY', message: 'there is no such query' };
  }
}

function showNode(state: AttesterState, nodeId: unknown): Refusal | object {
  const node = isName(nodeId) ? state.nodes.get(nodeId) : undefined;
  if (!node) return notFound('NODE');
  const { endorsementKeyHash, profile, pcrs, lastResetCount } = node;
  const own = pcrs ? { pcrs: describeReferences(pcrs) } : {};
  return { nodeId, endorsementKeyHash, profile, lastResetCount, ...own };
}

function isAdministrator({ configuration }: AttesterState, from: Principal): boolean {
  return from.role === 'admin' || configuration.administrators.includes(from.name);
}

function maySee(state: AttesterState, from: Principal, { owner }: Policy): boolean {
  return owner === from.name || isAdministrator(state, from);
}

function isOwn(state: AttesterState, from: Principal, { asker }: Watch): boolean {
  const isAsker = asker.role === from.role && asker.name === from.name;
  return isAsker || isAdministrator(state, from);
}

function describePolicy(policy: Policy): object {
  const { policyId, owner, version, profiles, runtimeDigests, releasesKeyShare } = policy;
  return {
    policyId,
    owner,
    version,
    profiles: [...profiles].map(([profile, pcrs]) => {
      return { profile, pcrs: describeReferences(pcrs) };
    }),
    runtimeDigests: runtimeDigests && [...runtimeDigests],
    releasesKeyShare,
  };
}

function describeReferences(references: References): object[] {
  return [...references].map(([index, digests]) => ({ index, digests: [...digests] }));
}

function describeWatch(watch: Watch): object {
  const { leaseId, nodeId, policyId, bootCount, verdict, validUntilMs, phase } = watch;
  const { failures, keyShareReleased } = watch;
  const told = { leaseId, nodeId, policyId, bootCount, verdict, validUntilMs };
  return { ...told, phase, failures, keyShareReleased };
}

function notFound(what: string): Refusal {
  return { code: `NOT_FOUND_${what}`, message: 'there is no such object, or it is not yours' };
}
