/** What the attestation service remembers: nodes and their TPMs, policies, and what it watches. */
import { OcxError } from '../kernel/errors.ts';
import type { Principal } from '../kernel/service.ts';
import { MINUTE_MS, SECOND_MS } from '../kernel/units.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { AttestationPolicy, NodeIdentity, PcrReference } from './commands.ts';
import type { AttesterEffect, ReportVerdict } from './protocol.ts';
import { DEFAULT_SEVERITIES } from './verification.ts';
import type { AttestationCode, Severity } from './verification.ts';

/** Times in milliseconds. */
export interface AttesterConfiguration {
  /** This instance; begins the id of every effect and command. */
  readonly name: string;
  /** Name of the isolation service that verdicts are reported to. */
  readonly isolation: string;
  /** Names of principals that may register nodes. */
  readonly administrators: readonly string[];
  readonly nodes: readonly NodeIdentity[];
  readonly policies: readonly (AttestationPolicy & { readonly owner: string })[];
  /** A nonce is good for one quote that comes within this time. */
  readonly nonceTtlMs: number;
  /** Silence of a node, or of the source of randomness, after so long counts as such. */
  readonly quoteDeadlineMs: number;
  /** How long key stores and peers may take to answer. */
  readonly keyDeadlineMs: number;
  /** Wait before another try. */
  readonly retryDelayMs: number;
  /** Tries in a row before a recoverable failure is final. */
  readonly attempts: number;
  /** A verdict is good for so long after its nonce was made; null: for the whole boot. */
  readonly freshnessMs: number | null;
  /** A trusted node is attested again so often; null: once a boot. */
  readonly reattestIntervalMs: number | null;
  /** A report that is not answered is made again after so long; null: the world loses none. */
  readonly reportRetryMs: number | null;
  /** Exceptions to `DEFAULT_SEVERITIES`. */
  readonly severities: Partial<Record<AttestationCode, Severity>>;
}

/** For the simulator; see `docs/numbers.md`, "Attestation". */
export const ATTESTER_DEFAULTS = {
  isolation: 'isolation',
  administrators: [],
  nodes: [],
  policies: [],
  nonceTtlMs: 30 * MINUTE_MS,
  quoteDeadlineMs: 30 * MINUTE_MS,
  keyDeadlineMs: 3 * SECOND_MS,
  retryDelayMs: 10 * SECOND_MS,
  attempts: 3,
  freshnessMs: null,
  reattestIntervalMs: null,
  reportRetryMs: null,
  severities: {},
} as const satisfies Omit<AttesterConfiguration, 'name'>;

/** PCR index → accepted digests. */
export type References = ReadonlyMap<string, ReadonlySet<string>>;

/** A node and its TPM. */
export interface RegisteredNode {
  readonly endorsementKeyHash: string;
  readonly profile: string;
  /** Only of a node that has reference values of its own. */
  readonly pcrs?: References;
  /** Highest reset counter of any valid quote; null: none yet. */
  lastResetCount: number | null;
}

/** An `AttestationPolicy` as it is looked up. */
export interface Policy {
  readonly policyId: string;
  readonly owner: string;
  readonly version: number;
  readonly profiles: ReadonlyMap<string, References>;
  readonly runtimeDigests: ReadonlySet<string> | null;
  readonly releasesKeyShare: boolean;
}

/** A node under a lease, from its first `AttestNode` until it is forgotten. */
export interface Watch {
  readonly leaseId: string;
  readonly nodeId: string;
  readonly asker: Principal;
  /** Of the latest `AttestNode`. */
  commandId: string;
  /** Of every `AttestNode` so far: a second copy is no second wish. */
  readonly commandIds: Set<string>;
  fencingToken: number;
  policyId: string;
  bootCount: number;
  verdict: 'none' | 'trusted' | 'rejected' | 'stale';
  /** Of a trusted verdict. */
  validUntilMs: TimeMs;
  /** `pause`: before another try; `idle`: no round is under way. */
  phase: 'idle' | 'nonce' | 'quote' | 'pause';
  effectId: string | null;
  nonce: string | null;
  nonceMadeMs: TimeMs;
  /** When the phase ends by itself: a deadline, a pause, or the next round; null: never. */
  wakeAtMs: TimeMs | null;
  /** Failed tries of this round. */
  failures: number;
  /** Reset counter of this boot's first valid quote. */
  bootResetCount: number | null;
  /** The key share for this boot was handed out, or is on its way. */
  keyShareReleased: boolean;
  /** Keys were handed out under this lease and are not revoked. */
  keysOut: boolean;
  /** The hand-over under way. */
  release: { readonly effectId: string; readonly deadlineMs: TimeMs } | null;
  /** Hand-overs that failed in this boot. */
  shareFailures: number;
  /** The latest report, until it is answered; only with `reportRetryMs`. */
  report: ReportVerdict['command'] | null;
  reportAgainAtMs: TimeMs | null;
  /** What the watch's timer is set to. */
  timerAtMs: TimeMs | null;
}

