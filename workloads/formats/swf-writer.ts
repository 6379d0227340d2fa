/** Writes jobs in the Standard Workload Format 2.2. */
import type { JobTable } from '../../core/demand/jobs.ts';
import type { SwfDetails } from './swf-columns.ts';

/** Header lines in their order: label and value, or a whole line without its semicolon. */
export type SwfHeaderLines = readonly (readonly [label: string, value: string | number] | string)[];

const PIECE_LINES = 50_000;

/**
 * The log as pieces of text. What a job table does not know is −1.
 *
 * @param details allocated and requested processors, wait, status, queue and partition; without
 * them a job's processors count as requested and allocated
 */
export function* swfText(
  jobs: JobTable,
  header: SwfHeaderLines,
  details: SwfDetails | null = null,
): Generator<string> {
  yield headerTexts(header)
    .map((line) => `;${line}\n`)
    .join('');
  let lines: string[] = [];
  for (let i = 0; i < jobs.count; i++) {
    lines.push(record(jobs, details, i));
    if (lines.length < PIECE_LINES) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

function record(jobs: JobTable, details: SwfDetails | null, i: number): string {
  const width = jobs.processors[i]!;
  const rest = details?.rest;
  return [
    jobs.jobNumber[i]!,
    jobs.submitSeconds[i]!,
    details?.waitSeconds[i] ?? -1,
    jobs.runSeconds[i]!,
    details?.allocated[i] ?? width,
    rest?.averageCpuSeconds[i] ?? -1,
    rest?.usedMemoryKb[i] ?? -1,
    details?.requested[i] ?? width,
    jobs.estimateSeconds[i]!,
    rest?.requestedMemoryKb[i] ?? -1,
    details?.status[i] ?? -1,
    jobs.user[i]!,
    rest?.group[i] ?? -1,
    rest?.executable[i] ?? -1,
    details?.queue[i] ?? -1,
    details?.partition[i] ?? -1,
    rest?.precedingJob[i] ?? -1,
    rest?.thinkSeconds[i] ?? -1,
  ].join(' ');
}

/** The header as lines without their semicolons. */
export function headerTexts(header: SwfHeaderLines): string[] {
  return header.map((line) =>
    typeof line === 'string' ? withoutControls(line) : ` ${line[0]}: ${oneLine(line[1])}`,
  );
}

/** A line as it stood, tabs too, but nothing that could end it or steer a terminal. */
function withoutControls(line: string): string {
  return line.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f\u2028\u2029]/g, ' ');
}

function oneLine(value: string | number): string {
  return String(value).replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
}
