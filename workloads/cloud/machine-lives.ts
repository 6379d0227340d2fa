/** Lives of virtual machines: what is to be packed, in columns. */
import { SizeTable } from './node-class.ts';

/** Lives by row, in the order in which they were added. */
export class MachineLives {
  readonly sizes = new SizeTable();
  count = 0;
  startMs = new Float64Array(1_024);
  endMs = new Float64Array(1_024);
  /** Number of the size in `sizes`. */
  size = new Int32Array(1_024);

  /** A machine that lives over [startMs, endMs). */
  add(startMs: number, endMs: number, cores: number, memoryGb: number, gpus = 0): void {
    if (this.count === this.size.length) this.#grow();
    this.startMs[this.count] = startMs;
    this.endMs[this.count] = endMs;
    this.size[this.count] = this.sizes.of(cores, memoryGb, gpus);
    this.count += 1;
  }

  #grow(): void {
    const length = this.size.length * 2;
    const grown = new Float64Array(length);
    grown.set(this.startMs);
    this.startMs = grown;
    const ends = new Float64Array(length);
    ends.set(this.endMs);
    this.endMs = ends;
    const sizes = new Int32Array(length);
    sizes.set(this.size);
    this.size = sizes;
  }
}

/** Rows by time, rows of equal times as they stand. */
export function rowsByTime(times: Float64Array, count: number): Uint32Array {
  let least = Infinity;
  let most = -Infinity;
  let whole = true;
  for (let row = 0; row < count; row++) {
    const time = times[row]!;
    if (time < least) least = time;
    if (time > most) most = time;
    whole &&= Number.isInteger(time);
  }
  const rows = new Uint32Array(count);
  if (whole && (most - least + 1) * count <= Number.MAX_SAFE_INTEGER) {
    // Time and row in one number: sorting numbers needs no comparison in script.
    const keys = new Float64Array(count);
    for (let row = 0; row < count; row++) keys[row] = (times[row]! - least) * count + row;
    keys.sort();
    for (let at = 0; at < count; at++) rows[at] = keys[at]! % count;
    return rows;
  }
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows.sort((a, b) => times[a]! - times[b]! || a - b);
}
