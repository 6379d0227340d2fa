import test from 'ava';
import { extentRefusal } from '../../core/provisioner/extent.ts';
import { only, organisation } from '../leasing/driver.ts';
import {
  GHENT,
  LYON,
  deprovisionNode,
  isClean,
  job,
  provisionNode,
  provisionWell,
  provisioner,
} from './service.ts';
import type { Provisioner } from './service.ts';

const IMPORT = { kind: 'ImportImage', imageId: 'debian', source: 'pool/debian', shared: false };

/** Sends the command, lets the store do it, and gives the code of the answer. */
function done(
  service: Provisioner,
  from: typeof GHENT,
  fields: { readonly kind: string; readonly [name: string]: unknown },
) {
  const { code, effects } = service.command(from, fields);
  if (code !== null) return code;
  const reply = only(service.ok(only(effects, 'ChangeImage')), 'Reply');
  return reply.refusal?.code ?? null;
}

function snapshot(kind: string, snapshotId = 'v1', imageId = 'debian') {
  return { kind, imageId, snapshotId } as const;
}

test('59: an image that is not there, is there, has snapshots or is busy has its own code', (t) => {
  const service = provisioner();
  t.is(done(service, GHENT, { kind: 'RemoveImage', imageId: 'debian' }), 'NOT_FOUND_IMAGE');
  t.is(done(service, GHENT, IMPORT), null);
  t.is(done(service, GHENT, IMPORT), 'CONFLICT_IMAGE_EXISTS');
  t.is(done(service, GHENT, snapshot('TakeSnapshot')), null);
  t.is(
    done(service, GHENT, { kind: 'RemoveImage', imageId: 'debian' }),
    'CONFLICT_IMAGE_HAS_SNAPSHOTS',
  );
  const { effects } = service.command(GHENT, snapshot('ProtectSnapshot'));
  t.is(service.command(GHENT, snapshot('RemoveSnapshot')).code, 'CONFLICT_IMAGE_BUSY');
  service.ok(job(effects));
  t.is(done(service, GHENT, snapshot('RemoveSnapshot')), 'CONFLICT_SNAPSHOT_BUSY');
  t.is(done(service, GHENT, snapshot('TakeSnapshot')), 'CONFLICT_SNAPSHOT_EXISTS');
  t.is(done(service, GHENT, snapshot('RemoveSnapshot', 'v2')), 'NOT_FOUND_SNAPSHOT');
});

test('59: an image that is removed is gone, and its name is free again', (t) => {
  const service = provisioner();
  t.is(done(service, GHENT, IMPORT), null);
  t.is(done(service, GHENT, snapshot('TakeSnapshot')), null);
  t.is(done(service, GHENT, snapshot('RemoveSnapshot')), null);
  t.is(done(service, GHENT, { kind: 'RemoveImage', imageId: 'debian' }), null);
  t.is(service.command(GHENT, provisionNode({ imageId: 'debian' })).code, 'NOT_FOUND_IMAGE');
  t.is(done(service, LYON, IMPORT), null);
});

test('59: reads and writes beyond the end of an image are refused, those up to it are not', (t) => {
  t.is(extentRefusal(100, 0, 100), null);
  t.is(extentRefusal(100, 100, 0), null);
  for (const [offset, length] of [
    [0, 101],
    [100, 1],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [Number.NaN, 1],
  ] as const) {
    t.is(extentRefusal(100, offset, length)?.code, 'INPUT_EXTENT', `${offset} ${length}`);
  }
});

test('60: only a protected snapshot is cloned, and it stays protected while clones stand on it', (t) => {
  const service = provisioner({ images: [] });
  const golden = { imageId: 'debian' };
  t.is(done(service, GHENT, IMPORT), null);
  t.is(service.command(GHENT, provisionNode(golden)).code, 'CONFLICT_SNAPSHOT_UNPROTECTED');
  t.is(done(service, GHENT, snapshot('TakeSnapshot')), null);
  t.is(service.command(GHENT, provisionNode(golden)).code, 'CONFLICT_SNAPSHOT_UNPROTECTED');
  t.is(done(service, GHENT, snapshot('ProtectSnapshot')), null);
  provisionWell(service, golden);
  t.is(done(service, GHENT, snapshot('UnprotectSnapshot')), 'CONFLICT_SNAPSHOT_HAS_CLONES');
  let { effects } = service.command(GHENT, deprovisionNode());
  effects = service.ok(only(effects, 'HideDisk'));
  t.is(done(service, GHENT, snapshot('UnprotectSnapshot')), 'CONFLICT_SNAPSHOT_HAS_CLONES');
  service.ok(only(effects, 'DestroyDisk'));
  t.is(done(service, GHENT, snapshot('UnprotectSnapshot')), null);
  t.is(done(service, GHENT, snapshot('RemoveSnapshot')), null);
  t.true(isClean(service));
});

