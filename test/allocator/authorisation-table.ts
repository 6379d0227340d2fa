/** Who may do what of the isolation service: for every command and query, a site where it is legal. */
import type { Principal } from '../../core/kernel/service.ts';
import type { CommandKind } from '../../core/allocator/commands.ts';
import type { QueryKind } from '../../core/allocator/views.ts';
import {
  A,
  ADMIN,
  ATTESTER,
  MARKET,
  ORCHESTRATOR,
  START_MS,
  STRANGER,
  Site,
  TENANT,
  activeSite,
  handSite,
  report,
  reportOf,
  smallSite,
  startedSite,
  terms,
} from './site.ts';

export const ROLES = {
  admin: ADMIN,
  owner: A,
  tenant: TENANT,
  market: MARKET,
  orchestrator: ORCHESTRATOR,
  attester: ATTESTER,
  stranger: STRANGER,
  'a service with the owner’s name': { role: 'service', name: 'org-a' },
  'a service with the tenant’s name': { role: 'service', name: 'org-t' },
  'an organisation with the attester’s name': { role: 'organisation', name: 'attester' },
  'an organisation with the market’s name': { role: 'organisation', name: 'market' },
  'an organisation with the operator’s name': { role: 'organisation', name: 'operator' },
  nobody: { role: 'ghost' as 'admin', name: 'operator' },
} as const satisfies Record<string, Principal>;
export type Role = keyof typeof ROLES;

export interface Case {
  readonly allowed: readonly Role[];
  /** A site where the command is legal, and its fields. */
  prepare(): { site: Site; fields?: object };
}

const none = () => ({ site: new Site(smallSite()) });
const administration = (fields: object, site = () => new Site(smallSite())): Case => ({
  allowed: ['admin'],
  prepare: () => ({ site: site(), fields }),
});
const OWNER_SIDE = ['admin', 'owner', 'market'] as const;
const TENANT_SIDE = ['tenant', 'orchestrator'] as const;
const A1 = { nodeId: 'a1' } as const;
const AT = { ...A1, nicId: 'nic0', network: 'net-a' } as const;
const LEASED = { leaseId: 'lease-1', nodeId: 'a1' } as const;
const CHANNEL = 'vlan/native';

function spareSite(): Site {
  const site = new Site(smallSite());
  site.done(ADMIN, { kind: 'PortRegister', switchId: 'switch-0', portId: 'spare' });
  site.done(ADMIN, { kind: 'NicRegister', ...A1, nicId: 'nic9', macAddress: null });
  site.done(ADMIN, { kind: 'SwitchRegister', switchId: 'empty', switchType: 'mock' });
  site.done(ADMIN, {
    kind: 'NodeRegister',
    nodeId: 'new-1',
    owner: null,
    nodeClass: 'standard',
    securityLevel: 'none',
  });
  site.addHardware('new-1');
  return site;
}

function grantedSite(): Site {
  const site = handSite();
  site.done(A, { kind: 'NetworkGrant', network: 'net-a', organisation: 'org-t' });
  return site;
}

function enabledSite(): Site {
  const site = handSite();
  site.settle(A, { kind: 'OutOfBandSet', ...A1, enabled: true });
  return site;
}

function attachedSite(): Site {
  const site = handSite();
  site.settle(A, { kind: 'NetworkConnect', ...AT, channel: CHANNEL });
  return site;
}

const OFFER = {
  ...A1,
  offerId: 'offer-1',
  startMs: 1_000,
  endMs: 10_000,
  lessee: 'org-t',
  recallNoticeMs: null,
  parentLeaseId: null,
} as const;
function offeredSite(): Site {
  const site = new Site(smallSite());
  site.done(A, { kind: 'OfferCreate', ...OFFER });
  return site;
}

function reservedSite(): Site {
  const site = new Site(smallSite());
  site.done(A, { kind: 'LeaseCreate', terms: terms({ recallNoticeMs: 1_000 }) });
  return site;
}

function poweredSite(): Site {
  const site = startedSite();
  site.settle(TENANT, { kind: 'AirlockPowerOn', ...LEASED });
  return site;
}

function trustedSite(): Site {
  const site = poweredSite();
  report(site, 'a1', 'trusted');
  return site;
}

function joinedSite(): Site {
  const site = trustedSite();
  site.settle(TENANT, { kind: 'EnclaveJoin', ...LEASED });
  return site;
}

