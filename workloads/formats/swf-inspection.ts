/** What a log in the Standard Workload Format holds and what is wrong with it. */
import type { JobTable } from '../../core/demand/jobs.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../core/kernel/units.ts';
import { formatInstant, sinceMondayMs, WEEKDAYS } from '../calendar.ts';
import { quantile, significant, sorted, spanFact } from '../statistics.ts';
import type { Fact, Inspection, Sketch, TraceOptions } from './format.ts';
import { cleanSwf, KEEP_POLICY } from './swf-cleaning.ts';
import { isSynthetic, zoneOf } from './swf-header.ts';
import type { SwfLog } from './swf.ts';

/**
 * Offered load of a log on a machine: Σ run · processors / (processors · (last end − first
 * submission)), where last end is the latest submission + run; NaN without jobs.
 */
export function offeredLoad(jobs: JobTable, machineProcessors: number): number {
  let work = 0;
  let lastEnd = -Infinity;
  for (let i = 0; i < jobs.count; i++) {
    const run = Math.max(0, jobs.runSeconds[i]!);
    work += run * Math.max(0, jobs.processors[i]!);
    lastEnd = Math.max(lastEnd, jobs.submitSeconds[i]! + run);
  }
  return work / (machineProcessors * (lastEnd - jobs.submitSeconds[0]!));
}

export function inspectSwf(log: SwfLog, options: TraceOptions): Inspection {
  const { jobs } = log;
  const procs = options.procs ?? log.header.maxProcs ?? log.header.maxNodes;
  const oddities = [...log.header.oddities];
  if (procs === null) {
    oddities.push(
      'the header does not say how many processors there were: give --procs for the load',
    );
  }
  if (log.header.unixStartSeconds === null) {
    oddities.push('there is no UnixStartTime: time 0 is taken for a Monday, 00:00');
  }
  if (log.dialect === 'alea') oddities.push('21-field dialect of Alea with absolute times');
  return {
    format: 'swf',
    label: isSynthetic(log.header) ? 'synthetic' : 'real',
    records: jobs.count,
    facts: facts(log, procs),
    dropped: log.dropped,
    quarantined: log.quarantined,
    suspicious: suspicious(log, procs),
    oddities,
    sketches: [hourSketch(log), weekdaySketch(log), widthSketch(jobs)],
  };
}

function facts(log: SwfLog, procs: number | null): Fact[] {
  const { jobs, header } = log;
  const run = sorted(jobs.runSeconds.filter((seconds) => seconds >= 0));
  const widths = sorted(jobs.processors.filter((width) => width > 0));
  const gaps = new Float64Array(Math.max(0, jobs.count - 1));
  for (let i = 0; i < gaps.length; i++) {
    gaps[i] = jobs.submitSeconds[i + 1]! - jobs.submitSeconds[i]!;
  }
  gaps.sort();
  const first = jobs.submitSeconds[0]!;
  const last = jobs.submitSeconds[jobs.count - 1]!;
  const waits = log.details!.waitSeconds.filter((seconds) => seconds >= 0);
  const start = header.unixStartSeconds;
  const known =
    (value: number | null, unit?: string) =>
    (name: string): Fact => ({
      name,
      value: value === null || Number.isNaN(value) ? null : significant(value, 6),
      ...(unit === undefined ? {} : { unit }),
    });
  return [
    { name: 'computer', value: header.computer },
    { name: 'installation', value: header.installation },
    {
      name: 'first submission',
      value: start === null ? null : formatInstant((start + first) * SECOND_MS),
    },
    { name: 'time zone', value: header.timeZone },
    spanFact(last - first, 6),
    known(procs)('processors'),
    known(procs === null ? null : offeredLoad(jobs, procs))('offered load'),
    known(widths.filter((width) => width === 1).length / widths.length)('serial jobs, share'),
    known(quantile(widths, 0.5))('width, median'),
    known(quantile(widths, 0.9))('width, 90 %'),
    known(quantile(widths, 1))('width, largest'),
    known(quantile(run, 0.1), 's')('run time, 10 %'),
    known(quantile(run, 0.5), 's')('run time, median'),
    known(quantile(run, 0.9), 's')('run time, 90 %'),
    known(quantile(run, 0.99), 's')('run time, 99 %'),
    known(quantile(gaps, 0.5), 's')('time between jobs, median'),
    known(quantile(gaps, 0.99), 's')('time between jobs, 99 %'),
    known(
      waits.length === 0 ? null : waits.reduce((a, b) => a + b, 0) / waits.length,
      's',
    )('wait, mean'),
    known(new Set(jobs.user.filter((user) => user >= 0)).size || null)('users'),
  ];
}

