/** A results folder: written whole or not at all, and listed in the index of its parent. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from '../core/metrics/manifest.ts';
import type { JobColumns, RunOutcome } from '../core/metrics/outcome.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Gathered } from '../sim/experiment/gather.ts';
import type { JobRow, LeaseRow, PriceRow } from '../reports/tables/rows.ts';
import { renderReport } from '../reports/write.ts';
import { requireWritable, writeFolderAtomically } from './files.ts';
import { CRATE_FILE, researchCrate } from './research-crate.ts';
import { indexRun } from './results-index.ts';

/** Found at once, not after the work: a place that cannot be written, or that is not ours. */
export function checkResultsFolder(folder: string): void {
  if (existsSync(folder) && !isReplaceable(folder)) {
    throw new OcxError({
      code: 'INPUT_OUT_IN_USE',
      message: 'the folder holds something that is not a result of ours',
      place: { file: folder },
      remedy: 'choose a new or empty folder with --out',
    });
  }
  requireWritable(folder);
}

/** What a results folder may hold; anything else in it is somebody's own. */
const OURS =
  /^((manifest|ro-crate-metadata)\.json|report\.html|figures|tables|(metrics|leases|prices|jobs-.+)\.(csv|json)|journal-.+\.jsonl\.zst)$/;

/** Empty, or an earlier result and nothing else: nobody's own files are ever replaced. */
function isReplaceable(folder: string): boolean {
  try {
    const names = readdirSync(folder);
    if (names.length === 0) return true;
    const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
    const manifest = JSON.parse(text) as { schema?: unknown } | null;
    return manifest?.schema === 'ocx-manifest/1' && names.every((name) => OURS.test(name));
  } catch {
    return false;
  }
}

/** @param journals file name → contents */
export async function writeResults(
  folder: string,
  gathered: Gathered,
  manifest: Manifest,
  journals: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<void> {
  const { metrics, runs } = gathered;
  const windowStartMs = metrics.warmUpSeconds * 1000;
  const files = await renderReport(metrics, manifest, {
    leases: leaseRows(runs, windowStartMs),
    prices: priceRows(runs, windowStartMs, classNames(manifest)),
    jobs: jobRows(runs, windowStartMs),
  });
  await writeFolderAtomically(folder, (temporary) => {
    const all = new Map<string, string | Uint8Array>([...files, ...journals]);
    all.set('metrics.json', `${JSON.stringify(metrics, null, 1)}\n`);
    all.set('manifest.json', `${JSON.stringify(manifest, null, 1)}\n`);
    all.set(CRATE_FILE, researchCrate(manifest, all));
    for (const [path, contents] of all) {
      mkdirSync(dirname(join(temporary, path)), { recursive: true });
      writeFileSync(join(temporary, path), contents);
    }
  });
  await indexRun(folder, manifest);
}

function leaseRows(runs: readonly RunOutcome[], windowStartMs: number): LeaseRow[] {
  const seconds = (timeMs: number) => (timeMs - windowStartMs) / 1000;
  return runs.flatMap(({ variant, replication, market }) =>
    (market?.leases ?? []).map((lease) => ({
      variant,
      replication,
      leaseId: lease.leaseId,
      owner: lease.seller,
      borrower: lease.buyer,
      nodeClass: lease.nodeClass,
      nodes: lease.nodes,
      startSeconds: seconds(lease.startMs),
      readySeconds: lease.setupMs === null ? null : seconds(lease.startMs + lease.setupMs),
      endSeconds: seconds(lease.endMs),
      paidCredits: lease.priceMillicredits / 1000,
      recallable: lease.recallable,
      outcome: lease.end,
    })),
  );
}

function priceRows(
  runs: readonly RunOutcome[],
  windowStartMs: number,
  nodeClasses: readonly string[],
): PriceRow[] {
  return runs.flatMap(({ variant, replication, market }) =>
    (market?.rounds ?? []).flatMap((round, index) =>
      nodeClasses.map((nodeClass, at) => ({
        variant,
        replication,
        round: index,
        timeSeconds: (round.atMs - windowStartMs) / 1000,
        nodeClass,
        creditsPerNodeHour:
          round.prices[at] === null || round.prices[at] === undefined
            ? null
            : round.prices[at]! / 1000,
      })),
    ),
  );
}

/** Jobs by organisation, of every variant whose run kept them. */
function jobRows(runs: readonly RunOutcome[], windowStartMs: number): Map<string, JobRow[]> {
  const rows = new Map<string, JobRow[]>();
  for (const { variant, replication, organisations } of runs) {
    for (const { name, jobs } of organisations) {
      if (!jobs) continue;
      const workloadName = `${variant}/${replication}`;
      const all = rows.get(name) ?? [];
      for (let row = 0; row < jobs.jobNumber.length; row++) {
        all.push(jobRow(jobs, row, workloadName, windowStartMs));
      }
      rows.set(name, all);
    }
  }
  return rows;
}

function jobRow(
  jobs: JobColumns,
  row: number,
  workloadName: string,
  windowStartMs: number,
): JobRow {
  const seconds = (timeMs: number) =>
    Number.isNaN(timeMs) ? null : (timeMs - windowStartMs) / 1000;
  return {
    jobId: jobs.jobNumber[row]!,
    workloadName,
    submissionSeconds: (jobs.submitMs[row]! - windowStartMs) / 1000,
    requestedNodes: jobs.requestedNodes[row]!,
    requestedSeconds: jobs.requestedMs[row]! / 1000,
    success: jobs.met[row] === 1,
    startSeconds: seconds(jobs.startMs[row]!),
    finishSeconds: seconds(jobs.finishMs[row]!),
    allocatedNodes: [],
  };
}

function classNames(manifest: Manifest): string[] {
  const { nodeClass } = manifest.scenario as { nodeClass: readonly { name: string }[] };
  return nodeClass.map(({ name }) => name);
}
