/** Two logs under EASY, here and in SimPy: every published wait, and jobs in CPU seconds. */
import { join } from 'node:path';
import { replayJobs } from '../../sim/clusters/batch/replay.ts';
import { cpuSeconds } from '../benchmark.ts';
import { oracleFolder, oracleJobs, PUBLISHED_SCHEDULES, publishedWaits } from './oracles.ts';
import { PEERS_FOLDER, PYTHON, runPeer, simpyVersion } from './peer-programs.ts';
import { grouped, markdownTable } from './section.ts';

const OWN_ROUNDS = 10;
const SCHEDULES = PUBLISHED_SCHEDULES.filter(
  ({ scheduler, clairvoyant }) => scheduler === 'easy' && !clairvoyant,
);

/** The table, or one line that says why there is none. */
export function replayTable(failures: string[]): string {
  const place = oracleFolder();
  if ('skipped' in place) return `Left out: replays, ${place.skipped}.\n`;
  const rows = SCHEDULES.flatMap(({ log, processors, column }) => {
    const published = publishedWaits(place.folder, log, column);
    const jobs = oracleJobs(place.folder, log);
    let own: ArrayLike<number> = [];
    const seconds = Array.from({ length: OWN_ROUNDS }, () =>
      cpuSeconds(() => (own = replayJobs(jobs, { processors, scheduler: 'easy' }).waitSeconds)),
    );
    const runs = [{ name: 'ocx, replay', waits: own, seconds: Math.min(...seconds) }];
    const version = simpyVersion();
    if (version !== null) {
      const lines = Array.from(jobs.submitSeconds, (submit, row) =>
        [submit, jobs.runSeconds[row]!, jobs.estimateSeconds[row]!, jobs.processors[row]!].join(
          ' ',
        ),
      );
      const script = join(PEERS_FOLDER, 'simpy-easy.py');
      const run = runPeer(PYTHON, [script, String(processors)], lines);
      runs.push({ name: `SimPy ${version}, callbacks`, ...run });
    }
    return runs.map(({ name, waits, seconds: taken }) => {
      const different = published.filter((wait, row) => wait !== waits[row]).length;
      if (different > 0) failures.push(`${log} in ${name}: ${different} waits differ`);
      const ratio = taken / runs[0]!.seconds;
      return [
        log,
        name,
        different,
        grouped(jobs.count / taken, 0),
        `${grouped(ratio, ratio < 10 ? 1 : 0)} ×`,
      ];
    });
  });
  const head = [
    'log under EASY',
    'simulator',
    'waits other than published',
    'jobs a CPU second',
    'CPU time',
  ];
  return markdownTable(head, rows);
}