function suspicious(log: SwfLog, procs: number | null): Record<string, number> {
  const { jobs } = log;
  const found: Record<string, number> = { ...cleanSwf(log, KEEP_POLICY).adjusted };
  const count = (reason: string, test: (i: number) => boolean) => {
    let times = 0;
    for (let i = 0; i < jobs.count; i++) if (test(i)) times += 1;
    if (times > 0) found[reason] = times;
  };
  count('runUnknown', (i) => jobs.runSeconds[i]! < 0);
  count('processorsUnknown', (i) => jobs.processors[i]! <= 0);
  count('allocatedUnknown', (i) => log.details!.allocated[i]! <= 0 && jobs.processors[i]! > 0);
  count('neverStarted', (i) => jobs.runSeconds[i]! <= 0 && log.details!.status[i] === 5);
  count('waitNegative', (i) => log.details!.waitSeconds[i]! < -1);
  if (procs !== null) count('widerThanMachine', (i) => jobs.processors[i]! > procs);
  const numbers = repeatable(log);
  count('jobNumberRepeated', (i) => i > 0 && i < numbers.length && numbers[i] === numbers[i - 1]);
  if (log.outOfOrder > 0) found['outOfOrder'] = log.outOfOrder;
  return found;
}

/** Numbers of jobs, ascending, without those of parts of jobs: a set of them would be far larger. */
function repeatable({ jobs, details }: SwfLog): Float64Array {
  const isPart = (i: number) => details!.status[i]! >= 2 && details!.status[i]! <= 4;
  return jobs.jobNumber.filter((_, i) => !isPart(i)).sort();
}

function localSinceMonday(log: SwfLog): (submitSeconds: number) => number {
  const start = log.header.unixStartSeconds;
  if (start === null) return (submit) => (submit * SECOND_MS) % (7 * DAY_MS);
  const zone = zoneOf(log.header);
  // The offset changes at most twice a year: look it up once a day.
  const offsets = new Map<number, number>();
  return (submit) => {
    const utcMs = (start + submit) * SECOND_MS;
    const day = Math.floor(utcMs / DAY_MS);
    let offset = offsets.get(day);
    if (offset === undefined) offsets.set(day, (offset = zone.offsetMs(day * DAY_MS)));
    return sinceMondayMs(utcMs + offset);
  };
}

function hourSketch(log: SwfLog): Sketch {
  const local = localSinceMonday(log);
  const counts = new Array<number>(24).fill(0);
  for (const submit of log.jobs.submitSeconds) {
    counts[Math.floor(local(submit) / HOUR_MS) % 24]! += 1;
  }
  return {
    title: 'submissions by local hour',
    unit: 'jobs',
    labels: counts.map((_, hour) => String(hour).padStart(2, '0')),
    values: counts,
  };
}

function weekdaySketch(log: SwfLog): Sketch {
  const local = localSinceMonday(log);
  const counts = new Array<number>(7).fill(0);
  for (const submit of log.jobs.submitSeconds) counts[Math.floor(local(submit) / DAY_MS)]! += 1;
  const labels = WEEKDAYS.map((day) => day.slice(0, 3));
  return { title: 'submissions by weekday', unit: 'jobs', labels, values: counts };
}

function widthSketch(jobs: JobTable): Sketch {
  const counts: number[] = [];
  for (const width of jobs.processors) {
    if (width <= 0) continue;
    const power = 32 - Math.clz32(width - 1);
    while (counts.length <= (width === 1 ? 0 : power)) counts.push(0);
    counts[width === 1 ? 0 : power]! += 1;
  }
  const labels = counts.map((_, power) => (power === 0 ? '1' : `≤${1 << power}`));
  return { title: 'jobs by width, processors', unit: 'jobs', labels, values: counts };
}
