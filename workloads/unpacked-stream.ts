/**
 * A packed file piece by piece, for readers that cannot wait: a thread unpacks into shared memory and
 * this one sleeps until there is something. Neither the file nor its text is ever held as a whole.
 */
import { Worker } from 'node:worker_threads';
import { EMPTY, ENDED, FAILED, FULL, SLOT_BYTES, SLOTS, type UnpackJob } from './unpack-slots.ts';

const WORKER = new URL(`./unpack-worker${import.meta.url.slice(-3)}`, import.meta.url);
/** A thread that says nothing for so long has died. */
const PATIENCE_MS = 120_000;

/**
 * The pieces; each is good until the next one is asked for.
 *
 * @throws an error with a code as those of node:zlib, or BEHIND where there is more than packed data
 */
export function* unpackedPieces(
  path: string,
  packing: UnpackJob['packing'],
  size: number,
): Generator<Uint8Array> {
  const control = new SharedArrayBuffer(SLOTS * 8);
  const data = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  const states = new Int32Array(control, 0, SLOTS);
  const lengths = new Int32Array(control, SLOTS * 4, SLOTS);
  const workerData: UnpackJob = { path, packing, size, control, data };
  const worker = new Worker(WORKER, {
    workerData,
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.unref();
  try {
    for (let slot = 0; ; slot = (slot + 1) % SLOTS) {
      if (Atomics.wait(states, slot, EMPTY, PATIENCE_MS) === 'timed-out') throw coded('DIED');
      const state = Atomics.load(states, slot);
      const piece = new Uint8Array(data, slot * SLOT_BYTES, lengths[slot]);
      if (state === ENDED) return;
      if (state === FAILED) throw coded(Buffer.from(piece).toString('utf8'));
      yield piece;
      if (state === FULL) Atomics.store(states, slot, EMPTY);
      Atomics.notify(states, slot);
    }
  } finally {
    void worker.terminate();
  }
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
