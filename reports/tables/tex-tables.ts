/** The tables under tables/: one file each. */
import type { Metrics } from '../../core/metrics/results.ts';
import { estimateCells } from '../text/cells.ts';
import { kindName } from '../charts/parts/names.ts';
import { keyFigures } from '../findings/key-figures.ts';
import { propertyRows } from '../findings/properties.ts';
import { mainVariant } from '../findings/records.ts';
import { columnUnit, describeEstimate, formatNumber } from '../text/number.ts';
import { renderTex } from './tex.ts';

/** File name → contents. */
export function renderTexTables(metrics: Metrics): Map<string, string> {
  return new Map([
    ['headline.tex', headlineTable(metrics)],
    ['variants.tex', variantsTable(metrics)],
    ['organisations.tex', organisationsTable(metrics)],
    ['mechanism.tex', mechanismTable(metrics)],
    ['provisioning-times.tex', provisioningTable(metrics)],
  ]);
}

function aboutOf(metrics: Metrics, what: string): string {
  return (
    `${what}, scenario ${metrics.scenario}, seed ${metrics.seed}, ` +
    `${metrics.replications} replications, digest ${metrics.digest}`
  );
}

function headlineTable(metrics: Metrics): string {
  return renderTex({
    about: aboutOf(metrics, 'Key figures'),
    columns: ['Figure', 'Mean', '95 % interval', 'Unit'],
    alignment: 'lrll',
    rows: keyFigures(metrics).flatMap(({ figures }) =>
      figures.map(({ label, figure, unit }) => {
        const [mean, interval] = estimateCells(figure, unit);
        return [label, mean, interval, columnUnit(unit)];
      }),
    ),
  });
}

function variantsTable(metrics: Metrics): string {
  const bare = { withoutUnit: true };
  const extra = new Map(metrics.extraDemandByVariant.map((one) => [one.variant, one.nodeHours]));
  return renderTex({
    about: aboutOf(metrics, 'Variants'),
    columns: ['Variant', 'Demand met, node-hours', 'Beyond static, node-hours', 'Utilisation'],
    alignment: 'lrrr',
    rows: metrics.variants.map((variant) => {
      const beyond = extra.get(variant.name);
      return [
        variant.name,
        describeEstimate(variant.metNodeHours, 'node-hours', bare),
        beyond ? describeEstimate(beyond, 'node-hours', bare) : '–',
        describeEstimate(variant.utilisation, 'share'),
      ];
    }),
  });
}

function organisationsTable(metrics: Metrics): string {
  const bare = { withoutUnit: true };
  const organisations = mainVariant(metrics)?.organisations ?? [];
  return renderTex({
    about: aboutOf(metrics, `Organisations under ${metrics.extraDemandMet.variant}`),
    columns: [
      'Organisation',
      'Kind',
      'Nodes',
      'Demand met',
      'Lent, node-hours',
      'Borrowed, node-hours',
      'Gain, credits',
    ],
    alignment: 'llrrrrr',
    rows: organisations.map((one) => [
      one.name,
      kindName(one.kind),
      formatNumber(one.installedNodes, 0),
      describeEstimate(one.metShare, 'share'),
      describeEstimate(one.lentNodeHours, 'node-hours', bare),
      describeEstimate(one.borrowedNodeHours, 'node-hours', bare),
      describeEstimate(one.gainCredits, 'credits', bare),
    ]),
  });
}

function mechanismTable(metrics: Metrics): string {
  return renderTex({
    about: aboutOf(metrics, 'What mechanisms claim and what was measured'),
    columns: ['Variant', 'Property', 'Claimed for', 'Measured', 'Claim'],
    alignment: 'lllll',
    rows: metrics.variants.flatMap((variant) =>
      variant.market
        ? propertyRows(variant.market).map((row) => [
            variant.name,
            row.property,
            row.claimed,
            row.measured,
            row.verdict,
          ])
        : [],
    ),
  });
}

function provisioningTable(metrics: Metrics): string {
  return renderTex({
    about: aboutOf(metrics, 'Provisioning time of one node'),
    columns: ['Method', 'Firmware', 'Security level', 'Phase', 'Seconds'],
    alignment: 'llllr',
    rows: metrics.provisioningTimes.flatMap((time) => {
      const way = [time.method, time.firmware, time.securityLevel];
      return [
        ...time.phases.map((phase) => [...way, phase.name, formatNumber(phase.seconds, 0)]),
        [...way, 'total', formatNumber(time.totalSeconds, 0)],
      ];
    }),
  });
}
