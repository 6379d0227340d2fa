/**
 * Parsed traces of this process: replications read the same files again and again. A file that
 * changed in the meantime is read anew.
 */
import { statSync } from 'node:fs';

const MAXIMUM_ENTRIES = 32;
/** No file system that a trace lies on has coarser time stamps; FAT has 2 s. */
const TIME_STAMP_TICK_MS = 2_000;
const entries = new Map<string, unknown>();

/**
 * What `make` makes of the file, once per file, state of the file and `variant` (everything else
 * the result depends on). The result is shared: never change it.
 */
export function cachedByFile<Value>(path: string, variant: string, make: () => Value): Value {
  const state = statSync(path, { throwIfNoEntry: false });
  // What cannot be looked at is for `make` to report.
  if (state === undefined) return make();
  // A file that was only just written may change again within one tick of its time stamp.
  if (Date.now() - state.mtimeMs < TIME_STAMP_TICK_MS) return make();
  const key = JSON.stringify([path, state.ino, state.size, state.mtimeMs, variant]);
  return cached(key, make);
}

/** What `make` makes, once per key, the least recently used ones forgotten. */
export function cached<Value>(key: string, make: () => Value): Value {
  const known = entries.get(key) as Value | undefined;
  const value = known === undefined ? make() : known;
  entries.delete(key);
  entries.set(key, value);
  if (entries.size > MAXIMUM_ENTRIES) entries.delete(entries.keys().next().value!);
  return value;
}
