/**
 * The commands and events of the isolation service besides those of the lease walk. The fields are
 * written down once; the types of the commands follow from them.
 */
import type { Command, ServiceEvent } from '../kernel/service.ts';
import type { SecurityLevel } from '../kernel/security-level.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { FieldKind, Fields } from './fields.ts';
import type { Isolation, Verdict } from './isolation.ts';
import type {
  IsolationOutcome,
  IsolationTimer,
  LeaseCommand,
  LeaseTerms,
  NodeObservation,
} from './protocol.ts';
import type { DelegatedRight } from './state.ts';

/** Weakest first. */
export const SECURITY_LEVELS = ['none', 'attested', 'full'] as const satisfies SecurityLevel[];
const RIGHTS = ['leasing', 'tenancy'] as const satisfies DelegatedRight[];
const VERDICTS = ['trusted', 'rejected', 'stale'] as const;

const ORGANISATION = { organisation: 'name' } as const;
const NODE = { nodeId: 'name' } as const;
const NIC = { nodeId: 'name', nicId: 'name' } as const;
const PORT = { switchId: 'name', portId: 'name' } as const;
const NETWORK = { network: 'name' } as const;
const LEASE = { leaseId: 'name' } as const;
const WINDOW = { startMs: 'time', endMs: 'time' } as const;

export const LEASE_TERMS = {
  ...LEASE,
  contractId: 'nameOrNull',
  owner: 'name',
  lessee: 'name',
  nodeIds: 'names',
  ...WINDOW,
  securityLevel: SECURITY_LEVELS,
  attester: 'nameOrNull',
  recallNoticeMs: 'timeOrNull',
} as const satisfies Fields;

export const COMMAND_FIELDS = {
  /** `parent`: an organisation that it belongs to, or null. */
  OrganisationCreate: { ...ORGANISATION, parent: 'nameOrNull' },
  OrganisationDelete: ORGANISATION,
  /** Lets a service act for the organisation: lease out its nodes, or drive those it borrows. */
  DelegationGrant: { ...ORGANISATION, service: 'name', right: RIGHTS },
  DelegationRevoke: { ...ORGANISATION, service: 'name', right: RIGHTS },

  /** The node is `enrolled` until `NodeReturn` has verified it. */
  NodeRegister: {
    ...NODE,
    owner: 'nameOrNull',
    nodeClass: 'name',
    securityLevel: SECURITY_LEVELS,
  },
  NodeDelete: NODE,
  NicRegister: { ...NIC, macAddress: 'macAddressOrNull' },
  NicDelete: NIC,
  MetadataSet: { ...NODE, key: 'name', value: 'json' },
  MetadataDelete: { ...NODE, key: 'name' },
  /** An organisation takes a free node for itself, outside any lease. */
  NodeConnect: { ...ORGANISATION, ...NODE },
  /** Gives it back: through the maintenance pool, if there is one, and the whole release. */
  NodeDetach: { ...ORGANISATION, ...NODE },
  /** By an operator: out of service, cut off, whoever has it. */
  NodeWithdraw: { ...NODE, state: ['maintenance', 'broken', 'offline'] },
  /** By an operator: back into service, only through release, sanitizing and verification. */
  NodeReturn: NODE,

  SwitchRegister: { switchId: 'name', switchType: 'name' },
  SwitchDelete: { switchId: 'name' },
  PortRegister: PORT,
  PortDelete: PORT,
  PortWire: { ...PORT, ...NIC },
  PortUnwire: PORT,
  /** Takes every network off a port. */
  PortRevert: PORT,

  /** `owner` null: the site's. `access`: one organisation to begin with, null: nobody. */
  NetworkCreate: {
    ...NETWORK,
    owner: 'nameOrNull',
    access: 'nameOrNull',
    isPublic: 'boolean',
    networkId: 'timeOrNull',
  },
  NetworkDelete: NETWORK,
  NetworkGrant: { ...NETWORK, ...ORGANISATION },
  NetworkRevoke: { ...NETWORK, ...ORGANISATION },
  NetworkConnect: { ...NIC, ...NETWORK, channel: 'name' },
  NetworkDetach: { ...NIC, ...NETWORK },

  /** Gives the node's organisation a credential of its BMC, or takes it away. */
  OutOfBandSet: { ...NODE, enabled: 'boolean' },
  PowerControl: { ...NODE, operation: ['on', 'off', 'cycle'], force: 'boolean' },
  /** What the next boot uses; `none`: what the firmware's own order says. */
  BootDeviceSet: { ...NODE, device: ['network', 'disk', 'media', 'none'] },
  /** Puts an image into the BMC's virtual drive; null empties it. */
  MediaSet: { ...NODE, image: 'urlOrNull' },
  SecureBootSet: { ...NODE, enabled: 'boolean' },
  PowerStatus: NODE,

  OfferCreate: {
    offerId: 'name',
    ...NODE,
    ...WINDOW,
    lessee: 'nameOrNull',
    recallNoticeMs: 'timeOrNull',
    parentLeaseId: 'nameOrNull',
  },
  OfferDelete: { offerId: 'name' },
  /** Makes a lease of a part of the offer's window. */
  OfferClaim: {
    offerId: 'name',
    ...LEASE,
    lessee: 'name',
    ...WINDOW,
    securityLevel: SECURITY_LEVELS,
    attester: 'nameOrNull',
  },

  /** By the lessee of a running lease: leases some of its nodes on, one level deep. */
  LeaseSublet: { parentLeaseId: 'name', terms: 'terms' },
  /** Moves the end; nothing else of a lease can be changed. */
  LeaseUpdate: { ...LEASE, endMs: 'time' },

  LeaseCreate: { terms: 'terms' },
  LeaseCancel: LEASE,
  LeaseRecall: LEASE,
  LeaseReturn: { ...LEASE, nodeIds: 'namesOrNull' },
  AirlockPowerOn: { ...LEASE, ...NODE },
  AttestationReport: {
    ...LEASE,
    ...NODE,
    bootCount: 'time',
    verdict: VERDICTS,
    validUntilMs: 'time',
  },
  EnclaveJoin: { ...LEASE, ...NODE },
  NodeActive: { ...LEASE, ...NODE },
} as const satisfies Readonly<Record<string, Fields>>;

