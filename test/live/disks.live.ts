/** Disks as they are served to nodes: QEMU's storage daemon, nbdkit and tgt, and QEMU as the node. */
import test from 'ava';
import { imageContract } from '../contract/image-contract.ts';
import { realKind } from './support/disks.ts';

for (const kind of [realKind('nbd', 21_000), realKind('iscsi', 21_100)]) {
  imageContract(kind, (title, run) =>
    test.serial(title, async (t) => {
      await t.notThrowsAsync(run);
    }),
  );
}
