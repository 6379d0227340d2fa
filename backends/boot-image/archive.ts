/**
 * The archive that Linux unpacks into its first file system (cpio, "newc"): the same entries give
 * the same bytes, whatever the machine, its clock and the order of its folders.
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
import { invariant } from '../../core/kernel/errors.ts';

export type ArchiveEntry =
  | { readonly kind: 'file'; readonly data: Uint8Array; readonly isProgram: boolean }
  | { readonly kind: 'link'; readonly target: string };

const TRAILER = 'TRAILER!!!';
const FOLDER_MODE = 0o040755;
const MODES = { program: 0o100755, data: 0o100644, link: 0o120777 } as const;

/** @param entries path without a leading slash → entry; folders above them are added */
export function archive(entries: ReadonlyMap<string, ArchiveEntry>): Buffer {
  const paths = new Set<string>();
  for (const path of entries.keys()) {
    invariant(/^[^/]/.test(path) && !path.endsWith('/'), `a path in an archive: ${path}`);
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count += 1)
      paths.add(parts.slice(0, count).join('/'));
  }
  const parts: Buffer[] = [];
  let inode = 1;
  // In this order a folder stands before what is in it.
  for (const path of [...paths].sort()) {
    const entry = entries.get(path);
    if (!entry) parts.push(record(inode, path, FOLDER_MODE, new Uint8Array()));
    else if (entry.kind === 'link') {
      parts.push(record(inode, path, MODES.link, Buffer.from(entry.target)));
    } else {
      parts.push(record(inode, path, MODES[entry.isProgram ? 'program' : 'data'], entry.data));
    }
    inode += 1;
  }
  parts.push(record(0, TRAILER, 0, new Uint8Array()));
  return Buffer.concat(parts);
}

function record(inode: number, name: string, mode: number, data: Uint8Array): Buffer {
  const bytes = Buffer.from(`${name}\0`);
  const links = mode === FOLDER_MODE ? 2 : 1;
  // inode, mode, owner, group, links, time, size, four device numbers, length of the name, checksum
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, bytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), bytes])), padded(data)]);
}

function padded(data: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil(data.length / 4) * 4);
  whole.set(data);
  return whole;
}
