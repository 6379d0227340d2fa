/**
 * Workloads of the simulator Batsim (its documentation, "Workload"): JSON with `jobs` and
 * `profiles`. Only delays have a run time of their own; what computes or sends needs a platform.
 */
import { noRows } from '../delimited.ts';
import { member, readJson, type JsonValue } from '../json.ts';
import { batchFormat } from './batch-format.ts';
import { BatchRecorder, UNKNOWN_RECORD, type BatchLog } from './batch-log.ts';
import type { TraceFormat } from './format.ts';

export const batsimFormat: TraceFormat = batchFormat({
  name: 'batsim',
  title: 'workloads of the simulator Batsim, JSON (batch jobs)',
  lost: ['profiles, beyond the run times of delays'],
  description: 'a workload of the simulator Batsim',
  recognises: (_fileName, head) =>
    /^\s*\{/.test(head) && (/"nb_res"\s*:/.test(head) || /"subtime"\s*:/.test(head)),
  read: readBatsim,
});

/** @throws OcxError INPUT_JSON, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readBatsim(path: string): BatchLog {
  const document = readJson(path);
  const jobs = member(document.value, 'jobs');
  if (!Array.isArray(jobs)) throw noRows(path, 'the file has no list of jobs');
  const delays = new Delays(member(document.value, 'profiles'));
  const recorder = new BatchRecorder(path);
  let withoutRun = 0;
  for (const job of jobs) {
    const place = typeof job === 'object' && job !== null ? document.placeOf(job) : null;
    const id = member(job, 'id');
    if (place === null || (typeof id !== 'string' && typeof id !== 'number')) {
      recorder.aside.add('noJob', place ?? document.placeOf(jobs));
      continue;
    }
    const walltime = amount(member(job, 'walltime'));
    const delay = delays.of(member(job, 'profile'));
    if (delay === null) withoutRun += 1;
    // Batsim kills a job at its wall time.
    const killed = delay !== null && walltime > 0 && delay > walltime;
    recorder.add(
      {
        ...UNKNOWN_RECORD,
        id: String(id),
        submitSeconds: amount(member(job, 'subtime')),
        runSeconds: killed ? walltime : (delay ?? -1),
        requestedSeconds: walltime,
        requested: amount(member(job, 'res')),
        status: delay === null ? -1 : killed ? 0 : 1,
      },
      place,
    );
  }
  const size = amount(member(document.value, 'nb_res'));
  const machine = Number.isInteger(size) && size > 0 && size <= MAXIMUM_SIZE ? size : null;
  const oddities =
    withoutRun === 0
      ? []
      : [`${withoutRun} jobs compute or send: their run time depends on a platform, unknown here`];
  return recorder.finish(
    { format: 'batsim', absolute: false, maxProcs: machine, maxNodes: machine, oddities },
    document.lines,
  );
}

const MAXIMUM_SIZE = 50_000_000;

function amount(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : -1;
}

const MAXIMUM_NESTING = 32;

/** Run times of profiles; null for those that have none by themselves. */
class Delays {
  readonly #profiles: JsonValue | undefined;
  readonly #known = new Map<string, number | null>();

  constructor(profiles: JsonValue | undefined) {
    this.#profiles = profiles;
  }

  of(name: JsonValue | undefined, depth = 0): number | null {
    if (typeof name !== 'string' || depth > MAXIMUM_NESTING) return null;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    // A profile that contains itself has no end.
    this.#known.set(name, null);
    const delay = this.#compute(member(this.#profiles, name), depth);
    this.#known.set(name, delay);
    return delay;
  }

  #compute(profile: JsonValue | undefined, depth: number): number | null {
    const type = member(profile, 'type');
    if (type === 'delay' || type === 'DelayProfile') {
      const delay = amount(member(profile, 'delay'));
      return delay >= 0 ? delay : null;
    }
    if (type !== 'composed' && type !== 'SequentialCompositionProfile') return null;
    const parts = member(profile, 'seq');
    if (!Array.isArray(parts)) return null;
    const repeat = member(profile, 'repeat') ?? member(profile, 'nb') ?? 1;
    let sum = 0;
    for (const part of parts) {
      const delay = this.of(part, depth + 1);
      if (delay === null) return null;
      sum += delay;
    }
    return typeof repeat === 'number' && repeat > 0 ? sum * repeat : null;
  }
}
