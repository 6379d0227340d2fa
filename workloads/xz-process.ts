/**
 * A process that unpacks xz from standard input to standard output, run by `xz.ts`. Exit codes: 0
 * done, else the decoder's own (7 damaged, 8 ended too early or something stands behind).
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import packageOfXz from 'xz-decompress';

/** How the package says what its decoder, XZ Embedded, has answered (enum xz_ret). */
const DECODER_CODE = /error code (\d+)/;
const UNKNOWN = 1;

try {
  const packed = Readable.toWeb(process.stdin) as never;
  const unpacked = new packageOfXz.XzReadableStream(packed);
  await pipeline(Readable.fromWeb(unpacked as never), process.stdout);
} catch (error) {
  const code = DECODER_CODE.exec(error instanceof Error ? error.message : '')?.[1];
  process.exitCode = Number(code ?? UNKNOWN);
}
