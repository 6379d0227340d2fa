/**
 * Running jobs by estimated end: what a scheduler may know of the future. Entries stand in
 * ascending (estimated end, order of starting).
 */
import { invariant } from '../../../core/kernel/errors.ts';

const INITIAL_CAPACITY = 64;

export class RunningJobs {
  length = 0;
  estimatedEnds = new Float64Array(INITIAL_CAPACITY);
  jobs = new Int32Array(INITIAL_CAPACITY);
  sizes = new Int32Array(INITIAL_CAPACITY);

  insert(job: number, size: number, estimatedEnd: number): void {
    if (this.length === this.jobs.length) this.#grow();
    let place = this.length;
    if (place > 0 && this.estimatedEnds[place - 1]! > estimatedEnd) {
      place = this.#firstAfter(estimatedEnd);
      this.estimatedEnds.copyWithin(place + 1, place, this.length);
      this.jobs.copyWithin(place + 1, place, this.length);
      this.sizes.copyWithin(place + 1, place, this.length);
    }
    this.estimatedEnds[place] = estimatedEnd;
    this.jobs[place] = job;
    this.sizes[place] = size;
    this.length += 1;
  }

  /** Takes a job out. @throws OcxError INVARIANT_VIOLATED when it is not there */
  remove(job: number, estimatedEnd: number): void {
    let place = this.#firstAfter(estimatedEnd) - 1;
    while (place >= 0 && this.jobs[place] !== job) place -= 1;
    invariant(place >= 0, `job ${job} does not run`);
    this.removeRange(place, place + 1);
  }

  /** Takes out the entries [from, end). */
  removeRange(from: number, end: number): void {
    this.estimatedEnds.copyWithin(from, end, this.length);
    this.jobs.copyWithin(from, end, this.length);
    this.sizes.copyWithin(from, end, this.length);
    this.length -= end - from;
  }

  #firstAfter(estimatedEnd: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.estimatedEnds[middle]! <= estimatedEnd) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const capacity = this.jobs.length * 2;
    const ends = new Float64Array(capacity);
    ends.set(this.estimatedEnds);
    this.estimatedEnds = ends;
    const jobs = new Int32Array(capacity);
    jobs.set(this.jobs);
    this.jobs = jobs;
    const sizes = new Int32Array(capacity);
    sizes.set(this.sizes);
    this.sizes = sizes;
  }
}
