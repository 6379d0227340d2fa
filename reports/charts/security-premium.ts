/** Metric 4a: what a node that can be attested costs more than one that cannot. */
import { premiumSentence } from '../findings/headline.ts';
import { describeEstimate } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import { BLUE } from './parts/palette.ts';

export const securityPremiumChart: Chart = {
  name: 'security-premium',
  tell(metrics) {
    const premium = metrics.security?.premium;
    if (!premium || Object.keys(premium).length === 0) {
      return { missing: 'This run has no premium: no class can be attested, or every class can.' };
    }
    return {
      title: premiumSentence(premium).replace(/\.$/, ''),
      caption:
        'Mean price of a node-hour of the class minus that of the classes without TPM, over the ' +
        'whole run; means with 95 % intervals. A difference of prices between classes holds ' +
        'everything in which they differ, not only that one can be attested.',
      description: 'Points with intervals: price premium in credits per node-hour by class.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: Object.entries(premium).map(([name, figure]) =>
          estimateRow(name, figure, 'credits per node-hour', { signed: true }),
        ),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = Object.entries(metrics.security!.premium).map(([name, figure]) => ({
      label: `class ${oneLine(name)}`,
      lanes: [
        {
          figure,
          colour: BLUE,
          shape: 'dot' as const,
          value: describeEstimate(figure, 'credits per node-hour', {
            signed: true,
            withoutUnit: true,
          }),
        },
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'premium, credits per node-hour',
    });
  },
};
