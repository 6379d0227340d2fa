/**
 * Jobs for benchmarks, as many as are wanted, the same ones each time: sizes and run times spread
 * evenly over their magnitudes, as those of production logs roughly are; estimates one to five times
 * too long, in whole minutes; submissions at random.
 */
import { emptyJobTable } from '../core/demand/jobs.ts';
import type { JobTable } from '../core/demand/jobs.ts';

export interface JobMix {
  readonly processors: number;
  /** Work submitted, in what the machine can do. */
  readonly load: number;
  /** Processors of the largest job. */
  readonly largest: number;
}

const SHORTEST_SECONDS = 10;
const LONGEST_SECONDS = 86_400;
const MOST_OVERESTIMATION = 5;
const USERS = 500;

export class GeneratedJobs {
  readonly #mix: JobMix;
  readonly #gapSeconds: number;
  #state = 3;
  #submit = 0;
  #count = 0;

  constructor(mix: JobMix) {
    this.#mix = mix;
    // The mean of x spread so over [a, b] is (b − a) / ln(b / a).
    const meanSize = mix.largest / Math.log(mix.largest + 1) - 0.5;
    const spread = Math.log(LONGEST_SECONDS / SHORTEST_SECONDS);
    const meanRun = (LONGEST_SECONDS - SHORTEST_SECONDS) / spread;
    this.#gapSeconds = (meanSize * meanRun) / (mix.processors * mix.load);
  }

  /** Fills a table with the next jobs. */
  fill(jobs: JobTable): void {
    const { largest } = this.#mix;
    for (let row = 0; row < jobs.count; row++) {
      this.#submit -= Math.log(this.#uniform()) * this.#gapSeconds;
      const run = Math.floor(spreadOver(SHORTEST_SECONDS, LONGEST_SECONDS, this.#uniform()));
      const factor = 1 + (MOST_OVERESTIMATION - 1) * this.#uniform();
      jobs.jobNumber[row] = ++this.#count;
      jobs.submitSeconds[row] = Math.floor(this.#submit);
      jobs.runSeconds[row] = run;
      jobs.estimateSeconds[row] = 60 * Math.ceil((run * factor) / 60);
      jobs.processors[row] = Math.floor(spreadOver(1, largest + 1, this.#uniform()));
      jobs.user[row] = Math.floor(this.#uniform() * USERS);
    }
  }

  #uniform(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state + 0.5) / 4_294_967_296;
  }
}

export function generatedJobs(count: number, mix: JobMix): JobTable {
  const jobs = emptyJobTable(count);
  new GeneratedJobs(mix).fill(jobs);
  return jobs;
}

function spreadOver(from: number, to: number, share: number): number {
  return from * Math.exp(share * Math.log(to / from));
}
