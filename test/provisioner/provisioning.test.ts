import test from 'ava';
import { kinds, only } from '../leasing/driver.ts';
import {
  ABOUT,
  GHENT,
  LYON,
  deprovisionNode,
  isClean,
  job,
  provisionNode,
  provisionWell,
  provisioner,
} from './service.ts';

test('a diskless node is cloned, opened, booted and reported', (t) => {
  const service = provisioner();
  const wish = provisionNode({ securityLevel: 'full', fromAttestedFirmware: true });
  const { effects, id } = service.command(GHENT, wish);
  const clone = only(effects, 'CloneImage');
  t.like(clone, { imageId: 'golden', snapshotId: 'v1' });
  const expose = only(service.ok(clone), 'ExposeDisk');
  t.like(expose, { ...ABOUT, diskId: clone.diskId });
  const boot = only(service.ok(expose), 'BootNode');
  t.like(boot, { ...ABOUT, method: 'diskless', securityLevel: 'full', fromAttestedFirmware: true });
  const { to, notice } = only(service.ok(boot), 'Notify');
  t.deepEqual(to, GHENT);
  t.deepEqual(notice, { kind: 'NodeProvisioned', leaseId: 'lease', nodeId: 'n1', commandId: id });
});

test('a diskful node is booted with its method and has no clone', (t) => {
  const service = provisioner();
  const { effects } = service.command(GHENT, provisionNode({ method: 'diskful' }));
  t.deepEqual(kinds(effects), ['BootNode']);
  t.is(only(effects, 'BootNode').method, 'diskful');
  t.deepEqual(kinds(service.ok(job(effects))), ['NodeProvisioned']);
  t.deepEqual(kinds(service.command(GHENT, deprovisionNode()).effects), ['NodeDeprovisioned']);
  t.true(isClean(service));
});

test('a node that was prepared is opened at once, and one that is being prepared once it is', (t) => {
  const prepare = { kind: 'PrepareNode', ...ABOUT, imageId: 'golden' };
  const early = provisioner();
  early.ok(job(early.command(GHENT, prepare).effects));
  t.deepEqual(kinds(early.command(GHENT, provisionNode()).effects), ['ExposeDisk']);
  const late = provisioner();
  const clone = job(late.command(GHENT, prepare).effects);
  t.deepEqual(kinds(late.command(GHENT, provisionNode()).effects), []);
  t.deepEqual(kinds(late.ok(clone)), ['ExposeDisk']);
});

test('what was prepared for another image is destroyed, not booted', (t) => {
  const other = { imageId: 'other', owner: 'ghent', shared: false, snapshotId: 'v9' };
  const golden = { imageId: 'golden', owner: 'ghent', shared: false, snapshotId: 'v1' };
  const service = provisioner({ images: [other, golden] });
  const prepare = { kind: 'PrepareNode', ...ABOUT, imageId: 'other' };
  service.ok(job(service.command(GHENT, prepare).effects));
  const { effects } = service.command(GHENT, provisionNode());
  t.deepEqual(kinds(effects), ['DestroyDisk', 'CloneImage']);
  t.is(only(effects, 'CloneImage').imageId, 'golden');
});

test('61: m2-create-disk-reports-success-on-storage-failure', (t) => {
  const service = provisioner();
  const { effects, id } = service.command(GHENT, provisionNode());
  const failure = service.failed(job(effects), 'noEffect', 'DEVICE_FULL');
  t.deepEqual(kinds(failure), ['ProvisionFailed']);
  t.like(only(failure, 'Notify').notice, { commandId: id, code: 'DEVICE_FULL' });
  t.is(service.state.disks.size, 0);
  service.command(GHENT, deprovisionNode());
  t.true(isClean(service));
});

test('61: a clone of unknown outcome fails the node and is destroyed until that is confirmed', (t) => {
  const service = provisioner();
  const clone = only(service.command(GHENT, provisionNode()).effects, 'CloneImage');
  const failure = service.failed(clone, 'uncertain');
  t.deepEqual(kinds(failure), ['ProvisionFailed', 'DestroyDisk']);
  let destroy = only(failure, 'DestroyDisk');
  t.is(destroy.diskId, clone.diskId);
  let waitMs = 0;
  for (const status of ['noEffect', 'uncertain', 'uncertain', 'noEffect'] as const) {
    const timer = only(service.failed(destroy, status), 'SetTimer');
    t.true(timer.atMs - service.nowMs > waitMs, 'the wait grows');
    waitMs = timer.atMs - service.nowMs;
    service.nowMs = timer.atMs;
    const again = only(service.fire(timer.timerId), 'DestroyDisk');
    t.is(again.diskId, clone.diskId);
    t.true(again.sequence > destroy.sequence);
    destroy = again;
  }
  service.ok(destroy);
  t.is(service.state.disks.size, 0);
});

