import test from 'ava';
import { archive } from '../../../backends/boot-image/archive.ts';
import type { ArchiveEntry } from '../../../backends/boot-image/archive.ts';

const FILE: ArchiveEntry = { kind: 'file', data: Buffer.from('hello'), isProgram: true };
const LINK: ArchiveEntry = { kind: 'link', target: 'b/c' };

/** Written out by hand after the kernel's description of the format. */
const field = (value: number) => value.toString(16).padStart(8, '0');
function header(values: readonly number[], name: string, data = ''): string {
  const pad = (text: string) => text + '\0'.repeat((4 - (text.length % 4)) % 4);
  return pad(`070701${values.map(field).join('')}${name}\0`) + pad(data);
}

test('an archive holds its entries as the kernel unpacks them, with the folders above', (t) => {
  const expected =
    header([1, 0o120777, 0, 0, 1, 0, 3, 0, 0, 0, 0, 2, 0], 'a', 'b/c') +
    header([2, 0o040755, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0], 'b') +
    header([3, 0o100755, 0, 0, 1, 0, 5, 0, 0, 0, 0, 4, 0], 'b/c', 'hello') +
    header([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0], 'TRAILER!!!');
  const entries = new Map<string, ArchiveEntry>([
    ['a', LINK],
    ['b/c', FILE],
  ]);
  t.is(archive(entries).toString('latin1'), expected);
});

test('the order in which entries were found does not matter', (t) => {
  const pairs: [string, ArchiveEntry][] = [
    ['z/y/x', FILE],
    ['a', LINK],
    ['z/b', FILE],
  ];
  t.deepEqual(archive(new Map(pairs)), archive(new Map(pairs.toReversed())));
});

test('a path from the root or to a folder is a bug', (t) => {
  for (const path of ['/a', 'a/']) {
    t.throws(() => archive(new Map([[path, FILE]])), { code: 'INVARIANT_VIOLATED' });
  }
});