const DELEGATION = { organisation: 'org-a', service: 'market', right: 'tenancy' } as const;
const NEW_NETWORK = { network: 'net-1', access: 'org-a', isPublic: false, networkId: null };

export const COMMANDS: Record<CommandKind, Case> = {
  OrganisationCreate: administration({ organisation: 'org-new', parent: null }),
  OrganisationDelete: administration({ organisation: 'org-u' }),
  DelegationGrant: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ ...none(), fields: DELEGATION }),
  },
  DelegationRevoke: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ ...none(), fields: { ...DELEGATION, right: 'leasing' } }),
  },
  NodeRegister: administration({
    nodeId: 'x',
    owner: null,
    nodeClass: 'standard',
    securityLevel: 'full',
  }),
  NodeDelete: administration({ nodeId: 'new-1' }, spareSite),
  NicRegister: administration({ ...A1, nicId: 'nic9', macAddress: null }),
  NicDelete: administration({ ...A1, nicId: 'nic9' }, spareSite),
  MetadataSet: administration({ ...A1, key: 'ek', value: 1 }),
  MetadataDelete: administration({ ...A1, key: 'ek' }, () => {
    const site = new Site(smallSite());
    site.done(ADMIN, { kind: 'MetadataSet', ...A1, key: 'ek', value: 1 });
    return site;
  }),
  NodeConnect: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ ...none(), fields: { organisation: 'org-a', ...A1 } }),
  },
  NodeDetach: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: handSite(), fields: { organisation: 'org-a', ...A1 } }),
  },
  NodeWithdraw: administration({ ...A1, state: 'maintenance' }),
  NodeReturn: administration({ nodeId: 'new-1' }, spareSite),
  SwitchRegister: administration({ switchId: 'x', switchType: 'mock' }),
  SwitchDelete: administration({ switchId: 'empty' }, spareSite),
  PortRegister: administration({ switchId: 'switch-0', portId: 'x' }),
  PortDelete: administration({ switchId: 'switch-0', portId: 'spare' }, spareSite),
  PortWire: administration(
    { switchId: 'switch-0', portId: 'spare', ...A1, nicId: 'nic9' },
    spareSite,
  ),
  PortUnwire: administration({ switchId: 'switch-0', portId: 'a1-0' }),
  PortRevert: administration({ switchId: 'switch-0', portId: 'a1-0' }, handSite),
  NetworkCreate: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ ...none(), fields: { ...NEW_NETWORK, owner: 'org-a' } }),
  },
  NetworkDelete: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: grantedSite(), fields: { network: 'net-a' } }),
  },
  NetworkGrant: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: grantedSite(), fields: { network: 'net-a', organisation: 'org-b' } }),
  },
  NetworkRevoke: {
    allowed: ['admin', 'owner', 'tenant'],
    prepare: () => ({ site: grantedSite(), fields: { network: 'net-a', organisation: 'org-t' } }),
  },
  NetworkConnect: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: grantedSite(), fields: { ...AT, channel: CHANNEL } }),
  },
  NetworkDetach: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: attachedSite(), fields: AT }),
  },
  OutOfBandSet: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: handSite(), fields: { ...A1, enabled: true } }),
  },
  PowerControl: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: enabledSite(), fields: { ...A1, operation: 'on', force: false } }),
  },
  BootDeviceSet: {
    allowed: ['admin', 'tenant', 'orchestrator'],
    prepare: () => ({ site: activeSite(), fields: { ...A1, device: 'disk' } }),
  },
  MediaSet: {
    allowed: ['admin', 'tenant', 'orchestrator'],
    prepare: () => ({ site: activeSite(), fields: { ...A1, image: null } }),
  },
  SecureBootSet: {
    allowed: ['admin', 'tenant', 'orchestrator'],
    prepare: () => ({ site: activeSite(), fields: { ...A1, enabled: true } }),
  },
  PowerStatus: {
    allowed: ['admin', 'tenant', 'orchestrator'],
    prepare: () => ({ site: activeSite(), fields: A1 }),
  },
  OfferCreate: { allowed: OWNER_SIDE, prepare: () => ({ ...none(), fields: OFFER }) },
  OfferDelete: {
    allowed: OWNER_SIDE,
    prepare: () => ({ site: offeredSite(), fields: { offerId: 'offer-1' } }),
  },
  OfferClaim: {
    allowed: ['admin', 'tenant'],
    prepare: () => ({
      site: offeredSite(),
      fields: {
        offerId: 'offer-1',
        leaseId: 'lease-1',
        lessee: 'org-t',
        startMs: 2_000,
        endMs: 3_000,
        securityLevel: 'none',
        attester: null,
      },
    }),
  },
  LeaseCreate: { allowed: OWNER_SIDE, prepare: () => ({ ...none(), fields: { terms: terms() } }) },
  LeaseSublet: {
    allowed: ['admin', 'tenant'],
    prepare: () => {
      const parties = { leaseId: 'sub-1', owner: 'org-t', lessee: 'org-u' };
      const window = { startMs: START_MS + 100_000, endMs: START_MS + 200_000 };
      const fields = { parentLeaseId: 'lease-1', terms: terms({ ...parties, ...window }) };
      return { site: startedSite(), fields };
    },
  },
  LeaseUpdate: {
    allowed: OWNER_SIDE,
    prepare: () => ({ site: startedSite(), fields: { leaseId: 'lease-1', endMs: 6_000_000 } }),
  },
  LeaseCancel: {
    allowed: [...OWNER_SIDE, ...TENANT_SIDE],
    prepare: () => ({ site: reservedSite(), fields: { leaseId: 'lease-1' } }),
  },
  LeaseRecall: {
    allowed: OWNER_SIDE,
    prepare: () => {
      const site = reservedSite();
      site.runUntil(START_MS);
      return { site, fields: { leaseId: 'lease-1' } };
    },
  },
  LeaseReturn: {
    allowed: TENANT_SIDE,
    prepare: () => ({ site: startedSite(), fields: { leaseId: 'lease-1', nodeIds: null } }),
  },
  AirlockPowerOn: {
    allowed: TENANT_SIDE,
    prepare: () => ({ site: startedSite(), fields: LEASED }),
  },
  AttestationReport: {
    allowed: ['attester'],
    prepare: () => {
      const site = poweredSite();
      return { site, fields: reportOf(site, 'a1', 'trusted') };
    },
  },
  EnclaveJoin: { allowed: TENANT_SIDE, prepare: () => ({ site: trustedSite(), fields: LEASED }) },
  NodeActive: { allowed: TENANT_SIDE, prepare: () => ({ site: joinedSite(), fields: LEASED }) },
};

