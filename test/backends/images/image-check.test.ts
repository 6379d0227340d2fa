import test from 'ava';
import fc from 'fast-check';
import { checkImage, HEAD_BYTES } from '../../../backends/images/image-check.ts';
import { FILE_BYTES, qcow2File, type HeaderFields } from './qcow2-header.ts';

const LIMITS = { fileBytes: 1_000_000_000, diskBytes: 20_000_000_000 };

function check(file: Buffer) {
  return checkImage(file.subarray(0, HEAD_BYTES), file.length, LIMITS);
}

function codeOf(file: Buffer): string {
  const checked = check(file);
  return 'code' in checked ? checked.code : checked.format;
}

test('an image that stands alone is accepted', (t) => {
  t.deepEqual(check(qcow2File()), { format: 'qcow2', sizeBytes: 1_073_741_824, content: null });
  t.is(codeOf(qcow2File({ version: 2 })), 'qcow2');
  t.is(codeOf(qcow2File({ extensions: [[0x6803_f857, 'a table of feature names']] })), 'qcow2');
});

const REFUSED: readonly (readonly [why: string, code: string, fields: HeaderFields])[] = [
  ['backing file', 'INPUT_IMAGE_BACKING', { backingOffset: 512n, backingLength: 11 }],
  ['backing file without a length', 'INPUT_IMAGE_BACKING', { backingOffset: 512n }],
  ['format of a backing file', 'INPUT_IMAGE_BACKING', { extensions: [[0xe279_2aca, 'raw']] }],
  ['external data file', 'INPUT_IMAGE_FEATURES', { features: 4n }],
  ['name of a data file', 'INPUT_IMAGE_BACKING', { extensions: [[0x4441_5441, '/etc/shadow']] }],
  [
    'name of a data file behind another extension',
    'INPUT_IMAGE_BACKING',
    {
      extensions: [
        [1, 'x'],
        [0x4441_5441, '/etc/shadow'],
      ],
    },
  ],
  ['left open', 'INPUT_IMAGE_FEATURES', { features: 1n }],
  ['marked as corrupt', 'INPUT_IMAGE_FEATURES', { features: 2n }],
  ['unknown feature', 'INPUT_IMAGE_FEATURES', { features: 1n << 63n }],
  ['encryption', 'INPUT_IMAGE_ENCRYPTED', { encryption: 2 }],
  ['snapshots inside', 'INPUT_IMAGE_SNAPSHOTS', { snapshots: 1 }],
  ['version 4', 'INPUT_IMAGE_FORMAT', { version: 4 }],
  ['clusters of 256 bytes', 'INPUT_IMAGE_FORMAT', { clusterBits: 8 }],
  ['clusters of 2 GiB', 'INPUT_IMAGE_FORMAT', { clusterBits: 31 }],
  ['no size', 'INPUT_IMAGE_TOO_LARGE', { sizeBytes: 0n }],
  ['too large', 'INPUT_IMAGE_TOO_LARGE', { sizeBytes: 20_000_000_512n, tableEntries: 38 }],
  ['endless', 'INPUT_IMAGE_TOO_LARGE', { sizeBytes: 0xffff_ffff_ffff_fe00n }],
  ['half a sector', 'INPUT_IMAGE_FORMAT', { sizeBytes: 1_073_741_825n, tableEntries: 3 }],
  ['table too short', 'INPUT_IMAGE_FORMAT', { tableEntries: 1 }],
  ['table of gigabytes', 'INPUT_IMAGE_FORMAT', { tableEntries: 0xffff_ffff }],
  ['table outside', 'INPUT_IMAGE_FORMAT', { tableOffset: BigInt(FILE_BYTES) }],
  ['table over the header', 'INPUT_IMAGE_FORMAT', { tableOffset: 0n }],
  ['table beside a cluster', 'INPUT_IMAGE_FORMAT', { tableOffset: 196_609n }],
  ['header longer than all', 'INPUT_IMAGE_FORMAT', { headerBytes: 104 + 1 }],
];

for (const [why, code, fields] of REFUSED) {
  test(`a qcow2 image is refused: ${why}`, (t) => {
    t.is(codeOf(qcow2File(fields)), code);
  });
}

test('a raw image has something on it', (t) => {
  const raw = Buffer.alloc(1 << 20);
  t.is(codeOf(raw), 'INPUT_IMAGE_FORMAT');
  raw.set([0x53, 0xef], 1080);
  t.deepEqual(check(raw), { format: 'raw', sizeBytes: 1 << 20, content: 'ext4' });
  t.is(codeOf(raw.subarray(0, (1 << 20) - 1)), 'INPUT_IMAGE_FORMAT');
  t.is(codeOf(Buffer.from('#!/bin/sh\nexit 0\n'.repeat(64))), 'INPUT_IMAGE_FORMAT');
  t.is(codeOf(Buffer.alloc(0)), 'INPUT_IMAGE_FORMAT');
  t.is(codeOf(Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(508)])), 'INPUT_IMAGE_FORMAT');
});

test('files beyond the limit are refused, whatever they are', (t) => {
  const limits = { fileBytes: FILE_BYTES - 1, diskBytes: 20_000_000_000 };
  const file = qcow2File();
  const checked = checkImage(file.subarray(0, HEAD_BYTES), file.length, limits);
  t.is('code' in checked && checked.code, 'INPUT_IMAGE_TOO_LARGE');
});

/** What would make QEMU open another file or believe a wrong size, read independently. */
function isDangerous(file: Buffer, sizeBytes: number): boolean {
  const v3 = file.readUInt32BE(4) >= 3;
  return (
    file.readBigUInt64BE(8) !== 0n ||
    file.readUInt32BE(32) !== 0 ||
    (v3 && (file.readBigUInt64BE(72) & 4n) !== 0n) ||
    file.readBigUInt64BE(24) !== BigInt(sizeBytes) ||
    sizeBytes > LIMITS.diskBytes
  );
}

test('whatever is changed in a header, nothing throws and nothing dangerous passes', (t) => {
  let accepted = 0;
  const change = fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const file = qcow2File();
      for (const [offset, byte] of changes) file[offset] = byte;
      const checked = check(file);
      if ('code' in checked) return true;
      accepted += 1;
      return checked.format === 'qcow2' && !isDangerous(file, checked.sizeBytes);
    }),
    { numRuns: 3_000 },
  );
  t.true(accepted > 100, `${accepted} were accepted`);
});

test('any bytes at all are answered', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_048 }), fc.boolean(), (bytes, withMagic) => {
      const file = Buffer.from(bytes);
      if (withMagic) file.write('QFI\xfb', 'latin1');
      const checked = check(file);
      return 'code' in checked ? checked.code.startsWith('INPUT_IMAGE_') : checked.sizeBytes > 0;
    }),
  );
  t.pass();
});
