/**
 * Numbers as people read them: units with every figure, as many decimals as the interval bears.
 * No locale is asked: the same results print the same everywhere.
 */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import { oneLine } from './printable.ts';

export type Unit =
  'nodes' | 'node-hours' | 'share' | 'seconds' | 'credits' | 'credits per node-hour' | 'count';

export const NO_BREAK = '\u00a0';
export const MINUS = '\u2212';
const MAXIMUM_DECIMALS = 4;

interface Scaling {
  readonly factor: number;
  /** With its leading space, or empty. */
  readonly suffix: string;
}

export interface NumberStyle {
  /** 12,300,000 as 12.3 M; for charts, where there is little room. */
  readonly compact?: boolean;
  /** Always with its sign. */
  readonly signed?: boolean;
  /** Left out where the column or the axis names the unit already. */
  readonly withoutUnit?: boolean;
}

/**
 * `1234.5` → `1,234.50` with two decimals, `1,200` with −2. Minus is U+2212.
 *
 * @param decimals at most 100; below zero: rounded to tens, hundreds, …
 */
export function formatNumber(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return 'undefined';
  const unit = decimals < 0 ? 10 ** -decimals : 1;
  const text = (Math.round(Math.abs(value) / unit) * unit).toFixed(0);
  return group(value, decimals > 0 ? Math.abs(value).toFixed(decimals) : text);
}