/** Keys that must go; stays until the key stores have confirmed it. */
export interface Revocation {
  readonly leaseId: string;
  readonly nodeId: string;
  effectId: string;
  deadlineMs: TimeMs;
}

/** What an effect is for. */
export type OperationOwner = 'round' | 'release' | 'revoke';

/** Plain data. */
export interface AttesterState {
  readonly configuration: AttesterConfiguration;
  /** Of effects, commands and nonces; never goes back. */
  sequence: number;
  readonly nodes: Map<string, RegisteredNode>;
  readonly policies: Map<string, Policy>;
  /** Lease → its watched nodes. */
  readonly watchedNodes: Map<string, Set<string>>;
  /** By `watchKey`, as are the revocations. */
  readonly watches: Map<string, Watch>;
  readonly revocations: Map<string, Revocation>;
  /** Effect id → watch key and what the effect was for. */
  readonly operations: Map<string, { readonly of: OperationOwner; readonly key: string }>;
  /** Command id of a report that waits for its answer → watch key. */
  readonly reports: Map<string, string>;
  /** Principal and node → newest fencing token that was forgotten. */
  readonly finishedTokens: Map<string, number>;
}

/** One step in the making. */
export interface Turn {
  readonly state: AttesterState;
  readonly timeMs: TimeMs;
  readonly effects: AttesterEffect[];
}

/** @throws OcxError INPUT_BAD_CONFIGURATION */
export function initialState(configuration: AttesterConfiguration): AttesterState {
  const { freshnessMs, reattestIntervalMs, quoteDeadlineMs } = configuration;
  if (
    freshnessMs !== null &&
    reattestIntervalMs !== null &&
    reattestIntervalMs + quoteDeadlineMs > freshnessMs
  ) {
    throw badConfiguration(
      'a verdict expires before the next attestation can be through',
      'make freshnessMs at least reattestIntervalMs + quoteDeadlineMs',
    );
  }
  const nodes = new Map<string, RegisteredNode>();
  for (const identity of configuration.nodes) {
    const { nodeId } = identity;
    if (nodes.has(nodeId)) throw badConfiguration(`two nodes are called ${nodeId}`);
    nodes.set(nodeId, makeNode(identity));
  }
  const policies = new Map<string, Policy>();
  for (const policy of configuration.policies) {
    if (policies.has(policy.policyId)) {
      throw badConfiguration(`two policies are called ${policy.policyId}`);
    }
    policies.set(policy.policyId, makePolicy(policy, policy.owner));
  }
  return {
    configuration,
    sequence: 0,
    nodes,
    policies,
    watchedNodes: new Map(),
    watches: new Map(),
    revocations: new Map(),
    operations: new Map(),
    reports: new Map(),
    finishedTokens: new Map(),
  };
}

function badConfiguration(message: string, remedy?: string): OcxError {
  return new OcxError({ code: 'INPUT_BAD_CONFIGURATION', message, ...(remedy ? { remedy } : {}) });
}

/** A node as it is registered: no quote of it was seen yet. */
export function makeNode({ endorsementKeyHash, profile, pcrs }: NodeIdentity): RegisteredNode {
  const node = { endorsementKeyHash, profile, lastResetCount: null };
  return pcrs ? { ...node, pcrs: makeReferences(pcrs) } : node;
}

function makeReferences(pcrs: readonly PcrReference[]): References {
  return new Map(pcrs.map(({ index, digests }) => [index, new Set(digests)]));
}

/** The policy with its lists as sets. */
export function makePolicy(policy: AttestationPolicy, owner: string): Policy {
  const profiles = new Map<string, References>();
  for (const { profile, pcrs } of policy.profiles) profiles.set(profile, makeReferences(pcrs));
  const { policyId, version, runtimeDigests, releasesKeyShare } = policy;
  return {
    policyId,
    owner,
    version,
    profiles,
    runtimeDigests: runtimeDigests === null ? null : new Set(runtimeDigests),
    releasesKeyShare,
  };
}

/** One text for (lease, node) that no other pair has, whatever the names hold. */
export function watchKey(leaseId: string, nodeId: string): string {
  return `${leaseId.length}:${leaseId}:${nodeId}`;
}

/** One text for (principal, node) that no other pair has. */
export function finishedKey(principal: Principal, nodeId: string): string {
  return `${principal.role}:${principal.name.length}:${principal.name}:${nodeId}`;
}

/** How bad the failure is, as configured. */
export function severityOf(state: AttesterState, code: AttestationCode): Severity {
  return state.configuration.severities[code] ?? DEFAULT_SEVERITIES[code];
}

/** The next sequence number, and an id made of it. */
export function nextId(state: AttesterState): { readonly sequence: number; readonly id: string } {
  state.sequence += 1;
  return { sequence: state.sequence, id: `${state.configuration.name}/${state.sequence}` };
}

/** Takes the next sequence number for an effect, and notes whose it is. */
export function nextEffect(
  state: AttesterState,
  of: OperationOwner,
  key: string,
): { readonly sequence: number; readonly effectId: string } {
  const { sequence, id } = nextId(state);
  state.operations.set(id, { of, key });
  return { sequence, effectId: id };
}
