/** One entry for everything that makes demand: from a workload table to one replication's demand. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { JobTable } from '../core/demand/jobs.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { HOUR_MS } from '../core/kernel/units.ts';
import type { LoadedDemand, WorkloadContext } from './context.ts';
import { formatNamed } from './formats/registry.ts';
import { modelNamed } from './models/registry.ts';
import { checkWorkload, type WorkloadTable } from './schema.ts';
import { shiftDemand } from './shift.ts';

/**
 * The demand of one organisation in one replication, for [0, horizon).
 *
 * Synchronous and deterministic: the same table, context and files give the same demand. Parsed
 * files are kept for the next replication of the same process.
 *
 * @param table a workload table of a scenario; checked here again
 * @throws OcxError INPUT_… for a wrong table, a file that cannot be used, or a workload that does
 * not fit the kind of cluster
 */
export function loadDemand(table: WorkloadTable, context: WorkloadContext): LoadedDemand {
  const keyPath = `organisation.${context.organisation}.workload`;
  const checked = checkWorkload(table, keyPath);
  const loaded = load(checked, keyPath, context);
  const shiftMs = Math.round(((checked['shiftHours'] as number | undefined) ?? 0) * HOUR_MS);
  if (shiftMs === 0) return loaded;
  return {
    ...loaded,
    demand: shiftDemand(loaded.demand, shiftMs, context.horizonMs),
    sources: loaded.sources.map((source) => ({
      ...source,
      treatment: `${source.treatment}; shifted by ${shiftMs / HOUR_MS} h`,
    })),
  };
}

function load(
  table: Record<string, unknown>,
  keyPath: string,
  context: WorkloadContext,
): LoadedDemand {
  if (table['trace'] === undefined) {
    const model = modelNamed(table['model'] as string)!;
    requireKind(model.name, model.kinds, keyPath, context);
    return model.generate(table as never, context);
  }
  const format = formatNamed(table['format'] as string)!;
  requireKind(format.name, format.kinds, keyPath, context);
  const path = resolveTracePath(table['trace'] as string, context);
  return format.load(table as never, path, context);
}

/**
 * The jobs of a trace as they were, for whoever lets them come in real time.
 *
 * @param path of the trace, absolute
 * @param nodes of the cluster that they are for
 * @throws OcxError INPUT_… for a wrong table, a file that cannot be used, or one without jobs
 */
export function loadJobs(table: WorkloadTable, path: string, nodes: number): JobTable {
  const checked = checkWorkload({ ...table, trace: path });
  const format = formatNamed(String(checked['format']));
  if (format?.jobs) return format.jobs(checked as never, path, nodes);
  throw new OcxError({
    code: 'INPUT_WORKLOAD_KIND',
    message: 'the file holds no jobs',
    place: { file: path },
    remedy: 'give a log of batch jobs',
  });
}

function requireKind(
  name: string,
  kinds: readonly string[],
  keyPath: string,
  context: WorkloadContext,
): void {
  if (kinds.includes(context.kind)) return;
  throw new OcxError({
    code: 'INPUT_WORKLOAD_KIND',
    message: `${name} cannot drive a ${context.kind} cluster, only ${kinds.join(', ')}`,
    place: { keyPath },
    remedy: "choose another workload or change the organisation's kind",
  });
}

/**
 * Where a trace lies: an absolute path as it is, a relative one from the scenario's folder, then
 * from `OCX_TRACES`.
 *
 * @throws OcxError INPUT_FILE_NOT_FOUND where it is in neither
 */
export function resolveTracePath(
  trace: string,
  folders: Pick<WorkloadContext, 'scenarioFolder' | 'tracesFolder'>,
): string {
  if (trace.includes('\0')) throw notFound(trace, folders.tracesFolder);
  if (isAbsolute(trace)) return trace;
  for (const folder of [folders.scenarioFolder, folders.tracesFolder]) {
    if (folder === undefined || folder === '') continue;
    const path = resolve(folder, trace);
    if (existsSync(path)) return path;
  }
  throw notFound(trace, folders.tracesFolder);
}

function notFound(trace: string, tracesFolder: string | undefined): OcxError {
  const traces = tracesFolder ? 'nor in OCX_TRACES' : 'and OCX_TRACES is not set';
  return new OcxError({
    code: 'INPUT_FILE_NOT_FOUND',
    message: `the trace is not in the scenario's folder ${traces}`,
    place: { file: trace },
    remedy: 'give its path from there, or an absolute one',
  });
}
