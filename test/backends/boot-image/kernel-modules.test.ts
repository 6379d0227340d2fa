import test from 'ava';
import {
  modulesNeeded,
  parseDependencies,
  writeDependencies,
} from '../../../backends/boot-image/kernel-modules.ts';

const TEXT = `kernel/a/virtio-net.ko: kernel/b/failover.ko kernel/c/ring.ko
kernel/b/failover.ko:
kernel/c/ring.ko:
kernel/d/nbd.ko:
`;

test('a module brings those that it needs, by either spelling of its name', (t) => {
  const dependencies = parseDependencies(TEXT);
  const { paths, unknown } = modulesNeeded(['virtio_net', 'tpm'], dependencies);
  t.deepEqual(paths, ['kernel/a/virtio-net.ko', 'kernel/b/failover.ko', 'kernel/c/ring.ko']);
  t.deepEqual(unknown, ['tpm']);
  t.is(writeDependencies(paths, dependencies), TEXT.split('\n').slice(0, 3).join('\n') + '\n');
});
