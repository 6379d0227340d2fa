/**
 * What Slurm's commands print, read: `squeue` and `sinfo` with one line an object and `|` between
 * fields, which is the same in all versions, unlike their JSON. A line that is not understood is no
 * object; what users may choose freely (names, comments) is not asked for.
 *
 * Source: manual pages of Slurm 22.05, squeue(1) and sinfo(1).
 */

/** A job that waits. */
export interface WaitingJob {
  readonly jobId: string;
  readonly nodes: number;
  /** Null: without a limit. */
  readonly limitSeconds: number | null;
  readonly submittedSeconds: number;
  readonly reason: string;
}

/** Arguments of squeue for `waitingJobs`; times are asked for in seconds (`SLURM_TIME_FORMAT`). */
export const SQUEUE_WAITING = ['-h', '-r', '-t', 'PD', '-o', '%i|%D|%l|%V|%r'] as const;
export const SECONDS_FORMAT = { SLURM_TIME_FORMAT: '%s' } as const;

export function waitingJobs(text: string): WaitingJob[] {
  return rows(text, 5).flatMap(([jobId, nodes, limit, submitted, reason]) => {
    const job = {
      jobId: jobId!,
      nodes: Number(nodes),
      limitSeconds: durationOf(limit!),
      submittedSeconds: Number(submitted),
      reason: reason!,
    };
    const isJob =
      /^[0-9_]{1,40}$/.test(job.jobId) &&
      Number.isSafeInteger(job.nodes) &&
      job.nodes > 0 &&
      Number.isSafeInteger(job.submittedSeconds) &&
      job.limitSeconds !== undefined;
    return isJob ? [job as WaitingJob] : [];
  });
}

/** Slurm's own words for a job that would run if there were nodes. */
const LACKS_NODES: ReadonlySet<string> = new Set(['Resources', 'Priority']);

export function lacksNodes({ reason }: WaitingJob): boolean {
  return LACKS_NODES.has(reason);
}

export interface SlurmNode {
  readonly name: string;
  /** Without the marks that say that it does not answer or is being saved. */
  readonly state: string;
  readonly features: readonly string[];
}

export const SINFO_NODES = ['-h', '-N', '-o', '%N|%T|%f'] as const;

/** Each node once, however many partitions it is in. */
export function slurmNodes(text: string): SlurmNode[] {
  const nodes = new Map<string, SlurmNode>();
  for (const [name, state, features] of rows(text, 3)) {
    if (!NODE_NAME.test(name!)) continue;
    nodes.set(name!, {
      name: name!,
      state: state!.replace(/[^a-z]+$/, ''),
      features: features === '(null)' ? [] : features!.split(','),
    });
  }
  return [...nodes.values()];
}

/** What may be the name of a node: it becomes an argument of Slurm's commands. */
export const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** `[days-]hours:minutes:seconds` in any of its shorter forms; null: without limit. */
function durationOf(text: string): number | null | undefined {
  if (text === 'UNLIMITED') return null;
  const [, days = '0', clock] = /^(?:(\d+)-)?([\d:]+)$/.exec(text) ?? [];
  if (clock === undefined) return undefined;
  const parts = clock.split(':').map(Number);
  if (parts.length > 3 || parts.some((part) => !Number.isSafeInteger(part))) return undefined;
  // Without days, one number is minutes and two are minutes and seconds.
  const [hours = 0, minutes = 0, seconds = 0] =
    days !== '0' || parts.length === 3
      ? parts
      : parts.length === 2
        ? [0, ...parts]
        : [0, parts[0]!];
  return ((Number(days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

function rows(text: string, fields: number): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter((row) => row.length === fields);
}
