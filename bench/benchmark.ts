/** What a benchmark is, and how its figures are judged and shown. */
import { availableParallelism, cpus, loadavg } from 'node:os';

/** One figure. Times are CPU seconds of the process, because machines are shared. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Whether more is better; must and aim are bounds on that side. */
  readonly better: 'more' | 'less';
  readonly must?: number;
  readonly aim?: number;
}

export interface BenchmarkReport {
  readonly figures: readonly Figure[];
  /** What was left out and why, and what a reader should know. */
  readonly notes: readonly string[];
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Takes long, or the whole machine: left out unless it is named. */
  readonly onlyByName?: boolean;
  run(): BenchmarkReport | Promise<BenchmarkReport>;
}

/** What `--record` leaves in bench/results/. */
export interface RecordedBenchmark extends BenchmarkReport {
  readonly name: string;
  readonly title: string;
  readonly machine: ReturnType<typeof machine>;
  readonly figures: readonly (Figure & { readonly verdict: Verdict })[];
}

export type Verdict = 'aim met' | 'must met' | 'MISSED' | '';

export function verdict({ value, better, must, aim }: Figure): Verdict {
  const meets = (bound: number) => (better === 'more' ? value >= bound : value <= bound);
  if (must !== undefined && !meets(must)) return 'MISSED';
  if (aim !== undefined && meets(aim)) return 'aim met';
  return must === undefined ? '' : 'must met';
}

/** CPU seconds of this process that a piece of work takes. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Where figures were taken: enough to compare, nothing that names a place. */
export function machine() {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