test('m2-database-and-storage-diverge: a disk stays on the books until it is known to be gone', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  const hide = only(service.command(GHENT, deprovisionNode()).effects, 'HideDisk');
  const destroy = only(service.ok(hide), 'DestroyDisk');
  service.failed(destroy, 'uncertain');
  t.is(service.state.disks.get(diskId)?.state, 'uncertain');
  t.is(service.state.sessions.size, 1, 'and so does its session: it is not deprovisioned');
  const again = only(service.fire(`disk/${diskId}`), 'DestroyDisk');
  t.deepEqual(kinds(service.ok(again)), ['NodeDeprovisioned']);
  t.true(isClean(service));
});

test('a failed boot hides and destroys the disk, whose node may be provisioned anew', (t) => {
  const service = provisioner();
  const first = service.command(GHENT, provisionNode());
  const expose = only(service.ok(job(first.effects)), 'ExposeDisk');
  const failure = service.failed(job(service.ok(expose)), 'uncertain', 'DEVICE_NO_ANSWER');
  t.deepEqual(kinds(failure), ['ProvisionFailed', 'HideDisk']);
  const second = service.command(GHENT, provisionNode());
  const clone = only(second.effects, 'CloneImage');
  t.not(clone.diskId, expose.diskId, 'on a disk of its own');
  t.deepEqual(kinds(service.ok(job(failure))), ['DestroyDisk']);
});

test('62: deprovisioning twice succeeds, as does deprovisioning what never was', (t) => {
  const service = provisioner();
  const never = service.command(GHENT, deprovisionNode({ nodeId: 'n2' }));
  t.is(never.code, null);
  t.deepEqual(kinds(never.effects), ['NodeDeprovisioned']);
  provisionWell(service);
  const hide = only(service.command(GHENT, deprovisionNode()).effects, 'HideDisk');
  const meanwhile = service.command(GHENT, deprovisionNode());
  t.is(meanwhile.code, null);
  t.deepEqual(meanwhile.effects, []);
  t.deepEqual(kinds(service.ok(only(service.ok(hide), 'DestroyDisk'))), ['NodeDeprovisioned']);
  const after = service.command(GHENT, deprovisionNode());
  t.is(after.code, null);
  t.deepEqual(kinds(after.effects), ['NodeDeprovisioned']);
  t.true(isClean(service));
});

test('m2-target-open-to-anyone: a disk is opened to one node of one lease, and to no other before it was hidden', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  const resume = provisionNode({ leaseId: 'lease-2', nodeId: 'n2', resumeDiskId: diskId });
  t.is(service.command(GHENT, resume).code, 'CONFLICT_DISK_BUSY');
  const { effects } = service.command(GHENT, deprovisionNode({ park: true }));
  t.is(service.command(GHENT, resume).code, 'CONFLICT_DISK_BUSY', 'the target is not known closed');
  service.ok(only(effects, 'HideDisk'));
  const expose = only(service.command(GHENT, resume).effects, 'ExposeDisk');
  t.like(expose, { diskId, nodeId: 'n2', leaseId: 'lease-2' });
});

test('P1: every node has a clone of its own, and nothing but its owner’s command changes an image', (t) => {
  const service = provisioner();
  const seen: string[] = [];
  const disks = ['n1', 'n2', 'n3'].map((nodeId) => {
    const clone = only(service.command(GHENT, provisionNode({ nodeId })).effects, 'CloneImage');
    t.is(clone.snapshotId, 'v1');
    const expose = only(service.ok(clone), 'ExposeDisk');
    const failure = service.failed(only(service.ok(expose), 'BootNode'), 'uncertain');
    const destroy = service.ok(only(failure, 'HideDisk'));
    seen.push(...kinds([clone, expose, ...failure, ...destroy]));
    service.ok(only(destroy, 'DestroyDisk'));
    return clone.diskId;
  });
  t.is(new Set(disks).size, 3);
  t.false(seen.includes('ChangeImage'));
  t.deepEqual(
    [...service.state.images.get('golden')!.snapshots],
    [['v1', { protected: true, children: 0 }]],
  );
});

test('P5: a disk is parked rather than destroyed, resumed on another node, and parked again where that fails', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  const hide = only(service.command(GHENT, deprovisionNode({ park: true })).effects, 'HideDisk');
  const { notice } = only(service.ok(hide), 'Notify');
  t.like(notice, { kind: 'NodeDeprovisioned', parkedDiskId: diskId });
  t.is(service.state.disks.get(diskId)?.state, 'parked');
  const on = (nodeId: string) => provisionNode({ leaseId: 'l2', nodeId, resumeDiskId: diskId });
  t.is(service.command(LYON, on('n2')).code, 'NOT_FOUND_DISK', 'another tenant sees no such disk');
  const expose = only(service.command(GHENT, on('n2')).effects, 'ExposeDisk');
  const boot = only(service.ok(expose), 'BootNode');
  const failure = service.failed(boot, 'noEffect');
  t.deepEqual(kinds(failure), ['ProvisionFailed', 'HideDisk']);
  service.ok(only(failure, 'HideDisk'));
  t.is(service.state.disks.get(diskId)?.state, 'parked', 'with all that was on it');
  t.is(only(service.command(GHENT, on('n3')).effects, 'ExposeDisk').diskId, diskId);
});

