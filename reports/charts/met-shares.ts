/** Share of its demand that each organisation meets, alone and with trading. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { mainVariant, staticVariant } from '../findings/records.ts';
import { larger } from '../findings/verdict.ts';
import { describeEstimate } from '../text/number.ts';
import type { Chart } from './chart.ts';
import { ESTIMATE_COLUMNS, estimateRow } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { Lane } from './parts/forest.ts';
import { withKind } from './parts/names.ts';
import { BLUE, REFERENCE } from './parts/palette.ts';

interface Pair {
  readonly name: string;
  readonly kind: string;
  readonly alone: MaybeEstimate | undefined;
  readonly trading: MaybeEstimate | undefined;
}

export const metSharesChart: Chart = {
  name: 'met-shares',
  tell(metrics) {
    const pairs = pairsOf(metrics);
    if (pairs.length === 0) return { missing: 'This run has no organisations.' };
    const main = metrics.extraDemandMet.variant;
    return {
      title: titleOf(pairs),
      caption:
        'Demand met ÷ demand, each in the sense of its own kind: jobs that finish within their ' +
        'patience, load served at its instant, experiments done by their deadline, emergencies ' +
        'staffed in time. Means with 95 % intervals. The intervals of two bars are not an ' +
        'interval of their difference, which is paired and tighter.',
      description:
        'Pairs of horizontal bars, one pair for each organisation: share of demand met under ' +
        `static partition and under ${main}.`,
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: pairs.flatMap((pair) => [
          ...(pair.alone ? [estimateRow(`${pair.name}: static`, pair.alone, 'share')] : []),
          ...(pair.trading ? [estimateRow(`${pair.name}: ${main}`, pair.trading, 'share')] : []),
        ]),
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = pairsOf(metrics).map((pair) => ({
      label: withKind(pair.name, pair.kind),
      lanes: [
        ...(pair.alone ? [laneOf(pair.alone, REFERENCE)] : []),
        ...(pair.trading ? [laneOf(pair.trading, BLUE)] : []),
      ],
    }));
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'demand met, % of own demand',
      factor: 100,
      domain: [0, 1],
      legend: [
        { text: 'static partition', colour: REFERENCE, shape: 'bar' },
        { text: metrics.extraDemandMet.variant, colour: BLUE, shape: 'bar' },
      ],
    });
  },
};

function laneOf(figure: MaybeEstimate, colour: string): Lane {
  return { figure, colour, shape: 'bar', value: describeEstimate(figure, 'share') };
}

function pairsOf(metrics: Metrics): Pair[] {
  const alone = staticVariant(metrics)?.organisations ?? [];
  const trading = mainVariant(metrics)?.organisations ?? [];
  const order = trading.length > 0 ? trading : alone;
  return order.map(({ name, kind }) => ({
    name,
    kind,
    alone: alone.find((one) => one.name === name)?.metShare,
    trading: trading.find((one) => one.name === name)?.metShare,
  }));
}

function titleOf(pairs: readonly Pair[]): string {
  let more = 0;
  let less = 0;
  for (const { alone, trading } of pairs) {
    if (!alone || !trading || !isEstimate(alone) || !isEstimate(trading)) continue;
    const order = larger(trading, alone);
    if (order === 'first') more += 1;
    if (order === 'second') less += 1;
  }
  if (more === pairs.length) return `All ${more} organisations meet clearly more of their demand`;
  if (more === 0 && less === 0) return 'Share of its demand that each organisation meets';
  const lost = less > 0 ? ` and ${less} clearly less` : '';
  return `${more} of ${pairs.length} organisations meet clearly more of their demand${lost}`;
}
