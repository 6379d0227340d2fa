/**
 * Reading structures out of bytes that a node sent. A read past the end gives zeros and marks the
 * reader as failed, so that a parser is straight code that cannot throw and asks once at its end.
 */

/** A cursor over foreign bytes; big-endian as TPMs write, little-endian as firmware does. */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** True where everything was read and nothing beyond. */
  get isWholeAndDone(): boolean {
    return !this.#failed && this.#offset === this.#bytes.length;
  }

  get isAtEnd(): boolean {
    return this.#failed || this.#offset === this.#bytes.length;
  }

  /** What was read is not what it should be. */
  fail(): void {
    this.#failed = true;
  }

  u8(): number {
    return this.#advance(1) ? this.#bytes.readUInt8(this.#offset - 1) : 0;
  }

  u16(): number {
    return this.#advance(2) ? this.#bytes.readUInt16BE(this.#offset - 2) : 0;
  }

  u32(): number {
    return this.#advance(4) ? this.#bytes.readUInt32BE(this.#offset - 4) : 0;
  }

  u64(): bigint {
    return this.#advance(8) ? this.#bytes.readBigUInt64BE(this.#offset - 8) : 0n;
  }

  u16Little(): number {
    return this.#advance(2) ? this.#bytes.readUInt16LE(this.#offset - 2) : 0;
  }

  u32Little(): number {
    return this.#advance(4) ? this.#bytes.readUInt32LE(this.#offset - 4) : 0;
  }

  /** The next `length` bytes, not copied; none where there are fewer. */
  take(length: number): Buffer {
    if (!this.#advance(length)) return Buffer.alloc(0);
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  /** A TPM2B: 16 bits of length, then so many bytes, at most `most`. */
  sized(most: number): Buffer {
    const length = this.u16();
    if (length > most) this.#failed = true;
    return this.take(length);
  }

  #advance(length: number): boolean {
    if (this.#failed || length > this.#bytes.length - this.#offset) {
      this.#failed = true;
      return false;
    }
    this.#offset += length;
    return true;
  }
}

/** A TPM2B of these bytes. */
export function sizedBytes(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The bytes with zeros in front, `length` of them in all; TPMs leave leading zeros out. */
export function padded(bytes: Uint8Array, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, length - bytes.length)), bytes]);
}