type Value<K> = K extends readonly (infer Choice)[]
  ? Choice
  : K extends keyof FieldValues
    ? FieldValues[K]
    : never;

interface FieldValues extends Record<Extract<FieldKind, string>, unknown> {
  name: string;
  nameOrNull: string | null;
  urlOrNull: string | null;
  macAddressOrNull: string | null;
  names: readonly string[];
  namesOrNull: readonly string[] | null;
  time: number;
  timeOrNull: number | null;
  boolean: boolean;
  json: unknown;
  terms: LeaseTerms;
}

type CommandFields = typeof COMMAND_FIELDS;
export type CommandKind = keyof CommandFields;

/** The values that fields of these kinds have. */
export type Values<F> = { readonly [Name in keyof F]: Value<F[Name]> };

/** The command of a kind, header included. */
export type CommandOf<K extends CommandKind> = Command &
  Values<CommandFields[K]> & { readonly kind: K };

/** What decides on commands, by their kinds; offers are decided on before they come here. */
export type Handlers = {
  readonly [K in Exclude<CommandKind, `Offer${string}`>]: (
    isolation: Isolation,
    command: CommandOf<K>,
  ) => Verdict;
};

/** Those that `protocol.ts` does not have already. */
type SiteCommandKind = Exclude<CommandKind, LeaseCommand['kind']>;

export type IsolationCommand =
  LeaseCommand | { [K in SiteCommandKind]: CommandOf<K> }[SiteCommandKind];

/** An unsolicited read-back by whoever watches the hardware for drift. */
export interface NodeObserved extends ServiceEvent {
  readonly kind: 'NodeObserved';
  readonly nodeId: string;
  readonly observedAtMs: TimeMs;
  readonly observation: NodeObservation;
}

export type IsolationEvent = IsolationCommand | IsolationOutcome | IsolationTimer | NodeObserved;