test('60: a snapshot that is about to lose its protection is not cloned any more', (t) => {
  const service = provisioner();
  service.command(GHENT, { ...snapshot('UnprotectSnapshot'), imageId: 'golden' });
  t.is(service.command(GHENT, provisionNode()).code, 'CONFLICT_SNAPSHOT_UNPROTECTED');
});

test('a clone stands on the newest protected snapshot', (t) => {
  const service = provisioner();
  for (const kind of ['TakeSnapshot', 'ProtectSnapshot']) {
    t.is(done(service, GHENT, snapshot(kind, 'v2', 'golden')), null);
  }
  t.is(done(service, GHENT, snapshot('TakeSnapshot', 'v3', 'golden')), null);
  const { effects } = service.command(GHENT, provisionNode());
  t.is(only(effects, 'CloneImage').snapshotId, 'v2');
});

test('m2-any-caller-is-admin: only the owner and operators change an image, others cannot see it', (t) => {
  const service = provisioner();
  const remove = { ...snapshot('UnprotectSnapshot'), imageId: 'golden' };
  t.is(service.command(LYON, remove).code, 'NOT_FOUND_IMAGE');
  t.is(service.command(LYON, provisionNode()).code, 'NOT_FOUND_IMAGE');
  t.is(service.command(organisation('operator'), remove).code, null);
});

test('an image that is shared may be cloned by anybody and changed by its owner alone', (t) => {
  const shared = { imageId: 'golden', owner: 'ghent', shared: true, snapshotId: 'v1' };
  const service = provisioner({ images: [shared] });
  t.is(service.command(LYON, provisionNode()).code, null);
  const unprotect = { ...snapshot('UnprotectSnapshot'), imageId: 'golden' };
  t.is(service.command(LYON, unprotect).code, 'DENIED_IMAGE');
});

test('an import that fails is reported with the reason, and leaves no image', (t) => {
  const service = provisioner();
  const change = only(service.command(GHENT, IMPORT).effects, 'ChangeImage');
  const reply = only(service.failed(change, 'noEffect', 'DEVICE_FULL'), 'Reply');
  t.is(reply.refusal?.code, 'DEVICE_FULL');
  t.false(service.state.images.has('debian'));
});

test('an import of unknown outcome is tried again, and undone before it counts as failed', (t) => {
  const service = provisioner();
  let change = only(service.command(GHENT, IMPORT).effects, 'ChangeImage');
  t.is(only(service.failed(change, 'uncertain'), 'SetTimer').timerId, 'image/debian');
  change = only(service.fire('image/debian'), 'ChangeImage');
  t.is(change.operation, 'ImportImage');
  // Nothing happened this time; the first time it may have.
  service.failed(change, 'noEffect', 'DEVICE_FULL');
  change = only(service.fire('image/debian'), 'ChangeImage');
  t.is(change.operation, 'RemoveImage');
  const reply = only(service.ok(change), 'Reply');
  t.is(reply.refusal?.code, 'DEVICE_FULL');
  t.false(service.state.images.has('debian'));
});

test('59: an image that is still being imported is busy, not clonable', (t) => {
  const service = provisioner();
  service.command(GHENT, IMPORT);
  t.is(service.command(GHENT, provisionNode({ imageId: 'debian' })).code, 'CONFLICT_IMAGE_BUSY');
});

test('with a watchdog, an image change of which nothing is heard is made again', (t) => {
  const service = provisioner({ watchdog: true });
  const { effects } = service.command(GHENT, IMPORT);
  const first = only(effects, 'ChangeImage');
  t.is(only(effects, 'SetTimer').atMs, first.deadlineMs);
  t.deepEqual(service.fire('image/debian'), [], 'too early');
  service.nowMs = first.deadlineMs;
  service.nowMs = only(service.fire('image/debian'), 'SetTimer').atMs;
  const second = only(service.fire('image/debian'), 'ChangeImage');
  t.true(second.sequence > first.sequence);
  t.is(only(service.ok(second), 'Reply').refusal, null);
  t.deepEqual(service.fire('image/debian'), [], 'and that is all');
});

test('a name like __proto__ is an image name like any other', (t) => {
  const service = provisioner();
  t.is(done(service, GHENT, { ...IMPORT, imageId: '__proto__' }), null);
  t.true(service.state.images.has('__proto__'));
  t.is(({} as { owner?: string }).owner, undefined);
});

test('commands of a wrong form are refused with the name of the field', (t) => {
  const service = provisioner();
  for (const changes of [
    { imageId: 7 },
    { imageId: '' },
    { shared: 'yes' },
    { source: null },
    { surplus: 1 },
    { imageId: 'a'.repeat(129) },
  ]) {
    const command = { ...IMPORT, ...changes } as never;
    t.is(service.command(GHENT, command).code, 'INPUT_BAD_ARGUMENT', JSON.stringify(changes));
  }
  t.is(service.command(GHENT, { kind: 'toString' }).code, 'INPUT_UNKNOWN_COMMAND');
});