test('a resumed disk that could not be opened is parked again at once', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  service.ok(job(service.command(GHENT, deprovisionNode({ park: true })).effects));
  const wish = provisionNode({ leaseId: 'l2', resumeDiskId: diskId, fencingToken: 2 });
  const expose = only(service.command(GHENT, wish).effects, 'ExposeDisk');
  t.deepEqual(kinds(service.failed(expose, 'noEffect')), ['ProvisionFailed']);
  t.like(service.state.disks.get(diskId), { state: 'parked', sessionKey: null });
});

test('a parked disk can be discarded by its tenant alone, and only while nobody uses it', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  const discard = { kind: 'DiscardDisk', diskId };
  t.is(service.command(GHENT, discard).code, 'CONFLICT_DISK_BUSY');
  service.ok(job(service.command(GHENT, deprovisionNode({ park: true })).effects));
  t.is(service.command(LYON, discard).code, 'NOT_FOUND_DISK');
  service.ok(only(service.command(GHENT, discard).effects, 'DestroyDisk'));
  t.true(isClean(service));
});

test('a disk that no system has run from is destroyed even where it was to be parked', (t) => {
  const service = provisioner();
  const prepare = { kind: 'PrepareNode', ...ABOUT, imageId: 'golden' };
  service.ok(job(service.command(GHENT, prepare).effects));
  const { effects } = service.command(GHENT, deprovisionNode({ park: true }));
  t.deepEqual(kinds(effects), ['DestroyDisk']);
});

test('a copy of a command that was carried out is answered from memory, not carried out again', (t) => {
  const service = provisioner();
  const wish = provisionNode({ commandId: 'wish' } as object);
  const { effects } = service.command(GHENT, wish);
  t.deepEqual(service.command(GHENT, wish).effects, [], 'under way');
  const boot = job(service.ok(job(service.ok(job(effects)))));
  t.deepEqual(kinds(service.failed(boot, 'noEffect')), ['ProvisionFailed', 'HideDisk']);
  const again = service.command(GHENT, wish);
  t.deepEqual(kinds(again.effects), ['ProvisionFailed'], 'failed once is failed');
});

test('a second wish for the same is told the same, and one for another is refused', (t) => {
  const service = provisioner();
  provisionWell(service);
  const { id, effects } = service.command(GHENT, provisionNode());
  t.like(only(effects, 'Notify').notice, { kind: 'NodeProvisioned', commandId: id });
  const other = service.command(GHENT, provisionNode({ method: 'diskful' }));
  t.is(other.code, 'CONFLICT_PROVISIONED');
  t.is(service.command(LYON, provisionNode()).code, 'DENIED_LEASE');
  t.is(service.command(LYON, deprovisionNode()).code, 'DENIED_LEASE');
});

test('a command of a lease that was deprovisioned is late, whenever it comes', (t) => {
  const service = provisioner();
  const prepare = { kind: 'PrepareNode', ...ABOUT, imageId: 'golden' };
  service.command(GHENT, deprovisionNode());
  t.is(service.command(GHENT, provisionNode()).code, 'CONFLICT_LATE');
  t.is(service.command(GHENT, prepare).code, 'CONFLICT_LATE');
  t.is(service.command(GHENT, provisionNode({ fencingToken: 2 })).code, null);
  t.is(service.command(GHENT, deprovisionNode({ fencingToken: 1 })).code, null);
  t.is(service.state.sessions.size, 1, 'a late goodbye ends nothing newer');
  t.is(service.command(LYON, provisionNode({ nodeId: 'n2' })).code, 'NOT_FOUND_IMAGE');
});

test('a node that was handed over anew is booted again from its disk under the new token', (t) => {
  const service = provisioner();
  const diskId = provisionWell(service);
  const { effects } = service.command(GHENT, provisionNode({ fencingToken: 2 }));
  const boot = only(effects, 'BootNode');
  t.is(boot.fencingToken, 2);
  t.is(service.state.disks.get(diskId)?.state, 'exposed');
  t.is(service.command(GHENT, provisionNode({ fencingToken: 1 })).code, 'CONFLICT_LATE');
  t.deepEqual(kinds(service.ok(boot)), ['NodeProvisioned']);
});

test('with a watchdog, silence counts as an unknown outcome', (t) => {
  const service = provisioner({ watchdog: true });
  const { effects } = service.command(GHENT, provisionNode());
  const timer = only(effects, 'SetTimer');
  t.is(timer.atMs, only(effects, 'CloneImage').deadlineMs);
  t.deepEqual(service.fire(timer.timerId), [], 'too early a timer is nothing');
  service.nowMs = timer.atMs;
  t.deepEqual(kinds(service.fire(timer.timerId)), ['ProvisionFailed', 'DestroyDisk']);
  t.deepEqual(service.ok(only(effects, 'CloneImage')), [], 'and a late word changes nothing');
});

test('two images of one name in the configuration are a configuration error', (t) => {
  const image = { imageId: 'twice', owner: 'ghent', shared: false, snapshotId: 'v1' };
  t.throws(() => provisioner({ images: [image, image] }), { code: 'INPUT_BAD_CONFIGURATION' });
});
