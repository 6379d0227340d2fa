/**
 * A thread that unpacks a file piece by piece into shared memory, run by `unpacked-stream.ts`, which
 * takes the pieces out while more are made: packed text of any length needs the memory of a few.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { workerData } from 'node:worker_threads';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import packageOfXz from 'xz-decompress';
import { ENDED, FAILED, FULL, SLOT_BYTES, SLOTS, type UnpackJob } from './unpack-slots.ts';

const { path, packing, size, control, data } = workerData as UnpackJob;
const states = new Int32Array(control, 0, SLOTS);
const lengths = new Int32Array(control, SLOTS * 4, SLOTS);
const bytes = new Uint8Array(data);
let slot = 0;

/** Puts something into the next slot, once it is empty. */
function put(state: number, piece: Uint8Array): void {
  Atomics.wait(states, slot, FULL);
  bytes.set(piece, slot * SLOT_BYTES);
  lengths[slot] = piece.length;
  Atomics.store(states, slot, state);
  Atomics.notify(states, slot);
  slot = (slot + 1) % SLOTS;
}

function putAll(chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; at += SLOT_BYTES)
    put(FULL, chunk.subarray(at, at + SLOT_BYTES));
}

/** Unpacks from a position on; answers how many packed bytes that took. */
async function unpackFrom(start: number): Promise<number> {
  const file = createReadStream(path, { start, highWaterMark: 1 << 18 });
  if (packing === 'xz') {
    const unpacked = new packageOfXz.XzReadableStream(Readable.toWeb(file) as never);
    for await (const chunk of unpacked as unknown as AsyncIterable<Uint8Array>) putAll(chunk);
    return size - start;
  }
  const options = { chunkSize: 1 << 18 };
  const engine = packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const failed = new Promise<never>((_, reject) => engine.once('error', reject));
  // Handled where it is waited for; between two waits nobody would.
  failed.catch(() => undefined);
  engine.on('data', putAll);
  let fed = 0;
  for await (const chunk of file) {
    fed += (chunk as Buffer).length;
    const taken = new Promise<void>((resolve) => engine.write(chunk, () => resolve()));
    await Promise.race([taken, failed]);
    // What it leaves stands behind the end of a frame.
    if (engine.bytesWritten < fed) break;
  }
  const used = engine.bytesWritten;
  if (used === fed) {
    engine.end();
    await Promise.race([once(engine, 'end'), failed]);
  }
  engine.destroy();
  return used;
}

/** Length of a frame of zstd that holds no data, as parallel packers write them; 0 for another. */
async function skippableAt(start: number): Promise<number> {
  const file = createReadStream(path, { start, end: start + 7 });
  const head = Buffer.concat(await file.toArray());
  if (head.length < 8 || (head.readUInt32LE(0) & 0xfffffff0) !== 0x184d2a50) return 0;
  return 8 + head.readUInt32LE(4);
}

/** Whether nothing but zeros stands from a position on, as tapes pad their files. */
async function onlyZerosFrom(start: number): Promise<boolean> {
  for await (const chunk of createReadStream(path, { start })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) return false;
  }
  return true;
}

async function run(): Promise<void> {
  let at = 0;
  while (at < size) {
    if (packing === 'zstd') {
      const skip = await skippableAt(at);
      at += skip;
      if (skip > 0) continue;
    }
    const used = await unpackFrom(at);
    if (packing === 'gzip' && !(await onlyZerosFrom(at + used))) throw coded('BEHIND');
    at = packing === 'gzip' ? size : at + Math.max(1, used);
  }
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** As `xz-process.ts` reads it: 8 is XZ_BUF_ERROR. */
function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  const xz = /error code (\d+)/.exec(message)?.[1];
  return xz === '8' ? 'Z_BUF_ERROR' : `xz ${xz ?? 'unknown'}`;
}

process.on('uncaughtException', (error) => put(FAILED, new TextEncoder().encode(codeOf(error))));
try {
  await run();
  put(ENDED, new Uint8Array(0));
} catch (error) {
  put(FAILED, new TextEncoder().encode(codeOf(error)));
}
