/**
 * What a TPM signs when it is asked for a quote: TPMS_ATTEST with a TPMS_QUOTE_INFO in it (TPM 2.0
 * Library, Part 2, 10.12). Any bytes give a value or a finding.
 */
import { ByteReader } from './bytes.ts';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import { readSelections } from './pcrs.ts';
import type { PcrSelection } from './pcrs.ts';

/** "\xffTCG": only a TPM may sign bytes that begin so with a restricted key. */
const MAGIC = 0xff544347;
const ATTEST_QUOTE = 0x8018;
const MOST_BYTES = 1024;
/** An algorithm's number and the longest digest. */
const MOST_NAME_BYTES = 66;

/** A quote as it stands in the signed bytes. */
export interface QuoteInfo {
  /** Qualified name of the key that signed. */
  readonly qualifiedSigner: Buffer;
  /** The nonce. */
  readonly extraData: Buffer;
  readonly clock: bigint;
  /** TPM resets since it was made: one for each time the power was off. */
  readonly resetCount: number;
  /** Resumes and restarts since the last reset. */
  readonly restartCount: number;
  /** False: the clock may have gone back after a power loss. */
  readonly clockIsSafe: boolean;
  readonly firmwareVersion: bigint;
  readonly selections: readonly PcrSelection[];
  readonly pcrDigest: Buffer;
}

export function parseQuote(bytes: Uint8Array): Found<QuoteInfo> {
  if (bytes.length > MOST_BYTES) return malformed('it is too long');
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC) return malformed('it does not begin as what a TPM signs');
  if (reader.u16() !== ATTEST_QUOTE) return malformed('it attests something else');
  const qualifiedSigner = reader.sized(MOST_NAME_BYTES);
  const extraData = reader.sized(MOST_NAME_BYTES);
  const clock = reader.u64();
  const resetCount = reader.u32();
  const restartCount = reader.u32();
  const safe = reader.u8();
  if (safe > 1) reader.fail();
  const firmwareVersion = reader.u64();
  const selections = readSelections(reader);
  const pcrDigest = reader.sized(MOST_NAME_BYTES);
  if (!reader.isWholeAndDone) return malformed('it is cut off, or has bytes beyond its end');
  return found({
    qualifiedSigner,
    extraData,
    clock,
    resetCount,
    restartCount,
    clockIsSafe: safe === 1,
    firmwareVersion,
    selections,
    pcrDigest,
  });
}

function malformed(why: string): Found<never> {
  return wrong('ATTEST_MALFORMED', `what was signed is no quote: ${why}`);
}
