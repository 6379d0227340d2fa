/**
 * Programs of UEFI firmware (PE32+): their sections, sections added to them, and the digest by which
 * firmware measures them into PCR 4.
 *
 * Source: Microsoft, PE Format; "Calculating the PE Image Hash" of the same document.
 */
import { createHash } from 'node:crypto';
import { OcxError } from '../../core/kernel/errors.ts';

export interface Section {
  readonly name: string;
  readonly virtualSize: number;
  readonly virtualAddress: number;
  readonly rawSize: number;
  readonly rawOffset: number;
}

/** Where in the file the fields stand that are read or changed here. */
interface Layout {
  readonly header: number;
  readonly optional: number;
  readonly table: number;
  readonly sections: readonly Section[];
  readonly sectionAlignment: number;
  readonly fileAlignment: number;
  readonly headerBytes: number;
  /** Of the directory entry that points to signatures. */
  readonly signatureEntry: number;
}

const PE32_PLUS = 0x20b;
const FILE_HEADER_BYTES = 24;
const SECTION_HEADER_BYTES = 40;
const CHECKSUM_OFFSET = 64;
const SIGNATURE_ENTRY_OFFSET = 112 + 4 * 8;
const SIGNATURE_ENTRY_BYTES = 8;
const MOST_SECTIONS = 96;
/** Initialised data that can be read. */
const DATA = 0x4000_0040;

/** @throws INPUT_NOT_UEFI_PROGRAM */
export function sectionsOf(program: Buffer): readonly Section[] {
  return layoutOf(program).sections;
}

/** A section's bytes; null where there is none of that name. */
export function sectionData(program: Buffer, name: string): Buffer | null {
  const section = sectionsOf(program).find((found) => found.name === name);
  if (!section) return null;
  const size = Math.min(section.virtualSize, section.rawSize);
  return program.subarray(section.rawOffset, section.rawOffset + size);
}

/**
 * The program with these sections behind its own, without symbols. The same input gives the same
 * bytes.
 * @throws INPUT_NOT_UEFI_PROGRAM
 */
export function withSections(
  program: Buffer,
  added: readonly { readonly name: string; readonly data: Uint8Array }[],
): Buffer {
  const layout = layoutOf(program);
  const { sections, fileAlignment, sectionAlignment, table, header, optional } = layout;
  const end = table + (sections.length + added.length) * SECTION_HEADER_BYTES;
  if (end > layout.headerBytes) throw notProgram('there is no room for more sections');
  const rawEnd = Math.max(...sections.map(({ rawOffset, rawSize }) => rawOffset + rawSize));
  const own = Buffer.alloc(align(rawEnd, fileAlignment));
  program.copy(own, 0, 0, rawEnd);
  const parts: Buffer[] = [own];
  let rawOffset = own.length;
  let virtualAddress = Math.max(...sections.map((one) => one.virtualAddress + one.virtualSize));
  for (const [index, { name, data }] of added.entries()) {
    virtualAddress = align(virtualAddress, Math.max(sectionAlignment, PAGE_BYTES));
    const padded = Buffer.alloc(align(data.length, fileAlignment));
    padded.set(data);
    parts.push(padded);
    const place = table + (sections.length + index) * SECTION_HEADER_BYTES;
    own.write(name, place, 8, 'latin1');
    own.writeUInt32LE(data.length, place + 8);
    own.writeUInt32LE(virtualAddress, place + 12);
    own.writeUInt32LE(padded.length, place + 16);
    own.writeUInt32LE(rawOffset, place + 20);
    own.writeUInt32LE(DATA, place + 36);
    rawOffset += padded.length;
    virtualAddress += data.length;
  }
  own.writeUInt16LE(sections.length + added.length, header + 6);
  own.writeBigUInt64LE(0n, header + 12); // symbols: where, how many
  own.writeUInt32LE(align(virtualAddress, sectionAlignment), optional + 56);
  own.writeUInt32LE(0, optional + CHECKSUM_OFFSET);
  return Buffer.concat(parts);
}

const PAGE_BYTES = 4096;

/** SHA-256 over what firmware measures: all but the checksum and signatures, in hex. */
export function imageDigest(program: Buffer): string {
  const { optional, headerBytes, sections, signatureEntry } = layoutOf(program);
  const checksum = optional + CHECKSUM_OFFSET;
  const hash = createHash('sha256');
  hash.update(program.subarray(0, checksum));
  hash.update(program.subarray(checksum + 4, signatureEntry));
  hash.update(program.subarray(signatureEntry + SIGNATURE_ENTRY_BYTES, headerBytes));
  let hashed = headerBytes;
  const filled = sections.filter(({ rawSize }) => rawSize > 0);
  for (const { rawOffset, rawSize } of filled.toSorted((a, b) => a.rawOffset - b.rawOffset)) {
    hash.update(program.subarray(rawOffset, rawOffset + rawSize));
    hashed += rawSize;
  }
  const signatureBytes = program.readUInt32LE(signatureEntry + 4);
  const rest = program.length - signatureBytes;
  if (rest > hashed) hash.update(program.subarray(hashed, rest));
  return hash.digest('hex');
}

function layoutOf(program: Buffer): Layout {
  if (program.length < 0x40 || program.toString('latin1', 0, 2) !== 'MZ') throw notProgram();
  const header = program.readUInt32LE(0x3c);
  const optional = header + FILE_HEADER_BYTES;
  if (optional + SIGNATURE_ENTRY_OFFSET + SIGNATURE_ENTRY_BYTES > program.length) {
    throw notProgram();
  }
  if (program.toString('latin1', header, header + 4) !== 'PE\0\0') throw notProgram();
  if (program.readUInt16LE(optional) !== PE32_PLUS) throw notProgram('it is not PE32+');
  const count = program.readUInt16LE(header + 6);
  const table = optional + program.readUInt16LE(header + 20);
  const headerBytes = program.readUInt32LE(optional + 60);
  if (count < 1 || count > MOST_SECTIONS || headerBytes > program.length) throw notProgram();
  if (table + count * SECTION_HEADER_BYTES > headerBytes) throw notProgram();
  const sections = Array.from({ length: count }, (_, index) =>
    sectionAt(program, table + index * SECTION_HEADER_BYTES),
  );
  const [sectionAlignment, fileAlignment] = [32, 36].map((at) =>
    program.readUInt32LE(optional + at),
  );
  if (!isPowerOfTwo(sectionAlignment!) || !isPowerOfTwo(fileAlignment!)) throw notProgram();
  return {
    ...{ header, optional, table, sections, headerBytes },
    sectionAlignment: sectionAlignment!,
    fileAlignment: fileAlignment!,
    signatureEntry: optional + SIGNATURE_ENTRY_OFFSET,
  };
}

function sectionAt(program: Buffer, place: number): Section {
  const section = {
    name: program.toString('latin1', place, place + 8).replace(/\0+$/, ''),
    virtualSize: program.readUInt32LE(place + 8),
    virtualAddress: program.readUInt32LE(place + 12),
    rawSize: program.readUInt32LE(place + 16),
    rawOffset: program.readUInt32LE(place + 20),
  };
  if (section.rawOffset + section.rawSize > program.length) throw notProgram('it is cut off');
  return section;
}

const isPowerOfTwo = (value: number) => value > 0 && (value & (value - 1)) === 0;

function align(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function notProgram(why = 'its header is another'): OcxError {
  return new OcxError({
    code: 'INPUT_NOT_UEFI_PROGRAM',
    message: `this is no program for UEFI on amd64: ${why}`,
    remedy: 'check which file this is',
  });
}
