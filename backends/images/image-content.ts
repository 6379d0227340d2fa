/**
 * What is on a disk, by the marks that file systems and partition tables leave at its beginning.
 * Offsets and marks: magic(5) and the file systems' own documentation in the Linux kernel.
 */

interface Mark {
  readonly content: string;
  readonly offset: number;
  readonly bytes: Buffer;
}

const MARKS: readonly Mark[] = [
  { content: 'luks', offset: 0, bytes: Buffer.from('LUKS\xba\xbe', 'latin1') },
  { content: 'ext4', offset: 1080, bytes: Buffer.from([0x53, 0xef]) },
  { content: 'xfs', offset: 0, bytes: Buffer.from('XFSB') },
  { content: 'btrfs', offset: 65_600, bytes: Buffer.from('_BHRfS_M') },
  { content: 'squashfs', offset: 0, bytes: Buffer.from('hsqs') },
  { content: 'erofs', offset: 1024, bytes: Buffer.from([0xe2, 0xe1, 0xf5, 0xe0]) },
  { content: 'disk', offset: 512, bytes: Buffer.from('EFI PART') },
  { content: 'disk', offset: 510, bytes: Buffer.from([0x55, 0xaa]) },
];

/** Name of the file system, `luks`, `disk` where there is a partition table; null: none of them. */
export function contentOf(head: Buffer): string | null {
  for (const { content, offset, bytes } of MARKS) {
    if (head.subarray(offset, offset + bytes.length).equals(bytes)) return content;
  }
  return null;
}
