/** The jobs of any batch log, ready to be fitted: cleaned, on the clock of the place. */
import type { ClusterKind } from '../../core/agents/view.ts';
import type { InputLabel } from '../../core/demand/demand.ts';
import type { JobTable } from '../../core/demand/jobs.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { SECOND_MS } from '../../core/kernel/units.ts';
import { sinceMondayMs } from '../calendar.ts';
import type { SwfDocument, TraceFile, TraceOptions } from '../formats/format.ts';
import { cleanSwf, SIMULATION_POLICY } from '../formats/swf-cleaning.ts';
import { SwfHeaderReader, zoneOf, type SwfHeader } from '../formats/swf-header.ts';
import { headerTexts } from '../formats/swf-writer.ts';

/** Jobs of one machine. */
export interface JobTrace {
  readonly format: string;
  readonly label: InputLabel;
  readonly kind: ClusterKind;
  readonly processors: number;
  /** Ascending, seconds of local time since a Monday, 00:00. */
  readonly submitSeconds: Float64Array;
  readonly runSeconds: Float64Array;
  readonly sizes: Int32Array;
  readonly weekdaysKnown: boolean;
  readonly setAside: Readonly<Record<string, number>>;
}

const FEWEST_JOBS = 200;
const MOST_PROCESSORS = 2_000_000;
/** With more serial jobs than this it is called high-throughput computing. */
const MOSTLY_SERIAL = 0.8;

/**
 * Reads the jobs of a trace.
 *
 * @throws OcxError INPUT_TRACE_SHORT, INPUT_PROCS_MISSING, INPUT_OUT_OF_RANGE, INPUT_…
 */
export function readJobTrace(format: TraceFile, path: string, options: TraceOptions): JobTrace {
  const document = format.swf!(path, options);
  const header = headerOf(document);
  const { jobs, dropped } = cleanSwf(document, SIMULATION_POLICY);
  const processors = options.procs ?? machineSize(header, path);
  const fitting = indicesOf(jobs, processors);
  const setAside = { ...document.dropped, ...dropped };
  if (fitting.length < jobs.count) setAside['widerThanMachine'] = jobs.count - fitting.length;
  if (fitting.length < FEWEST_JOBS) throw tooShort(path, fitting.length, FEWEST_JOBS, 'jobs');
  const { submitSeconds, weekdaysKnown } = onLocalClock(header, jobs, fitting);
  const sizes = Int32Array.from(fitting, (i) => jobs.processors[i]!);
  const serial = sizes.filter((size) => size === 1).length / sizes.length;
  return {
    format: format.name,
    label: format.inspect(path, options).label,
    kind: serial > MOSTLY_SERIAL ? 'htc' : 'hpc',
    processors,
    submitSeconds,
    runSeconds: Float64Array.from(fitting, (i) => jobs.runSeconds[i]!),
    sizes,
    weekdaysKnown,
    setAside,
  };
}

/** A trace that is too short to be fitted and to hide single records. */
export function tooShort(path: string, count: number, least: number, what: string): OcxError {
  return new OcxError({
    code: 'INPUT_TRACE_SHORT',
    message: `${count} ${what} can be used, and a fit needs ${least}`,
    place: { file: path },
    remedy: 'use a longer trace',
  });
}

function indicesOf(jobs: JobTable, processors: number): number[] {
  const fitting: number[] = [];
  for (let i = 0; i < jobs.count; i++) if (jobs.processors[i]! <= processors) fitting.push(i);
  return fitting;
}

function headerOf(document: SwfDocument): SwfHeader {
  const reader = new SwfHeaderReader();
  for (const line of headerTexts(document.header)) reader.add(line);
  return reader.finish();
}

function machineSize(header: SwfHeader, path: string): number {
  const size = header.maxProcs ?? header.maxNodes;
  if (size !== null && size >= 2 && size <= MOST_PROCESSORS) return size;
  throw new OcxError({
    code: size === null ? 'INPUT_PROCS_MISSING' : 'INPUT_OUT_OF_RANGE',
    message:
      size === null
        ? 'the log does not say how many processors the machine had'
        : `a fit takes machines of 2 to ${MOST_PROCESSORS} processors, this one has ${size}`,
    place: { file: path },
    remedy: 'give their number with --procs',
  });
}

function onLocalClock(header: SwfHeader, jobs: JobTable, fitting: readonly number[]) {
  const start = header.unixStartSeconds;
  const zone = zoneOf(header);
  const offsets = new Map<number, number>();
  const local = (seconds: number) => {
    const utcMs = (seconds + (start ?? 0)) * SECOND_MS;
    const hour = Math.floor(utcMs / 3_600_000);
    const offset = offsets.get(hour) ?? zone.offsetMs(utcMs);
    offsets.set(hour, offset);
    return (utcMs + offset) / SECOND_MS;
  };
  const first = local(jobs.submitSeconds[fitting[0]!]!);
  const monday =
    start === null
      ? Math.floor(first / 604_800) * 604_800
      : first - sinceMondayMs(first * 1e3) / 1e3;
  const submitSeconds = new Float64Array(fitting.length);
  fitting.forEach((index, i) => {
    // When clocks are put back, an hour comes twice: its jobs stay in order.
    const at = local(jobs.submitSeconds[index]!) - monday;
    submitSeconds[i] = Math.max(Math.floor(at), submitSeconds[i - 1] ?? 0);
  });
  return { submitSeconds, weekdaysKnown: start !== null };
}
