import test from 'ava';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import { viewProvisioner, type ProvisionerQuery } from '../../core/provisioner/views.ts';
import type { Principal } from '../../core/kernel/service.ts';

const A: Principal = { role: 'organisation', name: 'a' };
const B: Principal = { role: 'organisation', name: 'b' };
const ADMIN: Principal = { role: 'admin', name: 'root' };

function stateWithDisk() {
  const image = { owner: 'a', snapshotId: 's' };
  const state = provisionerService.initial({
    ...PROVISIONER_DEFAULTS,
    name: 'p',
    images: [
      { ...image, imageId: 'private', shared: false },
      { ...image, imageId: 'shared', shared: true },
    ],
  });
  provisionerService.step(state, {
    ...{ kind: 'ProvisionNode', timeMs: 0, from: A, commandId: 'c', leaseId: 'l', nodeId: 'n' },
    ...{ fencingToken: 1, imageId: 'private', method: 'diskless', securityLevel: 'none' },
    fromAttestedFirmware: false,
  });
  return state;
}

test('a party sees its own images, disks and sessions, and images that are shared', (t) => {
  const state = stateWithDisk();
  const ask = (from: Principal, query: Omit<ProvisionerQuery, 'from'>) =>
    viewProvisioner(state, { ...query, from });
  const count = (from: Principal) =>
    (['ImageList', 'DiskList', 'SessionList'] as const).map(
      (kind) => Object.values(ask(from, { kind }) as Record<string, unknown[]>)[0]!.length,
    );
  t.deepEqual(count(A), [2, 1, 1]);
  t.deepEqual(count(B), [1, 0, 0]);
  t.deepEqual(count(ADMIN), [2, 1, 1]);
  const [diskId] = [...state.disks.keys()];
  const queries = [
    { kind: 'ImageShow', imageId: 'private' },
    { kind: 'DiskShow', diskId: diskId! },
    { kind: 'SessionShow', leaseId: 'l', nodeId: 'n' },
  ] as const;
  for (const query of queries) {
    t.false('code' in ask(A, query));
    t.false('code' in ask(ADMIN, query));
    t.regex((ask(B, query) as { code: string }).code, /^NOT_FOUND_/);
  }
  t.like(ask(A, queries[1]), { state: 'cloning', leaseId: 'l', nodeId: 'n' });
});

test('a query without what it asks for is refused', (t) => {
  const answer = viewProvisioner(stateWithDisk(), { kind: 'DiskShow', from: A });
  t.is((answer as { code: string }).code, 'INPUT_BAD_ARGUMENT');
});