export const EVERYBODY = Object.keys(ROLES) as Role[];
const actionSite = (): Site => attachedSite();

export const QUERIES: Record<QueryKind, Case> = {
  OrganisationList: administration({}),
  OrganisationShow: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ ...none(), fields: { organisation: 'org-a' } }),
  },
  NodeList: { allowed: EVERYBODY, prepare: () => ({ ...none(), fields: { onlyFree: true } }) },
  NodeShow: {
    allowed: ['admin', 'owner', 'tenant', 'orchestrator'],
    prepare: () => ({ site: startedSite(), fields: A1 }),
  },
  SwitchList: administration({}),
  SwitchShow: administration({ switchId: 'switch-0' }),
  PortShow: administration({ switchId: 'switch-0', portId: 'a1-0' }),
  NetworkList: { allowed: EVERYBODY, prepare: none },
  NetworkShow: {
    allowed: ['admin', 'owner', 'tenant'],
    prepare: () => ({ site: grantedSite(), fields: { network: 'net-a' } }),
  },
  AttachmentList: {
    allowed: ['admin', 'owner', 'tenant'],
    prepare: () => ({ site: grantedSite(), fields: { network: 'net-a', organisation: null } }),
  },
  ActionShow: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: actionSite(), fields: { actionId: 'action-1' } }),
  },
  OfferList: { allowed: EVERYBODY, prepare: () => ({ site: offeredSite() }) },
  OfferShow: {
    allowed: [...OWNER_SIDE, 'tenant'],
    prepare: () => ({ site: offeredSite(), fields: { offerId: 'offer-1' } }),
  },
  LeaseList: {
    allowed: ['admin', 'owner'],
    prepare: () => ({ site: startedSite(), fields: { organisation: 'org-a' } }),
  },
  LeaseShow: {
    allowed: [...OWNER_SIDE, ...TENANT_SIDE, 'attester'],
    prepare: () => ({ site: startedSite(), fields: { leaseId: 'lease-1' } }),
  },
};
