/**
 * Logs of measurements as firmware writes them, made here: a TPM of software has no firmware. The
 * events are those of a UEFI machine that boots a unified kernel image, shortened.
 */
import { createHash } from 'node:crypto';

export interface MadeEvent {
  readonly pcr: number;
  readonly type: number;
  readonly data: Buffer;
  /** Hex. */
  readonly digests: { readonly sha256: string; readonly sha384: string };
}

export const NO_ACTION = 0x3;
const SEPARATOR = 0x4;
const ACTION = 0x5;
const CRTM_VERSION = 0x8;
const IPL = 0xd;
const FIRMWARE_BLOB = 0x8000_000a;
const ZERO_SEPARATOR = Buffer.alloc(4);

/** An event with the digests of what was measured. */
export function madeEvent(pcr: number, type: number, data: Buffer, measured = data): MadeEvent {
  const hex = (hash: string) =>
    type === NO_ACTION
      ? '0'.repeat(hash === 'sha256' ? 64 : 96)
      : createHash(hash).update(measured).digest('hex');
  return { pcr, type, data, digests: { sha256: hex('sha256'), sha384: hex('sha384') } };
}

/** What a good node of one profile measures; `node` goes into PCR 1. */
export function profileEvents(node = 'aa:bb', kernel = 'kernel 6.1'): MadeEvent[] {
  const text = (words: string) => Buffer.from(words, 'latin1');
  const blob = Buffer.alloc(16);
  blob.writeBigUInt64LE(0x82_0000n, 0);
  blob.writeBigUInt64LE(0xe_0000n, 8);
  return [
    madeEvent(0, CRTM_VERSION, Buffer.from('1.0\0', 'utf16le')),
    madeEvent(0, FIRMWARE_BLOB, blob, text('the firmware volume')),
    madeEvent(1, ACTION, text(`boot entry of ${node}`)),
    madeEvent(2, ACTION, text('option ROM')),
    madeEvent(4, ACTION, text('Calling EFI Application from Boot Option')),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((pcr) => madeEvent(pcr, SEPARATOR, ZERO_SEPARATOR)),
    madeEvent(4, ACTION, text(kernel)),
    madeEvent(9, IPL, text('initrd')),
    madeEvent(11, IPL, text('.linux\0'), text(kernel)),
    madeEvent(5, ACTION, text('Exit Boot Services Invocation')),
  ];
}

/** The log's bytes, crypto-agile, with digests of both banks. */
export function logBytes(events: readonly MadeEvent[], banks = ['sha256', 'sha384']): Buffer {
  return Buffer.concat([specId(banks), ...events.map((event) => eventBytes(event, banks))]);
}

const NUMBERS: Readonly<Record<string, number>> = { sha256: 0xb, sha384: 0xc };

function specId(banks: readonly string[]): Buffer {
  const sizes = banks.flatMap((bank) => [u16(NUMBERS[bank]!), u16(bank === 'sha256' ? 32 : 48)]);
  const head = [Buffer.from('Spec ID Event03\0', 'latin1'), u32(0), Buffer.from([0, 2, 0, 2])];
  const body = Buffer.concat([...head, u32(banks.length), ...sizes, Buffer.from([0])]);
  return Buffer.concat([u32(0), u32(NO_ACTION), Buffer.alloc(20), u32(body.length), body]);
}

function eventBytes({ pcr, type, data, digests }: MadeEvent, banks: readonly string[]): Buffer {
  const listed = banks.flatMap((bank) => [
    u16(NUMBERS[bank]!),
    Buffer.from(bank === 'sha256' ? digests.sha256 : digests.sha384, 'hex'),
  ]);
  return Buffer.concat([u32(pcr), u32(type), u32(banks.length), ...listed, u32(data.length), data]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The kernel's log of files (IMA, ima-ng); what `violated` names was changed while it was read. */
export function runtimeBytes(names: readonly string[], violated?: string): Buffer {
  const entries = names.map((name) => {
    const digest = createHash('sha256').update(`what is in ${name}`).digest();
    const hashed = Buffer.concat([Buffer.from('sha256:\0', 'latin1'), digest]);
    const data = Buffer.concat([long(hashed), long(Buffer.from(`${name}\0`, 'latin1'))]);
    const none = Buffer.alloc(20);
    const by = name === violated ? none : createHash('sha1').update(data).digest();
    return Buffer.concat([u32(10), by, long(Buffer.from('ima-ng', 'latin1')), long(data)]);
  });
  return Buffer.concat(entries);
}

function long(bytes: Buffer): Buffer {
  return Buffer.concat([u32(bytes.length), bytes]);
}