function group(value: number, text: string): string {
  const [whole = '0', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = value < 0 && Number(text) !== 0 ? MINUS : '';
  return `${sign}${grouped}${fraction ? `.${fraction}` : ''}`;
}

/** A single value with its unit. */
export function describeValue(value: number, unit: Unit, style: NumberStyle = {}): string {
  const scaling = scalingOf(unit, Math.abs(value), style);
  const scaled = value * scaling.factor;
  return `${sign(scaled, style)}${formatNumber(scaled, decimalsByMagnitude(scaled, unit, scaling))}${scaling.suffix}`;
}

/**
 * A figure with its 95 % interval: `12.3 % [11.0, 13.6]`, `420 [413, 427] nodes`; the reason where there is none, and
 * "one replication" in place of an interval that one replication cannot have.
 */
export function describeEstimate(
  figure: MaybeEstimate,
  unit: Unit,
  style: NumberStyle = {},
): string {
  if (!isEstimate(figure)) return `not available: ${oneLine(figure.reason)}`;
  const interval = describeInterval(figure, unit, style) || '[one replication]';
  if (ATTACHED.has(unit) || style.withoutUnit === true) {
    return `${describeMean(figure, unit, style)} ${interval}`;
  }
  return `${describeMean(figure, unit, { ...style, withoutUnit: true })} ${interval} ${unit}`;
}

/** Units that stand with the mean, before the interval: `12.3 % [11.0, 13.6]`. */
const ATTACHED: ReadonlySet<Unit> = new Set<Unit>(['share', 'seconds', 'count']);

/** What a column of its own says about the unit; empty where the mean says it already. */
export function columnUnit(unit: Unit): string {
  return ATTACHED.has(unit) ? '' : unit;
}

/** The mean alone, with as many decimals as its interval bears. */
export function describeMean(figure: Estimate, unit: Unit, style: NumberStyle = {}): string {
  const { scaling, decimals } = layout(figure, unit, style);
  const scaled = figure.mean * scaling.factor;
  return `${sign(scaled, style)}${formatNumber(scaled, decimals)}${scaling.suffix}`;
}

/** `[11.0, 13.6]` in the unit of the mean; empty for a single replication. */
export function describeInterval(figure: Estimate, unit: Unit, style: NumberStyle = {}): string {
  if (!hasInterval(figure)) return '';
  const { scaling, decimals } = layout(figure, unit, style);
  const ends = figure.ci95.map((end) => {
    const scaled = end * scaling.factor;
    return `${sign(scaled, style)}${formatNumber(scaled, decimals)}`;
  });
  return `[${ends.join(`,${NO_BREAK}`)}]`;
}

/** One replication has a value but no spread. */
export function hasInterval(figure: Estimate): boolean {
  return figure.n >= 2 && Number.isFinite(figure.ci95[0]) && Number.isFinite(figure.ci95[1]);
}

function layout(figure: Estimate, unit: Unit, style: NumberStyle) {
  const ends = hasInterval(figure) ? figure.ci95 : [figure.mean];
  const largest = Math.max(Math.abs(figure.mean), ...ends.map(Math.abs));
  const scaling = scalingOf(unit, largest, style);
  const scaled = figure.mean * scaling.factor;
  const byMagnitude = decimalsByMagnitude(scaled, unit, scaling);
  if (!hasInterval(figure)) return { scaling, decimals: byMagnitude };
  const spread = (Math.abs(figure.ci95[1] - figure.ci95[0]) / 2) * scaling.factor;
  if (spread === 0) return { scaling, decimals: byMagnitude };
  const exponent = Math.floor(Math.log10(spread));
  // One significant digit of the half-width is what the interval bears, two where it begins with
  // a small digit (the rule of the Particle Data Group, which cuts at 3.55).
  const digits = spread < 3.55 * 10 ** exponent ? 2 : 1;
  // The mean keeps two digits of its own, however wide the interval.
  const byMean = scaled === 0 ? 0 : Math.min(2, 1 - Math.floor(Math.log10(Math.abs(scaled))));
  const bySpread = Math.max(digits - 1 - exponent, byMean);
  return { scaling, decimals: Math.min(bySpread, byMagnitude + 1, MAXIMUM_DECIMALS) };
}

function decimalsByMagnitude(scaled: number, unit: Unit, scaling: Scaling): number {
  const magnitude = Math.abs(scaled);
  if (magnitude === 0) return 0;
  const whole = unit === 'nodes' || unit === 'count' || unit === 'seconds';
  if (whole && scaling.factor === 1 && Number.isInteger(scaled)) return 0;
  if (magnitude >= 100) return 0;
  if (magnitude >= 10) return 1;
  return magnitude >= 1 ? 2 : 3;
}

function scalingOf(unit: Unit, largest: number, style: NumberStyle): Scaling {
  const base = unitScaling(unit, largest);
  // A duration's unit depends on its size, so no column can name it.
  if (unit === 'seconds') return base;
  if (unit === 'share') return style.withoutUnit ? { ...base, suffix: '' } : base;
  const compact = style.compact === true ? compactScaling(largest) : { factor: 1, suffix: '' };
  return {
    factor: compact.factor,
    suffix: compact.suffix + (style.withoutUnit ? '' : base.suffix),
  };
}

function unitScaling(unit: Unit, largest: number): Scaling {
  switch (unit) {
    case 'share':
      return { factor: 100, suffix: `${NO_BREAK}%` };
    case 'seconds':
      return durationScaling(largest);
    case 'count':
      return { factor: 1, suffix: '' };
    default:
      return { factor: 1, suffix: `${NO_BREAK}${unit}` };
  }
}

function durationScaling(seconds: number): Scaling {
  if (seconds < 120) return { factor: 1, suffix: `${NO_BREAK}s` };
  if (seconds < 7_200) return { factor: 1 / 60, suffix: `${NO_BREAK}min` };
  if (seconds < 172_800) return { factor: 1 / 3_600, suffix: `${NO_BREAK}h` };
  return { factor: 1 / 86_400, suffix: `${NO_BREAK}d` };
}

function compactScaling(largest: number): Scaling {
  if (largest >= 1e9) return { factor: 1e-9, suffix: `${NO_BREAK}G` };
  if (largest >= 1e6) return { factor: 1e-6, suffix: `${NO_BREAK}M` };
  return { factor: 1, suffix: '' };
}

function sign(scaled: number, style: NumberStyle): string {
  return style.signed === true && scaled > 0 ? '+' : '';
}

/** A round duration for an axis: `15 min`, `4 h`, `2 d`. */
export function describeDuration(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ];
  for (const [length, name] of units) {
    if (seconds >= length && seconds % length === 0) {
      return `${formatNumber(seconds / length, 0)}${NO_BREAK}${name}`;
    }
  }
  const [length, name] = units.find(([least]) => seconds >= least) ?? [1, 's'];
  return `${formatNumber(seconds / length, 1)}${NO_BREAK}${name}`;
}

/** A parameter's value as somebody would write it: `0.5`, `3,600`, at most six digits. */
export function describePlain(value: number): string {
  if (!Number.isFinite(value)) return 'undefined';
  const decimals = /\.(\d+)$/.exec(String(Number(value.toPrecision(6))))?.[1]?.length ?? 0;
  return formatNumber(value, decimals);
}

/** A tick's label with just the decimals that its step needs. */
export function formatTick(value: number, step: number): string {
  const decimals = step > 0 ? Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) : 0;
  return formatNumber(value, Math.min(decimals, 6));
}
