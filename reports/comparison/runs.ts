/** Several runs side by side. */
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { keyFigures } from '../findings/key-figures.ts';
import type { Unit } from '../text/number.ts';

export interface ComparedRun {
  /** What tells it from the others; unique among them. */
  readonly name: string;
  readonly metrics: Metrics;
  readonly manifest: Manifest;
}

export interface ComparedFigure {
  readonly question: string;
  readonly label: string;
  readonly unit: Unit;
  /** One a run, in their order; undefined where a run has no such figure. */
  readonly figures: readonly (MaybeEstimate | undefined)[];
}

/** The key figures of all runs, in the order of their first appearance within each question. */
export function comparedFigures(runs: readonly ComparedRun[]): ComparedFigure[] {
  const perRun = runs.map(({ metrics }) =>
    keyFigures(metrics).flatMap(({ question, figures }) =>
      figures.map((figure) => ({ ...figure, question })),
    ),
  );
  const found = new Map<string, ComparedFigure>();
  const idOf = (one: { question: string; label: string }) => `${one.question}\n${one.label}`;
  for (const figure of perRun.flat()) {
    if (found.has(idOf(figure))) continue;
    const figures = perRun.map((own) => own.find((other) => idOf(other) === idOf(figure))?.figure);
    const { question, label, unit } = figure;
    found.set(idOf(figure), { question, label, unit, figures });
  }
  const questions = [...new Set([...found.values()].map(({ question }) => question))];
  return questions.flatMap((question) =>
    [...found.values()].filter((figure) => figure.question === question),
  );
}
