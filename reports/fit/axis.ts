/** Axes of fitted quantities: linear, or logarithmic with ticks that people count in. */
import type { DistributionPair } from '../../core/demand/model-fit.ts';
import { linearTicks } from '../charts/parts/axis.ts';
import type { Tick } from '../charts/parts/axis.ts';
import type { D3 } from '../charts/drawing.ts';
import { describeDuration, describePlain, NO_BREAK } from '../text/number.ts';

type Quantity = Pick<DistributionPair, 'unit' | 'logarithmic'>;

/** A scale in pixels with its ticks. */
export interface QuantityAxis {
  readonly place: (value: number) => number;
  readonly ticks: readonly Tick[];
}

const DAY = 86_400;
const SECONDS = [1, 10, 60, 600, 3_600, 36_000, DAY, 10 * DAY, 100 * DAY, 1000 * DAY];

/** @param pixels where the domain's ends lie; downwards for an upright axis */
export function quantityAxis(
  d3: D3,
  { unit, logarithmic }: Quantity,
  domain: readonly [number, number],
  pixels: readonly [number, number],
  pixelsPerTick: number,
): QuantityAxis {
  if (!logarithmic) {
    const scale = d3.scaleLinear().domain(domain).range(pixels);
    const ticks = linearTicks(scale, Math.abs(pixels[1] - pixels[0]), pixelsPerTick);
    return { place: (value) => scale(value), ticks };
  }
  const [low, high] = [Math.max(domain[0], 1e-6), Math.max(domain[1], 1e-6)];
  const scale = d3
    .scaleLinear()
    .domain([Math.log10(low), Math.log10(Math.max(high, low * 1.01))])
    .range(pixels);
  const place = (value: number) => scale(Math.log10(Math.max(value, low)));
  const values = ticksOf(unit, low, high).filter((value) => value >= low && value <= high);
  const ticks: Tick[] = [];
  for (const value of values) {
    const at = place(value);
    const last = ticks[ticks.length - 1];
    if (last !== undefined && Math.abs(at - last.at) < pixelsPerTick) continue;
    ticks.push({ at, text: tickText(unit, value) });
  }
  return { place, ticks };
}

function tickText(unit: string, value: number): string {
  if (unit !== 's') return describePlain(value);
  return value < 60 ? `${describePlain(value)}${NO_BREAK}s` : describeDuration(value);
}

/** Narrower than this many decades an axis has ticks at 2 and 5, too. */
const FEW_DECADES = 2.5;

function ticksOf(unit: string, low: number, high: number): number[] {
  if (unit === 's') return SECONDS;
  const base = unit === 'processors' ? 2 : 10;
  const steps = base === 10 && Math.log10(high / low) < FEW_DECADES ? [1, 2, 5] : [1];
  const first = Math.floor(Math.log(low) / Math.log(base) + 1e-9);
  const last = Math.ceil(Math.log(high) / Math.log(base) - 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => base ** (first + i));
  return powers.flatMap((power) => steps.map((step) => Number((step * power).toPrecision(6))));
}

/** Name of an axis: seconds have their unit at each tick. */
export function axisTitle(title: string, { unit, logarithmic }: Quantity): string {
  const isSaid = unit === 's' || title.toLowerCase().includes(unit);
  const parts = [isSaid ? '' : unit, logarithmic ? 'logarithmic' : ''].filter(Boolean);
  const [first, rest] = [title.slice(0, 1).toLowerCase(), title.slice(1)];
  return parts.length === 0 ? `${first}${rest}` : `${first}${rest}, ${parts.join(', ')}`;
}
