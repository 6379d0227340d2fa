/** Hourly values made fit for a plot: fewer points than pixels, gaps kept. */

/** Lengths of a bucket, hours: fine enough for a daily rhythm, or whole days. */
const BUCKET_HOURS = [1, 2, 3, 24, 48, 96, 168];

export interface Bucketed {
  readonly hours: number;
  /** Middle of each bucket, days. */
  readonly day: readonly number[];
  readonly mean: (values: readonly (number | null)[]) => (number | null)[];
  /** Least and largest value of each bucket. */
  readonly range: (values: readonly (number | null)[]) => ([number, number] | null)[];
}

/** The finest bucket that leaves at most `most` points. @param hour ascending */
export function bucket(hour: readonly number[], most: number): Bucketed {
  const first = hour[0] ?? 0;
  const extent = (hour.at(-1) ?? 0) - first + 1;
  const hours = BUCKET_HOURS.find((length) => extent / length <= most) ?? BUCKET_HOURS.at(-1)!;
  const count = Math.max(1, Math.ceil(extent / hours));
  const indexOf = (at: number) => Math.floor((hour[at]! - first) / hours);
  return {
    hours,
    day: Array.from({ length: count }, (_, index) => (first + (index + 0.5) * hours) / 24),
    mean(values) {
      const sums = new Float64Array(count);
      const counts = new Float64Array(count);
      values.forEach((value, at) => {
        if (value === null || at >= hour.length || !Number.isFinite(value)) return;
        const index = indexOf(at);
        sums[index] = sums[index]! + value;
        counts[index] = counts[index]! + 1;
      });
      return Array.from(sums, (sum, index) => (counts[index]! > 0 ? sum / counts[index]! : null));
    },
    range(values) {
      const ranges = new Array<[number, number] | null>(count).fill(null);
      values.forEach((value, at) => {
        if (value === null || at >= hour.length || !Number.isFinite(value)) return;
        const index = indexOf(at);
        const [low, high] = ranges[index] ?? [value, value];
        ranges[index] = [Math.min(low, value), Math.max(high, value)];
      });
      return ranges;
    },
  };
}

export const WEEK_HOURS = 168;

/** Mean of every hour of the week over all weeks; null where there was no value. */
export function meanWeek(
  hour: readonly number[],
  values: readonly (number | null)[],
): (number | null)[] {
  const sums = new Float64Array(WEEK_HOURS);
  const counts = new Float64Array(WEEK_HOURS);
  hour.forEach((at, index) => {
    const value = values[index] ?? null;
    if (value === null || !Number.isFinite(value)) return;
    const slot = ((Math.floor(at) % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS;
    sums[slot] = sums[slot]! + value;
    counts[slot] = counts[slot]! + 1;
  });
  return Array.from(sums, (sum, slot) => (counts[slot]! > 0 ? sum / counts[slot]! : null));
}

/** Days between ticks so that about one tick comes to every `pixels`. */
export function dayStep(days: number, width: number, pixels: number): number {
  const most = Math.max(2, Math.floor(width / pixels));
  const steps = [1, 2, 7, 14, 28, 56, 91, 182, 364];
  return steps.find((step) => days / step <= most) ?? Math.ceil(days / most);
}
