/** Metric 1: how much less hardware than static partition needs, from the searches. */
import type { Comparison } from './comparison.ts';
import type { SearchOutcome } from './outcome.ts';
import type { CorrelationPoint, HardwareReduction } from './results.ts';
import { estimate, maybeEstimate, ratioOfMeans } from './statistics.ts';

export function hardwareReduction(
  comparison: Comparison,
  searches: readonly SearchOutcome[],
): HardwareReduction | null {
  const main = searches.filter(({ alignmentHours }) => alignmentHours === 0);
  if (main.length === 0) return null;
  const column = (pick: (search: SearchOutcome) => number) => main.map(pick);
  const needStatic = column((search) => search.requiredStaticNodes);
  const needMarket = column((search) => search.requiredMarketNodes);
  const bound = column((search) => search.intervalBound);
  return {
    variant: comparison.main,
    installedNodes: comparison.installedNodes,
    requiredStaticNodes: estimate(needStatic),
    requiredMarketNodes: estimate(needMarket),
    requiredStaticNodesMaximum: Math.max(...needStatic),
    requiredMarketNodesMaximum: Math.max(...needMarket),
    saving: savingOf(main),
    rightSizing: estimate(
      needStatic.map((need) => (comparison.installedNodes - need) / comparison.installedNodes),
    ),
    workBound: estimate(column((search) => search.workBound)),
    intervalBound: estimate(bound),
    captured: ratioOfMeans(
      needStatic.map((need, index) => need - needMarket[index]!),
      needStatic.map((need, index) => need - bound[index]!),
      0.001 * Math.max(...needStatic),
      'static partition already needs no more than the interval bound',
    ),
    byCorrelation: correlationPoints(searches),
    nonMonotoneReplications: main.filter(({ monotone }) => !monotone).length,
  };
}

function savingOf(searches: readonly SearchOutcome[]) {
  return ratioOfMeans(
    searches.map((search) => search.requiredStaticNodes - search.requiredMarketNodes),
    searches.map((search) => search.requiredStaticNodes),
    0,
    'static partition needs no nodes',
  );
}

function correlationPoints(searches: readonly SearchOutcome[]): CorrelationPoint[] {
  const alignments = [...new Set(searches.map(({ alignmentHours }) => alignmentHours))];
  return alignments
    .sort((a, b) => a - b)
    .flatMap((alignmentHours) => {
      const here = searches.filter((search) => search.alignmentHours === alignmentHours);
      const correlation = maybeEstimate(here.map((search) => search.correlation));
      return 'mean' in correlation ? [{ alignmentHours, correlation, saving: savingOf(here) }] : [];
    });
}
