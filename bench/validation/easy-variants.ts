/** What simulators mean by EASY: the same log under each variant and scheduler. */
import type { JobTable } from '../../core/demand/jobs.ts';
import { replayJobs } from '../../sim/clusters/batch/replay.ts';
import { runSeconds } from '../../sim/clusters/batch/replay-machine.ts';
import type { EasyVariant } from '../../sim/clusters/batch/replay-variant.ts';
import type { Scheduler } from '../../sim/clusters/batch/scheduler.ts';
import { mean } from '../../workloads/statistics.ts';
import { oracleFolder, oracleJobs } from './oracles.ts';
import { grouped, markdownTable, type Section } from './section.ts';

interface Line {
  /** As it is given to `ocx replay --scheduler`. */
  readonly option: string;
  readonly scheduler: Scheduler;
  readonly variant: Partial<EasyVariant>;
  /** Whether its waits are compared with those of `easy`. */
  readonly isEasy: boolean;
}

const easy = (option: string, variant: Partial<EasyVariant>): Line => ({
  option,
  scheduler: 'easy',
  variant,
  isEasy: true,
});
const other = (scheduler: Scheduler): Line => ({
  option: scheduler,
  scheduler,
  variant: {},
  isEasy: false,
});

const LINES: readonly Line[] = [
  easy('easy', {}),
  easy('easy --elapsed busy', { elapsed: 'busy' }),
  easy('easy --pass instant', { pass: 'instant' }),
  easy('easy --pass 30', { pass: 30 }),
  easy('easy --no-extra', { extra: false }),
  other('easy-sjbf'),
  other('easy++'),
  other('maui'),
  other('conservative'),
  other('sjf'),
  other('fcfs'),
  other('ljf'),
];

/** Jobs at the beginning of the log that two other simulators were measured on. */
const FIRST_JOBS = 2_498;
/**
 * Mean wait in seconds and mean slowdown (not bounded) of those jobs, measured once: pyss, and
 * AccaSim 2a3c0e0 with EASYBackfilling and FirstFit on 100 nodes of one core.
 */
const MEASURED = [
  ['pyss', 7_743.5, 137.39],
  ['AccaSim', 6_441.93, 77.17],
] as const;

export const easyVariantsSection: Section = {
  name: 'easy-variants',
  run() {
    const place = oracleFolder();
    if ('skipped' in place) return place;
    const jobs = oracleJobs(place.folder, 'KTH-SP2');
    const failures: string[] = [];
    return { text: `${variants(jobs)}\n${others(jobs, failures)}`, failures };
  },
};

function variants(jobs: JobTable): string {
  const plain = replayJobs(jobs, { processors: 100, scheduler: 'easy' }).waitSeconds;
  const rows = LINES.map(({ option, scheduler, variant, isEasy }) => {
    const result = replayJobs(jobs, { processors: 100, scheduler, variant });
    const different = result.waitSeconds.filter((wait, row) => wait !== plain[row]).length;
    return [
      `\`${option}\``,
      grouped(result.meanWaitSeconds, 2),
      grouped(result.meanBoundedSlowdown, 3),
      isEasy ? grouped(different, 0) : '',
    ];
  });
  const head = [
    '`--scheduler`',
    'mean wait, s',
    'mean bounded slowdown',
    'waits other than with `easy`',
  ];
  return markdownTable(head, rows);
}

/** Every way of replaying them here, with estimates and with known run times. */
function others(all: JobTable, failures: string[]): string {
  const jobs = firstJobs(all, FIRST_JOBS);
  const own = LINES.flatMap(({ option, scheduler, variant }) =>
    [false, true].map((clairvoyant) => {
      const { waitSeconds } = replayJobs(jobs, {
        processors: 100,
        scheduler,
        variant,
        clairvoyant,
      });
      return {
        name: `\`${option}${clairvoyant ? ' --clairvoyant' : ''}\``,
        wait: mean(waitSeconds),
        slowdown: mean(waitSeconds.map((wait, row) => 1 + wait / runSeconds(jobs, row))),
      };
    }),
  );
  const rows = MEASURED.map(([name, wait, slowdown]) => {
    const nearest = own.reduce((a, b) =>
      Math.abs(b.wait - wait) < Math.abs(a.wait - wait) ? b : a,
    );
    const isSame =
      nearest.wait.toFixed(2) === wait.toFixed(2) &&
      nearest.slowdown.toFixed(2) === slowdown.toFixed(2);
    if (name === 'pyss' && !isSame) failures.push('the first jobs do not wait as in pyss');
    return [
      name,
      grouped(wait, 2),
      slowdown.toFixed(2),
      nearest.name,
      grouped(nearest.wait, 2),
      nearest.slowdown.toFixed(2),
    ];
  });
  const head = [
    `first ${grouped(FIRST_JOBS, 0)} jobs`,
    'mean wait, s',
    'mean slowdown',
    `nearest of ${own.length} ways here`,
    'mean wait, s',
    'mean slowdown',
  ];
  return markdownTable(head, rows);
}

function firstJobs(jobs: JobTable, count: number): JobTable {
  return {
    count,
    jobNumber: jobs.jobNumber.slice(0, count),
    submitSeconds: jobs.submitSeconds.slice(0, count),
    runSeconds: jobs.runSeconds.slice(0, count),
    estimateSeconds: jobs.estimateSeconds.slice(0, count),
    processors: jobs.processors.slice(0, count),
    user: jobs.user.slice(0, count),
  };
}
