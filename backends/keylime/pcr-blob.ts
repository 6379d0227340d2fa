/**
 * The PCR values in a quote of a Keylime agent: structures of a TPM library as they lie in memory,
 * little-endian, with the room for what is not there. Any bytes give values or null.
 *
 * Source: Keylime's documentation of its REST API, "Quote format", and tpm2-tss
 * (TPML_PCR_SELECTION, TPML_DIGEST).
 */
import { digestBytesOf, hashOf, type HashName } from '../tpm/algorithms.ts';
import type { PcrValues } from '../tpm/pcrs.ts';

const SELECTIONS = 16;
/** Hash (2 bytes), length (1), bitmap (4), filling (1). */
const SELECTION_BYTES = 8;
const BITMAP_BYTES = 3;
const LISTS_MAXIMUM = 3;
const DIGESTS_A_LIST = 8;
/** Length (2 bytes) and room for a SHA-512. */
const DIGEST_BYTES = 2 + 64;
const LIST_BYTES = 4 + DIGESTS_A_LIST * DIGEST_BYTES;
const HEAD_BYTES = 4 + SELECTIONS * SELECTION_BYTES;

/** The values of the one bank that is selected; null where there is not one, or it is no such blob. */
export function readPcrBlob(blob: Buffer): PcrValues | null {
  if (blob.length < HEAD_BYTES + 4) return null;
  const banks = readSelections(blob);
  if (banks === null || banks.length !== 1) return null;
  const [{ bank, indexes }] = banks as [Bank];
  const lists = blob.readUInt32LE(HEAD_BYTES);
  if (lists > LISTS_MAXIMUM || blob.length !== HEAD_BYTES + 4 + lists * LIST_BYTES) return null;
  const digests = readDigests(blob, lists);
  if (digests === null || digests.length !== indexes.length) return null;
  if (digests.some((digest) => digest.length !== digestBytesOf(NUMBER[bank]))) return null;
  return new Map(indexes.map((index, place) => [index, digests[place]!]));
}

interface Bank {
  readonly bank: HashName;
  readonly indexes: readonly number[];
}

const NUMBER: Readonly<Record<HashName, number>> = { sha256: 0x0b, sha384: 0x0c };

function readSelections(blob: Buffer): Bank[] | null {
  const count = blob.readUInt32LE(0);
  if (count > SELECTIONS) return null;
  const banks: Bank[] = [];
  for (let place = 0; place < count; place++) {
    const at = 4 + place * SELECTION_BYTES;
    const bitmap = blob.readUIntLE(at + 3, BITMAP_BYTES);
    if (bitmap === 0) continue;
    const bank = hashOf(blob.readUInt16LE(at));
    if (bank === undefined || blob[at + 2] !== BITMAP_BYTES) return null;
    const all = Array.from({ length: 8 * BITMAP_BYTES }, (_, index) => index);
    banks.push({ bank, indexes: all.filter((index) => (bitmap >> index) & 1) });
  }
  return banks;
}

function readDigests(blob: Buffer, lists: number): Buffer[] | null {
  const digests: Buffer[] = [];
  for (let list = 0; list < lists; list++) {
    const start = HEAD_BYTES + 4 + list * LIST_BYTES;
    const count = blob.readUInt32LE(start);
    if (count > DIGESTS_A_LIST) return null;
    for (let place = 0; place < count; place++) {
      const at = start + 4 + place * DIGEST_BYTES;
      const length = blob.readUInt16LE(at);
      if (length > DIGEST_BYTES - 2) return null;
      digests.push(blob.subarray(at + 2, at + 2 + length));
    }
  }
  return digests;
}
