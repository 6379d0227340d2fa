/** Every call of the provisioning service's API: method, path, and the command or query behind it. */
import { PROVISIONER_COMMANDS } from '../../core/provisioner/provisioner.ts';
import type { ProvisionerCommand } from '../../core/provisioner/protocol.ts';
import type { ProvisionerState } from '../../core/provisioner/state.ts';
import {
  PROVISIONER_QUERIES,
  viewProvisioner,
  type ProvisionerQuery,
  type ProvisionerQueryKind,
} from '../../core/provisioner/views.ts';
import { change, pathOf } from './service-facade.ts';
import type { CommandRoute, Gauge, QueryRoute, ServiceFacade } from './service-facade.ts';

const IMAGE = '/images/:imageId';
const SNAPSHOT = `${IMAGE}/snapshots/:snapshotId`;
const LEASED = '/leases/:leaseId/nodes/:nodeId';

export const PROVISIONING_COMMAND_ROUTES: readonly CommandRoute<ProvisionerCommand['kind']>[] = [
  change(202, `POST ${LEASED}/preparation`, 'PrepareNode'),
  change(202, `POST ${LEASED}/provision`, 'ProvisionNode'),
  change(202, `POST ${LEASED}/deprovision`, 'DeprovisionNode'),
  change(201, 'POST /images', 'ImportImage', { creates: 'imageId' }),
  change(200, `DELETE ${IMAGE}`, 'RemoveImage'),
  change(201, `POST ${IMAGE}/snapshots`, 'TakeSnapshot'),
  change(200, `DELETE ${SNAPSHOT}`, 'RemoveSnapshot'),
  change(200, `PUT ${SNAPSHOT}/protection`, 'ProtectSnapshot'),
  change(200, `DELETE ${SNAPSHOT}/protection`, 'UnprotectSnapshot'),
  change(202, 'POST /discarded-disks', 'DiscardDisk'),
];

export const PROVISIONING_QUERY_ROUTES: readonly QueryRoute<ProvisionerQueryKind>[] = [
  { path: '/images', query: 'ImageList' },
  { path: IMAGE, query: 'ImageShow' },
  { path: '/disks', query: 'DiskList' },
  { path: '/disks/:diskId', query: 'DiskShow' },
  { path: '/sessions', query: 'SessionList' },
  { path: LEASED, query: 'SessionShow' },
];

export const provisioningFacade: ServiceFacade<ProvisionerState> = {
  name: 'provisioning',
  commands: PROVISIONING_COMMAND_ROUTES,
  commandFields: PROVISIONER_COMMANDS,
  queries: PROVISIONING_QUERY_ROUTES,
  queryFields: PROVISIONER_QUERIES,
  administratorQueries: new Set(),
  visibleBy: new Map([
    ['imageId', ['ImageShow', 'imageId']],
    ['diskId', ['DiskShow', 'diskId']],
  ]),

  location({ command }, { imageId, leaseId, nodeId, diskId }) {
    switch (command) {
      case 'PrepareNode':
      case 'ProvisionNode':
      case 'DeprovisionNode':
        return pathOf('leases', leaseId, 'nodes', nodeId);
      case 'DiscardDisk':
        return pathOf('disks', diskId);
      case 'ImportImage':
      case 'TakeSnapshot':
        return pathOf('images', imageId);
      default:
        return null;
    }
  },

  view: (state, _nowMs, query) => viewProvisioner(state, query as unknown as ProvisionerQuery),

  gauges({ images, disks, sessions }) {
    return [
      gauge('images', images.size),
      ...counted(
        'disks',
        'state',
        [...disks.values()].map(({ state }) => state),
      ),
      ...counted(
        'sessions',
        'stage',
        [...sessions.values()].map(({ stage }) => stage),
      ),
    ];
  },
};

function gauge(name: string, value: number, labels = ''): Gauge {
  return { name: `ocx_${name}`, labels, value };
}

function counted(name: string, label: string, values: readonly string[]): Gauge[] {
  const kinds = [...new Set(values)].toSorted();
  return kinds.map((kind) => {
    const number = values.filter((value) => value === kind).length;
    return gauge(name, number, `${label}="${kind}"`);
  });
}
