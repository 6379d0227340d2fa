/** Published schedules of two logs: Gaussier, Glesser, Reis & Trystram, SC'15 (predictsim). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { JobTable } from '../../core/demand/jobs.ts';
import { boundedSlowdown } from '../../sim/clusters/batch/replay-figures.ts';
import { replayJobs } from '../../sim/clusters/batch/replay.ts';
import { runSeconds } from '../../sim/clusters/batch/replay-machine.ts';
import { readSwf } from '../../workloads/formats/swf.ts';
import { grouped, markdownTable, type Section, type Skipped } from './section.ts';

export interface PublishedSchedule {
  readonly log: string;
  readonly processors: number;
  readonly scheduler: 'easy' | 'easy-sjbf';
  readonly clairvoyant: boolean;
  /** As published, to the last digit. */
  readonly meanWait: string;
  readonly meanSlowdown: string;
  /** Of the file of waits. */
  readonly column: number;
}

const schedule = (
  log: string,
  processors: number,
  scheduler: PublishedSchedule['scheduler'],
  clairvoyant: boolean,
  meanWait: string,
  meanSlowdown: string,
): PublishedSchedule => ({
  log,
  processors,
  scheduler,
  clairvoyant,
  meanWait,
  meanSlowdown,
  column: scheduler === 'easy-sjbf' ? 3 : clairvoyant ? 2 : 1,
});

export const PUBLISHED_SCHEDULES: readonly PublishedSchedule[] = [
  schedule('KTH-SP2', 100, 'easy', false, '6836.872090', '92.57653973'),
  schedule('KTH-SP2', 100, 'easy', true, '6327.681612', '71.72238511'),
  schedule('KTH-SP2', 100, 'easy-sjbf', true, '5436.020751', '49.84771893'),
  schedule('SDSC-SP2', 128, 'easy', false, '20497.761008', '87.87032419'),
  schedule('SDSC-SP2', 128, 'easy', true, '17337.105618', '70.47794197'),
  schedule('SDSC-SP2', 128, 'easy-sjbf', true, '16307.078288', '56.83622127'),
];

/**
 * Mean time in the system and mean bounded slowdown of KTH-SP2's last 27,288 jobs, as in
 * predictsim's `experiments/data/KTH-SP2/sim_analysis_after3w/metrics_complete`, and how near they
 * must be.
 */
export const AFTER_THREE_WEEKS = [
  ['easy', 15979.7396657872, 93.936631683096, 1e-12],
  ['easy-sjbf', 15015.7049985342, 70.0967928385907, 1e-12],
  ['easy++', 15359.2982996189, 63.6661792345508, 1e-4],
] as const;
const AFTER_THREE_WEEKS_JOBS = 27_288;

/** The folder of the oracle, or why there is none. */
export function oracleFolder(): { readonly folder: string } | Skipped {
  const folder = join(process.env['OCX_TRACES'] ?? '', 'scheduler-oracle');
  return existsSync(join(folder, 'KTH-SP2.input.swf.gz'))
    ? { folder }
    : { skipped: 'OCX_TRACES names no folder with scheduler-oracle/' };
}

/** Jobs of one of the oracle's logs. */
export function oracleJobs(folder: string, log: string): JobTable {
  return readSwf(join(folder, `${log}.input.swf.gz`)).jobs;
}

/** Published waits of one column, in the order of the log. */
export function publishedWaits(folder: string, log: string, column: number): number[] {
  const text = gunzipSync(readFileSync(join(folder, `${log}.waits.csv.gz`))).toString();
  const rows = text.trimEnd().split('\n').slice(1);
  return rows.map((line) => Number(line.split(',')[column]));
}

export const oraclesSection: Section = {
  name: 'oracles',
  run() {
    const place = oracleFolder();
    if ('skipped' in place) return place;
    const failures: string[] = [];
    const text = `${schedules(place.folder, failures)}\n${means(place.folder, failures)}`;
    return { text, failures };
  },
};

const nameOf = (scheduler: string, clairvoyant: boolean) =>
  clairvoyant ? `${scheduler}, run times known` : scheduler;

function schedules(folder: string, failures: string[]): string {
  const rows = PUBLISHED_SCHEDULES.map((published) => {
    const { log, processors, scheduler, clairvoyant } = published;
    const result = replayJobs(oracleJobs(folder, log), { processors, scheduler, clairvoyant });
    const waits = publishedWaits(folder, log, published.column);
    const different =
      waits.filter((wait, row) => wait !== result.waitSeconds[row]).length +
      Math.abs(waits.length - result.waitSeconds.length);
    const found = [result.meanWaitSeconds.toFixed(6), result.meanBoundedSlowdown.toFixed(8)];
    const name = nameOf(scheduler, clairvoyant);
    if (different > 0) failures.push(`${log} ${name}: ${different} waits differ`);
    if (found[0] !== published.meanWait || found[1] !== published.meanSlowdown) {
      failures.push(`${log} ${name}: means of ${found.join(' and ')}`);
    }
    return [
      log,
      name,
      grouped(waits.length, 0),
      different,
      published.meanWait,
      found[0]!,
      published.meanSlowdown,
      found[1]!,
    ];
  });
  return markdownTable(
    [
      'log',
      'schedule',
      'jobs',
      'waits that differ',
      'mean wait, published, s',
      'here',
      'mean bounded slowdown, published',
      'here',
    ],
    rows,
  );
}

function means(folder: string, failures: string[]): string {
  const jobs = oracleJobs(folder, 'KTH-SP2');
  const rows = AFTER_THREE_WEEKS.map(([scheduler, meanTime, meanSlowdown, tolerance]) => {
    const { waitSeconds } = replayJobs(jobs, { processors: 100, scheduler });
    let time = 0;
    let slowdown = 0;
    for (let row = jobs.count - AFTER_THREE_WEEKS_JOBS; row < jobs.count; row++) {
      const run = runSeconds(jobs, row);
      time += (waitSeconds[row]! + run) / AFTER_THREE_WEEKS_JOBS;
      slowdown += boundedSlowdown(waitSeconds[row]!, run) / AFTER_THREE_WEEKS_JOBS;
    }
    const off = Math.max(Math.abs(time / meanTime - 1), Math.abs(slowdown / meanSlowdown - 1));
    if (off > tolerance) failures.push(`KTH-SP2 ${scheduler}, last jobs: off by ${off}`);
    return [
      scheduler,
      grouped(meanTime, 4),
      grouped(time, 4),
      meanSlowdown.toFixed(6),
      slowdown.toFixed(6),
    ];
  });
  return markdownTable(
    [
      'KTH-SP2, last 27,288 jobs',
      'mean time in the system, published, s',
      'here',
      'mean bounded slowdown, published',
      'here',
    ],
    rows,
  );
}
