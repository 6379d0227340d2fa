/** Machines and images that somebody has changed, each so that it still boots. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archive } from '../../../backends/boot-image/archive.ts';
import { assemble } from '../../../backends/boot-image/boot-image.ts';
import { sectionData } from '../../../backends/boot-image/portable-executable.ts';
import { Machine } from '../../../backends/rack/machine.ts';
import { nodeFolder } from '../../../backends/rack/plan.ts';
import type { Rack } from '../../../backends/rack/rack-file.ts';

/** What is changed → the PCRs that a boot then has other values of. */
export const CHANGED_PCRS = {
  kernel: ['4', '11'],
  initrd: ['4', '9', '11'],
  'command line': ['4', '9', '11'],
  firmware: ['0'],
} as const;

export type Part = keyof typeof CHANGED_PCRS;

/** The node's next boots are with that part changed, until `restore`. */
export function tamper(rack: Rack, nodeId: string, part: Part): void {
  if (part === 'firmware') {
    const [code] = new Machine(rack, nodeOf(rack, nodeId), rack.accelerator).firmwareFiles;
    writeFileSync(firmwareOf(rack, nodeId), patchFirmware(readFileSync(code!)));
    return;
  }
  const good = goodImage(rack);
  const [kernel, initrd] = ['.linux', '.initrd'].map((name) => sectionData(good, name)!);
  const commandLine = sectionData(good, '.cmdline')!.toString('latin1').replace(/\0.*$/s, '');
  const parts = { kernel: kernel!, initrd: initrd!, commandLine };
  const changed =
    part === 'kernel'
      ? { ...parts, kernel: otherKernel(parts.kernel) }
      : part === 'initrd'
        ? { ...parts, initrd: otherInitrd(parts.initrd) }
        : { ...parts, commandLine: `${commandLine} ocx.somebody` };
  writeFileSync(rack.bootImage, assemble(changed));
}

export function restore(rack: Rack, nodeId: string): void {
  rmSync(firmwareOf(rack, nodeId), { force: true });
  const kept = `${rack.bootImage}.good`;
  if (existsSync(kept)) writeFileSync(rack.bootImage, readFileSync(kept));
}

function goodImage(rack: Rack): Buffer {
  const kept = `${rack.bootImage}.good`;
  if (!existsSync(kept)) writeFileSync(kept, readFileSync(rack.bootImage));
  return readFileSync(kept);
}

function nodeOf(rack: Rack, nodeId: string) {
  return rack.nodes.find((node) => node.nodeId === nodeId)!;
}

function firmwareOf(rack: Rack, nodeId: string): string {
  return join(nodeFolder(rack, nodeId), 'firmware.fd');
}

/** A letter of the version that the kernel's header tells (Linux boot protocol, kernel_version). */
function otherKernel(kernel: Buffer): Buffer {
  const other = Buffer.from(kernel);
  const version = other.readUInt16LE(0x20e) + 0x200;
  other[version]! ^= 1;
  return other;
}

/** The kernel unpacks archives one after another. */
function otherInitrd(initrd: Buffer): Buffer {
  const data = Buffer.from('somebody was here\n');
  const more = archive(new Map([['etc/visitor', { kind: 'file', data, isProgram: false }]]));
  const gap = Buffer.alloc((4 - (initrd.length % 4)) % 4);
  return Buffer.concat([initrd, gap, more]);
}

/** EFI_GUIDED_SECTION's type for LZMA (EDK II, gLzmaCustomDecompressGuid). */
const LZMA_GUID = Buffer.from('98584eee143959429d6edc7bd79403cf', 'hex');
const GUID_DEFINED_SECTION = 2;
const [OLD_TEXT, NEW_TEXT] = ['Downloading', 'DOWNLOADING'].map((text) =>
  Buffer.from(text, 'utf16le'),
) as [Buffer, Buffer];

/** Firmware that says DOWNLOADING: its compressed volume is unpacked, changed and packed again. */
function patchFirmware(firmware: Buffer): Buffer {
  const guid = firmware.indexOf(LZMA_GUID);
  const start = sectionStart(firmware, guid);
  const isLong = firmware.readUIntLE(start, 3) === 0xff_ffff;
  const size = isLong ? firmware.readUInt32LE(start + 4) : firmware.readUIntLE(start, 3);
  const data = start + firmware.readUInt16LE(guid + 16);
  const packed = firmware.subarray(data, start + size);
  const volume = unpack(packed);
  const at = volume.indexOf(OLD_TEXT);
  if (at < 0) throw new Error('the firmware does not have the text that is changed');
  for (let place = at; place >= 0; place = volume.indexOf(OLD_TEXT, place)) {
    NEW_TEXT.copy(volume, place);
  }
  const again = pack(volume, packed);
  if (again.length > packed.length) throw new Error('the changed volume does not fit');
  const patched = Buffer.from(firmware);
  patched.fill(0, data, start + size);
  again.copy(patched, data);
  return patched;
}

function sectionStart(firmware: Buffer, guid: number): number {
  for (const header of [4, 8]) {
    const start = guid - header;
    const isLong = firmware.readUIntLE(start, 3) === 0xff_ffff;
    if (firmware[start + 3] === GUID_DEFINED_SECTION && isLong === (header === 8)) return start;
  }
  throw new Error('the firmware has no compressed volume');
}

const MOST_BYTES = 256 * 1024 * 1024;

function unpack(packed: Buffer): Buffer {
  // Behind its end there may be filling, which xz takes for garbage.
  const input = Buffer.from(packed);
  return execFileSync('xz', ['--format=lzma', '--decompress', '--stdout'], {
    input,
    maxBuffer: MOST_BYTES,
  });
}

function pack(volume: Buffer, before: Buffer): Buffer {
  const properties = before[0]!;
  const [lc, rest] = [properties % 9, Math.floor(properties / 9)];
  const options = `dict=${before.readUInt32LE(1)},lc=${lc},lp=${rest % 5},pb=${Math.floor(rest / 5)}`;
  const packed = execFileSync(
    'xz',
    ['--format=lzma', `--lzma1=${options},mode=normal,mf=bt4,nice=273,depth=1000`, '--stdout'],
    { input: volume, maxBuffer: MOST_BYTES },
  );
  // Firmware wants to know the length, which xz leaves open.
  packed.writeBigUInt64LE(BigInt(volume.length), 5);
  return packed;
}
