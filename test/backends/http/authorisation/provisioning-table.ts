/** The provisioning service's table: an image, a disk and a session of ghent's. */
import { provisioningFacade } from '../../../../backends/http/provisioning-routes.ts';
import { canonicalJson } from '../../../../core/kernel/canonical-json.ts';
import { viewProvisioner, type ProvisionerQuery } from '../../../../core/provisioner/views.ts';
import {
  ABOUT,
  deprovisionNode,
  GHENT,
  LYON,
  provisioner,
  provisionNode,
  provisionWell,
  type Provisioner,
} from '../../../provisioner/service.ts';
import { worldOfDriver } from './driver-world.ts';
import type { Case, ServiceTable } from './matrix.ts';

const ROLES = {
  admin: { role: 'admin', name: 'operator' },
  tenant: GHENT,
  stranger: LYON,
  service: { role: 'service', name: 'orchestrator' },
  'a service with the tenant’s name': { role: 'service', name: 'ghent' },
  'an organisation with the operator’s name': { role: 'organisation', name: 'operator' },
  'a service with the operator’s name': { role: 'service', name: 'operator' },
} as const;
type Role = keyof typeof ROLES;
const EVERYBODY = Object.keys(ROLES) as Role[];
const OPERATORS = [
  'an organisation with the operator’s name',
  'a service with the operator’s name',
] as const;
const OWN = ['admin', 'tenant'] as const;
/**
 * An image is a name's, and an operator is one, whatever the role: no site gives one name to two
 * parties. Disks and sessions are one party's alone.
 */
const OWNERS = [...OWN, 'a service with the tenant’s name', ...OPERATORS] as const;

/** Nothing under way; the image has a second snapshot, which is not protected. */
function stored(): Provisioner {
  const service = provisioner();
  const { effects } = service.command(GHENT, { kind: 'TakeSnapshot', ...IMAGE, snapshotId: 'v2' });
  service.ok(effects.find((effect) => 'effectId' in effect)!);
  return service;
}

function provisioned(): Provisioner {
  const service = provisioner();
  provisionWell(service);
  return service;
}

const IMAGE = { imageId: 'golden' } as const;

function on(allowed: readonly Role[], fields: object = {}, open = stored): Case {
  return {
    allowed,
    prepare() {
      const service = open();
      const view = (query: object) => viewProvisioner(service.state, query as ProvisionerQuery);
      return { world: worldOfDriver(service, view, () => canonicalJson(service.state)), fields };
    },
  };
}

function unprotected(): Provisioner {
  const service = provisioner();
  const { effects } = service.command(GHENT, {
    ...{ kind: 'UnprotectSnapshot', ...IMAGE, snapshotId: 'v1' },
  });
  service.ok(effects.find((effect) => 'effectId' in effect)!);
  return service;
}

function emptied(): Provisioner {
  const service = unprotected();
  const { effects } = service.command(GHENT, {
    ...{ kind: 'RemoveSnapshot', ...IMAGE, snapshotId: 'v1' },
  });
  service.ok(effects.find((effect) => 'effectId' in effect)!);
  return service;
}

/** The id of the disk is the store's to choose: it is looked up. */
function onDisk(allowed: readonly Role[], open: () => Provisioner): Case {
  return {
    allowed,
    prepare() {
      const service = open();
      const [diskId] = service.state.disks.keys();
      const view = (query: object) => viewProvisioner(service.state, query as ProvisionerQuery);
      const world = worldOfDriver(service, view, () => canonicalJson(service.state));
      return { world, fields: { diskId } };
    },
  };
}

function parked(): Provisioner {
  const service = provisioned();
  const { effects } = service.command(GHENT, deprovisionNode({ park: true }));
  service.ok(effects.find((effect) => 'effectId' in effect)!);
  return service;
}

const { kind: _, ...PROVISION } = provisionNode();
const LEASED = { leaseId: ABOUT.leaseId, nodeId: ABOUT.nodeId } as const;

export const PROVISIONING: ServiceTable = {
  facade: provisioningFacade,
  roles: ROLES,
  cases: {
    PrepareNode: on(OWNERS, { ...ABOUT, ...IMAGE }),
    ProvisionNode: on(OWNERS, PROVISION),
    DeprovisionNode: on(['tenant'], { ...ABOUT, park: false }, provisioned),
    DiscardDisk: onDisk(['tenant'], parked),
    ImportImage: on(EVERYBODY, { imageId: 'new', source: 'file', shared: false }),
    RemoveImage: on(OWNERS, IMAGE, emptied),
    TakeSnapshot: on(OWNERS, { ...IMAGE, snapshotId: 'v3' }),
    ProtectSnapshot: on(OWNERS, { ...IMAGE, snapshotId: 'v2' }),
    UnprotectSnapshot: on(OWNERS, { ...IMAGE, snapshotId: 'v1' }),
    RemoveSnapshot: on(OWNERS, { ...IMAGE, snapshotId: 'v2' }),
    ImageList: on(EVERYBODY),
    ImageShow: on(OWNERS, IMAGE),
    DiskList: on(EVERYBODY, {}, provisioned),
    DiskShow: onDisk(OWN, provisioned),
    SessionList: on(EVERYBODY, {}, provisioned),
    SessionShow: on(OWN, LEASED, provisioned),
  },
};
