/** Which axes matter, as rows that page, terminal, chart and files share. */
import type {
  MeasureVariance,
  SweepAxis,
  SweepResults,
  VarianceTerm,
} from '../../core/metrics/sweep/results.ts';
import { describeEstimate, formatNumber } from '../text/number.ts';
import { renderCsv } from '../tables/csv.ts';
import type { Cell } from '../tables/csv.ts';

/** What rounds to 1 % at the least. */
const SMALLEST_SHOWN = 0.005;

type Analysed = Extract<MeasureVariance, { terms: unknown }>;

/** One part of a measure's variance. */
export interface VariancePart {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
  readonly kind: 'axis' | 'interaction' | 'chance';
}

export function isAnalysed(variance: MeasureVariance): variance is Analysed {
  return 'terms' in variance;
}

/** Whether there is anything to show. */
export function hasVariance({ variance }: SweepResults): boolean {
  return variance?.some(isAnalysed) ?? false;
}

/** `site × load`. */
export function termName({ axes }: Pick<VarianceTerm, 'axes'>): string {
  return axes.join(' × ');
}

/** Parts that add up to 1: each axis, then interactions, then chance; those that cannot be are left out. */
export function variancePartsOf(variance: Analysed, screened: boolean): VariancePart[] {
  const alone = variance.terms.filter(({ axes }) => axes.length === 1);
  const pairs = variance.terms.filter(({ axes }) => axes.length === 2);
  const sum = pairs.reduce((total, { share }) => total + share, 0);
  return [
    ...alone.map((term): VariancePart => ({
      name: termName(term),
      share: term.share,
      kind: 'axis',
    })),
    ...(pairs.length > 0
      ? [{ name: 'two axes together', share: sum, kind: 'interaction' } as const]
      : []),
    ...(screened || alone.length > 2
      ? [
          {
            name: screened ? 'axes together' : 'more axes together',
            share: variance.otherInteractions,
            kind: 'interaction',
          } as const,
        ]
      : []),
    { name: 'replications', share: variance.ofReplications, kind: 'chance' },
    { name: 'chance', share: variance.rest, kind: 'chance' },
  ];
}

/** `62 %`; what rounds to nothing but is not is `< 1 %`. */
export function describeShare(share: number): string {
  if (share > 0 && share < SMALLEST_SHOWN) return '< 1 %';
  return `${formatNumber(100 * share, 0)} %`;
}

/** `0.0019`, `< 0.0001`; a dash where nothing is left to chance. */
export function describeP(p: number | null): string {
  if (p === null) return '–';
  return p < 0.0001 ? '< 0.0001' : formatNumber(p, 4);
}

/** The largest first. */
export function rankedTerms({ terms }: Analysed): VarianceTerm[] {
  return [...terms].sort((a, b) => b.share - a.share);
}

export const VARIANCE_COLUMNS = ['Measure', 'Axis', 'Share', 'Less chance', 'F', 'p', 'Effect'];

/** One row for each measure and term, the largest share of each measure first. */
export function varianceRows(results: SweepResults): string[][] {
  return (results.variance ?? []).flatMap((variance, index) => {
    if (!isAnalysed(variance))
      return [[variance.measure, variance.reason, '–', '–', '–', '–', '–']];
    const { unit } = results.measures[index]!;
    return rankedTerms(variance).map((term) => [
      variance.measure,
      termName(term),
      describeShare(term.share),
      describeShare(term.shareUnbiased),
      term.f === null ? '–' : formatNumber(term.f, 2),
      describeP(term.p),
      term.effect
        ? `${ends(results.axes, term.axes[0]!)}: ${describeEstimate(term.effect, unit, { signed: true })}`
        : '–',
    ]);
  });
}

function ends(axes: readonly SweepAxis[], name: string): string {
  const levels = axes.find((axis) => axis.name === name)?.levels ?? [];
  return `${levels[0] ?? ''} → ${levels.at(-1) ?? ''}`;
}

/** Lines for a terminal: the parts of each measure, the largest first. */
export function varianceLines(results: SweepResults): string[] {
  if (!hasVariance(results)) return [];
  const lines = ['', 'Share of the variance'];
  for (const variance of results.variance ?? []) {
    if (!isAnalysed(variance)) {
      lines.push(`  ${variance.measure}: – (${variance.reason})`);
      continue;
    }
    const parts = variancePartsOf(variance, results.screen !== undefined)
      .filter(({ share }) => share >= SMALLEST_SHOWN)
      .sort((a, b) => b.share - a.share)
      .map(({ name, share }) => `${name} ${describeShare(share)}`);
    lines.push(`  ${variance.measure}: ${parts.join(' · ')}`);
  }
  return lines;
}

/** Tidy: one row for each measure and term, then what is left. */
export function renderVarianceCsv({ variance }: SweepResults): string {
  const columns = ['measure', 'term', 'df', 'sumOfSquares', 'share', 'shareUnbiased', 'f', 'p'];
  const rows = (variance ?? []).flatMap((one): Cell[][] => {
    const blank = Array.from({ length: 10 }, () => null);
    if (!isAnalysed(one)) return [[one.measure, ...blank, one.reason]];
    const left = (name: string, share: number): Cell[] => {
      return [one.measure, name, null, null, share, ...blank.slice(0, 6), null];
    };
    return [
      ...one.terms.map((term): Cell[] => {
        const { degreesOfFreedom, sumOfSquares, share, shareUnbiased, f, p, effect } = term;
        const interval = effect ? [effect.mean, ...effect.ci95] : [null, null, null];
        const start = [one.measure, termName(term), degreesOfFreedom, sumOfSquares];
        return [...start, share, shareUnbiased, f, p, ...interval, null];
      }),
      left('other interactions', one.otherInteractions),
      left('replications', one.ofReplications),
      left('rest', one.rest),
    ];
  });
  return renderCsv([...columns, 'effect', 'lo', 'hi', 'reason'], rows);
}
