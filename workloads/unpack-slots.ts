/** The memory that a thread which unpacks shares with whoever reads: some slots in a ring. */

export const SLOTS = 4;
export const SLOT_BYTES = 1 << 20;

/** States of a slot. */
export const EMPTY = 0;
export const FULL = 1;
export const ENDED = 2;
export const FAILED = 3;

export interface UnpackJob {
  readonly path: string;
  readonly packing: 'gzip' | 'zstd' | 'xz';
  /** Of the packed file, bytes. */
  readonly size: number;
  /** States of the slots, then how many bytes are in each, 32 bits each. */
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}
