/** Metric 4b and 4c: what attestation brings those who need it, and costs the others. */
import type { SecurityEffect } from '../../core/metrics/results.ts';
import { securityFinding } from '../findings/headline.ts';
import { describeEstimate } from '../text/number.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { ForestRow } from './parts/forest.ts';
import { BLUE, ORANGE, REFERENCE, VERMILLION } from './parts/palette.ts';

export const sensitiveDemandChart: Chart = {
  name: 'sensitive-demand',
  tell(metrics) {
    const result = metrics.security;
    if (!result) return { missing: 'This run does not look at security.' };
    return {
      title: securityFinding(metrics).short,
      caption:
        'Demand met by the organisations that demand attestation: on the market with attestation, ' +
        'under static partition, and where every hand-over takes an installation to disk and, as ' +
        'far as the scenario assumes it, a re-flash of the firmware. The last row is what the ' +
        'other organisations meet less because attestation takes time. Means with 95 % intervals.',
      description:
        'Horizontal bars in node-hours: market, static partition, slow provisioning, cost to others.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: [
          ...entriesOf(result).map(({ name, figure }) => estimateRow(name, figure, 'node-hours')),
          estimateRow('market − static partition', result.sensitive.difference, 'node-hours'),
        ],
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = entriesOf(metrics.security!).map(({ name, figure, colour }): ForestRow => ({
      label: name,
      lanes: [
        {
          figure,
          colour,
          shape: 'bar',
          value: describeEstimate(figure, 'node-hours', { compact: true, withoutUnit: true }),
        },
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [
        { heading: 'Met by security-sensitive organisations', rows: rows.slice(0, 3) },
        { heading: 'Cost to the others', rows: rows.slice(3) },
      ],
      axisTitle: 'demand, node-hours',
    });
  },
};

function entriesOf(
  result: SecurityEffect,
): { name: string; figure: MaybeEstimate; colour: string }[] {
  return [
    { name: 'market, attested', figure: result.sensitive.market, colour: BLUE },
    { name: 'static partition', figure: result.sensitive.static, colour: REFERENCE },
    { name: 'slow provisioning', figure: result.sensitive.slowProvisioning, colour: ORANGE },
    { name: 'met less', figure: result.costToOthers, colour: VERMILLION },
  ];
}
