/**
 * Platform configuration registers: which of them a quote is over (TPML_PCR_SELECTION), and
 * whether the values that came with it are the ones that were signed.
 */
import { createHash } from 'node:crypto';
import { digestBytes, hashOf } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import type { ByteReader } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';

/** PCRs 0–23, of a TPM for a server or a PC. */
export const PCR_COUNT = 24;
/** More banks than a TPM can have. */
const MOST_SELECTIONS = 16;
const MOST_BITMAP_BYTES = 4;

/** Of one bank. */
export interface PcrSelection {
  readonly algorithm: number;
  /** Ascending. */
  readonly indexes: readonly number[];
}

/** PCR index → value, of one bank. */
export type PcrValues = ReadonlyMap<number, Buffer>;

/** Marks the reader as failed where the list is none. */
export function readSelections(reader: ByteReader): PcrSelection[] {
  const count = reader.u32();
  if (count > MOST_SELECTIONS) reader.fail();
  const selections: PcrSelection[] = [];
  for (let place = 0; place < count && !reader.failed; place += 1) {
    const algorithm = reader.u16();
    const length = reader.u8();
    if (length > MOST_BITMAP_BYTES) reader.fail();
    const bitmap = reader.take(length);
    const indexes: number[] = [];
    for (let index = 0; index < bitmap.length * 8; index += 1) {
      if ((bitmap[index >> 3]! >> (index & 7)) & 1) indexes.push(index);
    }
    selections.push({ algorithm, indexes });
  }
  return selections;
}

/**
 * The bank that a quote is over. It must be one bank, and hold every PCR of `needed`: a node that
 * leaves one out says nothing about it.
 */
export function selectedBank(
  selections: readonly PcrSelection[],
  needed: readonly number[],
): Found<{ readonly bank: HashName; readonly indexes: readonly number[] }> {
  const filled = selections.filter(({ indexes }) => indexes.length > 0);
  const [selection] = filled;
  if (filled.length !== 1 || selection === undefined) {
    return wrong('ATTEST_PCR_SELECTION', 'the quote is not over one bank of PCRs');
  }
  const bank = hashOf(selection.algorithm);
  if (bank === undefined) {
    return wrong('ATTEST_PCR_SELECTION', 'the quote is over a bank that is not to rest on');
  }
  const missing = needed.filter((index) => !selection.indexes.includes(index));
  if (missing.length > 0) {
    return wrong('ATTEST_PCR_SELECTION', `the quote leaves out PCR ${missing.join(', ')}`);
  }
  return found({ bank, indexes: selection.indexes });
}

/**
 * Whether the values hash to the signed digest, in ascending order of the PCRs. The digest is by
 * the hash of the signature, which need not be that of the bank.
 */
export function isPcrDigest(
  digest: Buffer,
  hash: HashName,
  bank: HashName,
  indexes: readonly number[],
  values: PcrValues,
): boolean {
  const hasher = createHash(hash);
  for (const index of indexes) {
    const value = values.get(index);
    if (value === undefined || value.length !== digestBytes(bank)) return false;
    hasher.update(value);
  }
  return hasher.digest().equals(digest);
}
