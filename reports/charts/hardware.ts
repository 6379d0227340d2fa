/** Metric 1: how many nodes are installed, needed alone, needed with trading, and at the least. */
import type { HardwareReduction } from '../../core/metrics/results.ts';
import { describeEstimate, describeMean } from '../text/number.ts';
import { exactly } from '../findings/records.ts';
import { hardwareFinding } from '../findings/headline.ts';
import type { Chart } from './chart.ts';
import { estimateRow, ESTIMATE_COLUMNS } from '../text/cells.ts';
import { drawForest } from './parts/forest.ts';
import type { ForestRow, Lane } from './parts/forest.ts';
import { BLUE, INK, MUTED, REFERENCE, VERMILLION } from './parts/palette.ts';

export const hardwareChart: Chart = {
  name: 'hardware',
  tell(metrics) {
    const result = metrics.hardwareReduction;
    if (!result) return { missing: 'This run did not search for the hardware that is needed.' };
    return {
      title: hardwareFinding(metrics).short,
      caption:
        'Bars are means over the replications with 95 % intervals; a diamond is the largest need ' +
        'of any replication. Alone: the least hardware with which every organisation meets the ' +
        'demand that it meets today. With trading: the least with which the market does so. The ' +
        'two bounds say what no scheduler could go below for the same work; they are no result. ' +
        'What is installed beyond the need alone is right-sizing and no effect of trading.',
      description:
        'Horizontal bars, in nodes: installed, needed by each organisation alone, needed with ' +
        'trading, interval bound and work bound.',
      table: {
        columns: ESTIMATE_COLUMNS,
        rows: [
          ['Installed', `${result.installedNodes}`, '', '', 'nodes'],
          estimateRow('Needed alone', result.requiredStaticNodes, 'nodes'),
          ['Needed alone, largest', `${result.requiredStaticNodesMaximum}`, '', '', 'nodes'],
          estimateRow('Needed with trading', result.requiredMarketNodes, 'nodes'),
          ['Needed with trading, largest', `${result.requiredMarketNodesMaximum}`, '', '', 'nodes'],
          estimateRow('Interval bound', result.intervalBound, 'nodes'),
          estimateRow('Work bound', result.workBound, 'nodes'),
          estimateRow('Saving', result.saving, 'share'),
          estimateRow('Right-sizing', result.rightSizing, 'share'),
          estimateRow('Captured of the possible saving', result.captured, 'share'),
        ],
      },
    };
  },
  draw(d3, root, metrics, { width }) {
    const rows = rowsOf(metrics.hardwareReduction!);
    return drawForest(d3, root, {
      width,
      groups: [{ heading: null, rows }],
      axisTitle: 'nodes',
      legend: [{ text: 'largest need of any replication', colour: INK, shape: 'diamond' }],
    });
  },
};

function rowsOf(result: HardwareReduction): ForestRow[] {
  const bar = (figure: Lane['figure'], colour: string, more: Partial<Lane> = {}): Lane => ({
    figure,
    colour,
    shape: 'bar',
    value: describeEstimate(figure, 'nodes', { withoutUnit: true }),
    ...more,
  });
  const largest = (value: number) => ({ reference: { value, shape: 'diamond' as const } });
  const installed = exactly(result.installedNodes);
  return [
    {
      label: 'Installed',
      lanes: [bar(installed, MUTED, { value: describeMean(installed, 'count') })],
    },
    {
      label: 'Needed, each alone',
      lanes: [
        bar(result.requiredStaticNodes, REFERENCE, largest(result.requiredStaticNodesMaximum)),
      ],
    },
    {
      label: 'Needed with trading',
      lanes: [bar(result.requiredMarketNodes, BLUE, largest(result.requiredMarketNodesMaximum))],
    },
    {
      label: 'Interval bound',
      lanes: [bar(result.intervalBound, VERMILLION, { light: true })],
    },
    { label: 'Work bound', lanes: [bar(result.workBound, VERMILLION, { light: true })] },
  ];
}
