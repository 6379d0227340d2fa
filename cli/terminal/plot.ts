/** Small plots in plain text, for a first look at data in a terminal. */
import { oneLine } from '../../reports/text/printable.ts';
import { pad, textWidth, truncate } from './text.ts';

const LEVELS = '▁▂▃▄▅▆▇█';
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * One character a value, from the least (0 where all are positive) to the greatest. A value that is
 * not finite leaves a gap.
 */
export function sparkline(values: ArrayLike<number>): string {
  const finite = Array.from(values).filter((value) => Number.isFinite(value));
  const low = finite.reduce((least, value) => Math.min(least, value), 0);
  const high = finite.reduce((greatest, value) => Math.max(greatest, value), 0);
  const level = (value: number) => {
    if (!Number.isFinite(value)) return ' ';
    if (high === low) return LEVELS[0]!;
    const share = (value - low) / (high - low);
    return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))]!;
  };
  return Array.from(values, level).join('');
}

/**
 * The means of equal shares of a long series, so that it fits into so many columns.
 *
 * @param columns at least 1
 */
export function condense(values: ArrayLike<number>, columns: number): number[] {
  const count = Math.min(columns, values.length);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((index + 1) * values.length) / count));
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    return sum / (to - from);
  });
}

export interface Bar {
  readonly label: string;
  /** Of less than 0 there is no bar, only the value. */
  readonly value: number;
}

export interface BarChartOptions {
  /** Columns of the longest bar; default 40. */
  readonly width?: number;
  /** How a value is written behind its bar; default: rounded. */
  readonly format?: (value: number) => string;
}

const DEFAULT_BAR_WIDTH = 40;
const MAXIMUM_LABEL_WIDTH = 32;

/** Horizontal bars, one a line, with their labels before and their values behind. */
export function barChart(bars: readonly Bar[], options: BarChartOptions = {}): string {
  const width = options.width ?? DEFAULT_BAR_WIDTH;
  const format = options.format ?? ((value: number) => String(Math.round(value)));
  const labels = bars.map(({ label }) => truncate(oneLine(label), MAXIMUM_LABEL_WIDTH));
  const labelWidth = labels.reduce((widest, label) => Math.max(widest, textWidth(label)), 0);
  const most = bars.reduce((greatest, { value }) => Math.max(greatest, value), 0);
  return bars
    .map(({ value }, index) => {
      const bar = most > 0 ? drawBar((value / most) * width) : '';
      return `${pad(labels[index]!, labelWidth)} ${bar} ${format(value)}`;
    })
    .join('\n');
}

/** A bar of so many columns, to the eighth of one. */
function drawBar(columns: number): string {
  const eighths = Math.max(0, Math.round(columns * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
