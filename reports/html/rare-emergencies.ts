/** What rare emergencies come to: where there is one, where there is none, and as often as they come. */
import type { RareEmergencies, StratifiedFigure } from '../../core/metrics/rare-emergencies.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { describeEstimate, describeValue } from '../text/number.ts';
import { markup } from './markup.ts';
import type { Child, Markup } from './markup.ts';
import { renderTable } from './table.ts';

const FIGURES = [
  ['demand', 'demandNodeHours'],
  ['met', 'metNodeHours'],
  ['met beyond static', 'extraNodeHours'],
  ['governments’ demand', 'governmentDemandNodeHours'],
  ['of that met', 'governmentMetNodeHours'],
] as const;

/** Null where replications are not conditioned on an emergency. */
export function rareEmergenciesPart({ rareEmergencies: rare }: Metrics): Markup | null {
  if (!rare) return null;
  return markup`<h3>With and without a large emergency</h3>
    <p>
      ${sentence(rare)} All other figures of this page are of windows with one; the hardware needed
      always is.
    </p>
    ${table(rare)}`;
}

function sentence({ nodes, probability, effectiveRuns }: RareEmergencies): string {
  return (
    `By the model of emergencies ${describeValue(probability, 'share')} of windows hold one ` +
    `of at least ${nodes} nodes. Each replication was run in a window with one and in a window ` +
    `without, and the two are weighted by that; the weights are worth ` +
    `${effectiveRuns.toFixed(1)} runs of equal weight.`
  );
}

function table({ variants }: RareEmergencies): Markup {
  const cell = (figure: StratifiedFigure[keyof StratifiedFigure]) =>
    describeEstimate(figure, 'node-hours', { withoutUnit: true });
  return renderTable({
    caption: 'Windows with and without a large emergency, node-hours',
    columns: ['Variant', 'Node-hours', 'With one', 'Without', 'As they come', 'In a year'],
    rows: variants.flatMap((variant): Child[][] =>
      FIGURES.map(([name, key]) => {
        const { some, none, expected, perYear } = variant[key];
        return [variant.variant, name, cell(some), cell(none), cell(expected), cell(perYear)];
      }),
    ),
  });
}
