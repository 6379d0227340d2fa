/** A results folder: written whole or not at all, and listed in the index of its parent. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from '../core/metrics/manifest.ts';
import type { RunOutcome } from '../core/metrics/outcome.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { Gathered } from '../sim/experiment/gather.ts';
import type { LeaseRow, PriceRow } from '../reports/tables/rows.ts';
import { renderReport } from '../reports/write.ts';
import { writeAtomically, writeFolderAtomically } from './files.ts';
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
  const probe = join(dirname(folder), `.ocx-${process.pid}.tmp`);
  try {
    mkdirSync(dirname(folder), { recursive: true });
    writeAtomically(probe, '');
  } catch (error) {
    if (error instanceof OcxError) throw error;
    throw new OcxError({
      code: 'RESOURCE_NOT_WRITABLE',
      message: 'the results folder cannot be written',
      place: { file: folder },
      remedy: 'choose another with --out',
    });
  }
}

/** Empty, or an earlier result: nobody's other files are ever replaced. */
function isReplaceable(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0 || existsSync(join(folder, 'manifest.json'));
  } catch {
    return false;
  }
}

export async function writeResults(
  folder: string,
  gathered: Gathered,
  manifest: Manifest,
): Promise<void> {
  const { metrics, runs } = gathered;
  const windowStartMs = metrics.warmUpSeconds * 1000;
  const files = await renderReport(metrics, manifest, {
    leases: leaseRows(runs, windowStartMs),
    prices: priceRows(runs, windowStartMs, classNames(manifest)),
  });
  await writeFolderAtomically(folder, (temporary) => {
    const all = new Map(files);
    all.set('metrics.json', `${JSON.stringify(metrics, null, 1)}\n`);
    all.set('manifest.json', `${JSON.stringify(manifest, null, 1)}\n`);
    for (const [path, text] of all) {
      mkdirSync(dirname(join(temporary, path)), { recursive: true });
      writeFileSync(join(temporary, path), text);
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

function classNames(manifest: Manifest): string[] {
  const { nodeClass } = manifest.scenario as { nodeClass: readonly { name: string }[] };
  return nodeClass.map(({ name }) => name);
}
