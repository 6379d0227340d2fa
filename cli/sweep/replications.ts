/**
 * How many replications the cells of a sweep take: as many as the experiment says, or until the
 * interval of one measure is narrow enough. Then cells go on in waves: a wave makes what every cell
 * that has not stopped wants next, and only when all of it is there, it is decided anew. Each decision
 * looks at the cell's own replications, complete and in order, so that it is the same for any number
 * of workers, on a cluster, and after a kill.
 */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import { decideByFigure } from '../../core/metrics/statistics/sequential.ts';
import type { StoppedCell, SweepStopping } from '../../core/metrics/sweep/results.ts';
import type { CellUnit } from './cells.ts';

/** How a cell's replications came to their end; null without a rule. */
export type CellEnd = StoppedCell | null;

export interface Replicated {
  /** By cell: the units that its results are made of. */
  readonly units: readonly (readonly CellUnit[])[];
  /** By cell. */
  readonly ends: readonly CellEnd[];
}

/**
 * @param units by cell and replication, as many as there may be
 * @param perform makes what is not done yet of a wave
 * @param figureOf the rule's measure of a cell, from these units
 */
export async function replicateCells(
  units: readonly (readonly CellUnit[])[],
  rule: SweepStopping | null,
  perform: (wave: readonly CellUnit[]) => Promise<void>,
  figureOf: (cell: number, units: readonly CellUnit[]) => MaybeEstimate,
): Promise<Replicated> {
  if (rule === null) {
    await perform(units.flat());
    return { units, ends: units.map(() => null) };
  }
  const totals = units.map(() => 0);
  const ends: CellEnd[] = units.map(() => null);
  for (;;) {
    const wave = units.flatMap((own, cell) => {
      if (ends[cell] !== null) return [];
      const before = totals[cell]!;
      const figure = before === 0 ? null : figureOf(cell, own.slice(0, before));
      const next = decide(before, figure, rule);
      if (typeof next === 'number') totals[cell] = next;
      else ends[cell] = next;
      return own.slice(before, totals[cell]);
    });
    if (wave.length === 0) break;
    await perform(wave);
  }
  return { units: units.map((own, cell) => own.slice(0, totals[cell])), ends };
}

/** The end of a cell, or how many replications it should have next. */
function decide(
  replications: number,
  figure: MaybeEstimate | null,
  rule: SweepStopping,
): StoppedCell | number {
  // More of what has nothing to measure would cost the maximum in every such cell.
  if (figure !== null && !isEstimate(figure)) {
    return { replications, by: 'no figure', halfWidth: null };
  }
  const decision = decideByFigure(replications, figure, rule);
  if (!decision.stop) return decision.total;
  const { reached, halfWidth } = decision;
  return { replications, by: reached ? 'target' : 'maximum', halfWidth };
}
