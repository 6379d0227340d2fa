/**
 * The kernel's log of the files that ran or were read (IMA, binary_runtime_measurements, template
 * ima-ng): what it replays to is PCR 10. Any bytes give a value or a finding.
 *
 * Each bank is extended with the template's digest by its own hash, as kernels from 5.8 on do; the
 * log holds the one by SHA-1 only, which is not looked at.
 */
import { createHash } from 'node:crypto';
import { MAX_RUNTIME_DIGESTS } from '../../core/attester/verification.ts';
import { digestBytes } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import { ByteReader } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';

/** Where IMA measures to. */
export const RUNTIME_PCR = 10;
export const MOST_RUNTIME_LOG_BYTES = 4 * 1024 * 1024;

const SHA1_BYTES = 20;
const MOST_NAME_BYTES = 64;
const MOST_TEMPLATE_BYTES = 8_192;
const TEMPLATE = 'ima-ng';
/** The kernel's own first entry, over the PCRs of firmware; no file has a name without a slash. */
const BOOT_AGGREGATE = 'boot_aggregate';

/** A log, read. */
export interface RuntimeLog {
  /** Template data in order; null: a violation (a file changed while it was measured). */
  readonly entries: readonly (Buffer | null)[];
  /** `algorithm:hex` of each file, without the kernel's own entry; violations among them. */
  readonly fileDigests: readonly string[];
}

export function parseRuntimeLog(bytes: Uint8Array): Found<RuntimeLog> {
  if (bytes.length > MOST_RUNTIME_LOG_BYTES) return malformed('it is too long');
  const reader = new ByteReader(bytes);
  const entries: (Buffer | null)[] = [];
  const fileDigests: string[] = [];
  while (!reader.isAtEnd) {
    if (entries.length === MAX_RUNTIME_DIGESTS) return malformed('it has too many entries');
    if (reader.u32Little() !== RUNTIME_PCR) reader.fail();
    const isViolation = reader.take(SHA1_BYTES).every((byte) => byte === 0);
    const template = readLong(reader, MOST_NAME_BYTES);
    if (template.toString('latin1') !== TEMPLATE) return malformed('it is of another template');
    const data = readLong(reader, MOST_TEMPLATE_BYTES);
    const file = readFile(data);
    if (reader.failed || file === null) break;
    const isKernels = entries.length === 0 && file.name === BOOT_AGGREGATE && !isViolation;
    entries.push(isViolation ? null : data);
    if (isViolation) fileDigests.push('violation');
    else if (!isKernels) fileDigests.push(file.digest);
  }
  if (!reader.isWholeAndDone) return malformed(`entry ${entries.length} is out of form`);
  return found({ entries, fileDigests });
}

/** PCR 10 after all of it. */
export function replayRuntime({ entries }: RuntimeLog, bank: HashName): Buffer {
  const violation = Buffer.alloc(digestBytes(bank), 0xff);
  let value: Buffer = Buffer.alloc(digestBytes(bank));
  for (const entry of entries) {
    const digest = entry === null ? violation : createHash(bank).update(entry).digest();
    value = createHash(bank).update(value).update(digest).digest();
  }
  return value;
}

function readFile(data: Buffer): { readonly digest: string; readonly name: string } | null {
  const reader = new ByteReader(data);
  const digest = readLong(reader, MOST_TEMPLATE_BYTES);
  const name = readLong(reader, MOST_TEMPLATE_BYTES);
  // "sha256:", a zero, the digest.
  const zero = digest.indexOf(0);
  const algorithm = /^([a-z0-9-]{1,32}):$/.exec(digest.toString('latin1', 0, Math.max(0, zero)));
  if (!reader.isWholeAndDone || algorithm === null || name.at(-1) !== 0) return null;
  const hex = digest.subarray(zero + 1).toString('hex');
  return { digest: `${algorithm[1]}:${hex}`, name: name.toString('latin1', 0, name.length - 1) };
}

function readLong(reader: ByteReader, most: number): Buffer {
  const length = reader.u32Little();
  if (length > most) reader.fail();
  return reader.take(length);
}

function malformed(why: string): Found<never> {
  return wrong('ATTEST_MALFORMED', `that is no log of files that ran: ${why}`);
}
