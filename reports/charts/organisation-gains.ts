/** What each organisation gains, in credits, against being alone. */
import type { Metrics, OrganisationResult } from '../../core/metrics/results.ts';
import { mainVariant } from '../findings/records.ts';
import { verdictOf } from '../findings/verdict.ts';
import { describeEstimate } from '../text/number.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import { withKind } from './parts/names.ts';
import { kindColour } from './parts/palette.ts';

export const organisationGainsChart: Chart = {
  name: 'organisation-gains',
  tell(metrics) {
    const organisations = organisationsOf(metrics);
    if (organisations.length === 0) return { missing: 'This run has no market variant.' };
    return {
      title: titleOf(organisations),
      caption:
        `Under ${metrics.extraDemandMet.variant}: value of the demand met plus receipts minus ` +
        'payments, against the same organisation under static partition on the same draws. Means ' +
        'with 95 % intervals. Below zero an organisation would do better to stay alone. Values ' +
        'are what the scenario says that demand is worth, not money that anybody was offered.',
      description: 'Horizontal bars: gain of each organisation in credits.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: organisations.flatMap((one) => [
          estimateRow(`${one.name}: gain`, one.gainCredits, 'credits', { signed: true }),
          estimateRow(`${one.name}: receipts − payments`, one.netCredits, 'credits', {
            signed: true,
          }),
          estimateRow(`${one.name}: lent`, one.lentNodeHours, 'node-hours'),
          estimateRow(`${one.name}: borrowed`, one.borrowedNodeHours, 'node-hours'),
          estimateRow(`${one.name}: lost`, one.lostNodeHours, 'node-hours'),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = organisationsOf(metrics).map((one) => ({
      label: withKind(one.name, one.kind),
      lanes: [
        {
          figure: one.gainCredits,
          colour: kindColour(one.kind),
          shape: 'bar' as const,
          value: describeEstimate(one.gainCredits, 'credits', {
            compact: true,
            signed: true,
            withoutUnit: true,
          }),
        },
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'gain against static partition, credits',
    });
  },
};

function organisationsOf(metrics: Metrics): readonly OrganisationResult[] {
  return mainVariant(metrics)?.organisations ?? [];
}

function titleOf(organisations: readonly OrganisationResult[]): string {
  const all = organisations.length;
  const count = (verdict: string) =>
    organisations.filter((one) => verdictOf(one.gainCredits) === verdict).length;
  if (count('single') === all) return 'Gain of each organisation, from one replication';
  const [gain, lose] = [count('positive'), count('negative')];
  const unclear = all - gain - lose;
  if (gain === all) return `All ${all} organisations gain from trading`;
  const verb = gain === 1 ? 'gains' : 'gain';
  const parts = [`${gain === 0 ? 'None' : gain} of ${all} organisations ${verb} from trading`];
  if (lose > 0) parts.push(`${lose} ${lose === 1 ? 'loses' : 'lose'}`);
  if (unclear > 0) parts.push(`for ${unclear} it cannot be told`);
  return parts.join(', ');
}
