import { createHash } from 'node:crypto';
import test from 'ava';
import { expectedPcrs } from '../../../backends/boot-image/measurements.ts';
import {
  imageDigest,
  sectionData,
  sectionsOf,
  withSections,
} from '../../../backends/boot-image/portable-executable.ts';
import { smallProgram } from './small-program.ts';

const sha256 = (...parts: (Buffer | string)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

const ADDED = [
  { name: '.linux', data: smallProgram('kernel') },
  { name: '.cmdline', data: Buffer.from('quiet\0') },
  { name: '.initrd', data: Buffer.from('files') },
];

test('added sections can be read back, lie apart, and leave the program as it was', (t) => {
  const program = smallProgram();
  const image = withSections(program, ADDED);
  for (const { name, data } of ADDED) t.deepEqual(sectionData(image, name), data);
  t.deepEqual(sectionData(image, '.text'), sectionData(program, '.text'));
  t.is(sectionData(image, '.osrel'), null);
  const sections = sectionsOf(image);
  for (const [index, { virtualAddress }] of sections.entries()) {
    const before = sections[index - 1];
    if (before) t.true(virtualAddress >= before.virtualAddress + before.virtualSize);
  }
  t.deepEqual(withSections(program, ADDED), image, 'the same bytes each time');
});

test('the digest leaves out the checksum and where signatures are, and nothing else', (t) => {
  const program = smallProgram();
  const digest = imageDigest(program);
  const optional = 0x98;
  t.is(
    digest,
    sha256(
      program.subarray(0, optional + 64),
      program.subarray(optional + 68, optional + 144),
      program.subarray(optional + 152),
    ).toString('hex'),
  );
  for (const at of [optional + 64, optional + 144]) {
    const other = Buffer.from(program);
    other[at]! ^= 1;
    t.is(imageDigest(other), digest, `byte ${at}`);
  }
  for (const at of [2, optional + 40, 0x400, 0x5ff]) {
    const other = Buffer.from(program);
    other[at]! ^= 1;
    t.not(imageDigest(other), digest, `byte ${at}`);
  }
});

test('each part of an image decides the PCRs that it is measured into', (t) => {
  const pcrsOf = (index: number, data: Buffer) =>
    expectedPcrs(
      withSections(
        smallProgram(),
        ADDED.map((part, at) => (at === index ? { ...part, data } : part)),
      ),
    );
  const good = pcrsOf(-1, Buffer.alloc(0));
  const changed = (values: Readonly<Record<string, string>>) =>
    Object.keys(good).filter((pcr) => values[pcr] !== good[pcr as '4']);
  t.deepEqual(changed(pcrsOf(0, smallProgram('kernel 2'))), ['4', '11']);
  t.deepEqual(changed(pcrsOf(1, Buffer.from('quiet init=/bin/sh\0'))), ['4', '9', '11']);
  t.deepEqual(changed(pcrsOf(2, Buffer.from('files and more'))), ['4', '9', '11']);
  t.deepEqual(changed(pcrsOf(2, Buffer.from('files'))), []);
});

test('what is no program for UEFI is refused', (t) => {
  const refused = { code: 'INPUT_NOT_UEFI_PROGRAM' };
  const cut = smallProgram().subarray(0, 0x500);
  const other = smallProgram();
  other.writeUInt16LE(0x10b, 0x98);
  const unaligned = smallProgram();
  unaligned.writeUInt32LE(0, 0x98 + 36);
  for (const bytes of [Buffer.alloc(0), Buffer.from('MZ'), cut, other, unaligned]) {
    t.throws(() => sectionsOf(bytes), refused);
  }
  const full = Array.from({ length: 30 }, (_, at) => ({ name: `.${at}`, data: Buffer.alloc(1) }));
  t.throws(() => withSections(smallProgram(), full), refused);
});
