/** Metric 3: extra demand met with diskless and with diskful provisioning. */
import type { Estimate } from '../../core/metrics/estimate.ts';
import type { ProvisioningEffect } from '../../core/metrics/results.ts';
import { provisioningFinding } from '../findings/headline.ts';
import { describeEstimate } from '../text/number.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { ForestRow, Lane } from './parts/forest.ts';
import { kindName } from './parts/names.ts';
import { BLUE, ORANGE } from './parts/palette.ts';

export const DISKLESS_COLOUR = BLUE;
export const DISKFUL_COLOUR = ORANGE;
export const PROVISIONING_LEGEND = [
  { text: 'BMI (diskless)', colour: DISKLESS_COLOUR, shape: 'bar' },
  { text: 'Foreman (diskful)', colour: DISKFUL_COLOUR, shape: 'bar' },
] as const;

export const provisioningEffectChart: Chart = {
  name: 'provisioning-effect',
  tell(metrics) {
    const effect = metrics.provisioningEffect;
    if (!effect) return { missing: 'This run does not compare ways of provisioning.' };
    return {
      title: provisioningFinding(metrics).short,
      caption:
        'Demand met beyond static partition when nodes are handed over by network boot (BMI) and ' +
        'by installation to disk (Foreman), everything else equal and on the same draws. Means ' +
        'with 95 % intervals; the table has the paired differences, which the title goes by.',
      description: 'Pairs of horizontal bars in node-hours: all organisations, then each kind.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: pairsOf(effect).flatMap(({ name, bmi, foreman, difference }) => [
          estimateRow(`${name}: BMI`, bmi, 'node-hours'),
          estimateRow(`${name}: Foreman`, foreman, 'node-hours'),
          estimateRow(`${name}: BMI − Foreman`, difference, 'node-hours'),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = pairsOf(metrics.provisioningEffect!).map((pair): ForestRow => ({
      label: pair.name,
      lanes: [laneOf(pair.bmi, DISKLESS_COLOUR), laneOf(pair.foreman, DISKFUL_COLOUR)],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'demand met beyond static partition, node-hours',
      legend: PROVISIONING_LEGEND,
    });
  },
};

function pairsOf(effect: ProvisioningEffect) {
  return [
    {
      name: 'all organisations',
      bmi: effect.bmi,
      foreman: effect.foreman,
      difference: effect.difference,
    },
    ...Object.entries(effect.kinds).map(([kind, pair]) => ({ name: kindName(kind), ...pair })),
  ];
}

function laneOf(figure: Estimate, colour: string): Lane {
  const value = describeEstimate(figure, 'node-hours', { compact: true, withoutUnit: true });
  return { figure, colour, shape: 'bar', value };
}
