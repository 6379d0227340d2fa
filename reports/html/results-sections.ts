/** Tables of results that are no figures: variants, organisations in their own language. */
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { withKind } from '../charts/parts/names.ts';
import { entryOf, mainVariant, STATIC, staticVariant } from '../findings/records.ts';
import { contradictions, propertyRows } from '../findings/properties.ts';
import { describeEstimate } from '../text/number.ts';
import type { Unit } from '../text/number.ts';
import { describeMeasure, unitOfMeasure } from '../text/names.ts';
import { markup } from './markup.ts';
import type { Child, Markup } from './markup.ts';
import { renderTable } from './table.ts';

export function variantsTable(metrics: Metrics): Markup {
  const extra = new Map(metrics.extraDemandByVariant.map((one) => [one.variant, one]));
  return renderTable({
    caption: 'Variants of this run',
    columns: [
      'Variant',
      'Mechanism',
      'Provisioning',
      'Attested',
      'Demand met, node-hours',
      'Beyond static, node-hours',
    ],
    rows: metrics.variants.map((variant) => [
      variant.forkedFrom
        ? `${variant.name}, from ${variant.forkedFrom.variant} on day ${variant.forkedFrom.day}`
        : variant.name,
      variant.mechanism,
      variant.provisioning,
      variant.attestation ? 'yes' : 'no',
      bare(variant.metNodeHours, 'node-hours'),
      bare(extra.get(variant.name)?.nodeHours, 'node-hours'),
    ]),
  });
}

/** Waits, lost load, deadlines, time to capacity: each organisation in the language of its kind. */
export function ownMeasuresTable(metrics: Metrics): Markup | null {
  const before = staticVariant(metrics)?.organisations ?? [];
  const after = mainVariant(metrics)?.organisations ?? before;
  const rows: Child[][] = after.flatMap((organisation) => {
    const alone = before.find((one) => one.name === organisation.name)?.ownMeasures ?? {};
    const names = new Set([...Object.keys(alone), ...Object.keys(organisation.ownMeasures)]);
    return [...names].map((name) => [
      withKind(organisation.name, organisation.kind),
      describeMeasure(name),
      cell(entryOf(alone, name), unitOfMeasure(name)),
      cell(entryOf(organisation.ownMeasures, name), unitOfMeasure(name)),
    ]);
  });
  if (rows.length === 0) return null;
  const main = mainVariant(metrics)?.name ?? STATIC;
  return markup`<h3>Each organisation in its own language</h3>
    ${renderTable({ caption: 'Measures of each organisation', columns: ['Organisation', 'Measure', 'Static partition', main], rows })}`;
}

export function mechanismSection(metrics: Metrics): Markup {
  const markets = metrics.variants.flatMap((variant) =>
    variant.market ? [{ variant, market: variant.market }] : [],
  );
  const isMain = ({ variant }: (typeof markets)[number]) =>
    variant.name === metrics.extraDemandMet.variant;
  markets.sort((a, b) => Number(isMain(b)) - Number(isMain(a)));
  const broken = markets.flatMap(({ market }) => contradictions(market)).length;
  const tables = markets.map(({ variant, market }) => {
    const rows = propertyRows(market).map((row) => [
      row.property,
      row.claimed,
      row.measured,
      row.verdict === 'contradicted' ? markup`<span class="bad">contradicted</span>` : row.verdict,
    ]);
    const columns = ['Property', 'Claimed for', 'Measured', 'Claim'];
    const caption = `Properties of ${variant.name}`;
    const title = `${variant.name}: mechanism ${variant.mechanism}`;
    const table = renderTable({ caption, columns, rows });
    if (variant.name === metrics.extraDemandMet.variant) return markup`<h3>${title}</h3>${table}`;
    return markup`<details>
      <summary>${title}</summary>
      ${table}
    </details>`;
  });
  return markup`<section id="mechanism">
    <h2>Does the market behave?</h2>
    <p>${introduce(markets.length, broken)}</p>
    ${tables}
  </section>\n`;
}

function introduce(markets: number, broken: number): string {
  if (markets === 0) return 'No variant of this run trades, so there is nothing to claim.';
  const verdict =
    broken === 0
      ? 'No figure of this run contradicts a claim.'
      : `${broken} of the claims are contradicted by this run.`;
  return (
    `${verdict} A claim names the domain that it is made for; “never” means that nothing is ` +
    'claimed. A run can contradict a claim but never prove it, and what is marked “not checked” ' +
    'was not looked at here.'
  );
}

function cell(figure: MaybeEstimate | undefined, unit: Unit): string {
  return figure === undefined ? '–' : describeEstimate(figure, unit);
}

function bare(figure: MaybeEstimate | undefined, unit: Unit): string {
  return figure === undefined ? '–' : describeEstimate(figure, unit, { withoutUnit: true });
}
