/**
 * A year of the market: five organisations, a round every 15 or 5 minutes, every lease walked through
 * isolation, attestation and provisioning. In a process of its own, compiled by a short run first.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Benchmark, Figure } from './benchmark.ts';

export const marketYear: Benchmark = {
  name: 'market-year',
  title:
    'Market: one year, five organisations, exchange-threshold every 15 minutes, one replication',
  run() {
    const result = yearOf({ epochMinutes: 15, slotMinutes: 15, walk: 'services' });
    const seconds = secondsOf('one replication', result, { must: 20, aim: 5 });
    return { figures: [seconds, ...sizes(result)], notes: [SIZES_NOTE] };
  },
};

/**
 * Slots stay at 15 minutes, as in `market-year`: windows begin with their round, so that rounds more
 * often mean less waiting, while slots only say by how much a lease is rounded up.
 */
export const marketYear5Minutes: Benchmark = {
  name: 'market-year-5-minutes',
  title:
    'Market: one year, five organisations, exchange-threshold every 5 minutes, one replication',
  run() {
    const year = { epochMinutes: 5, slotMinutes: 15, walk: 'services' } as const;
    const result = yearOf(year);
    const shortSlots = yearOf({ ...year, slotMinutes: 5 });
    const timed = yearOf({ ...year, walk: 'timed' });
    const figures: Figure[] = [
      secondsOf('one replication', result, { must: 30, aim: 5 }),
      secondsOf('with slots of 5 minutes', shortSlots, { must: 30, aim: 5 }),
      secondsOf('with nodes by their durations alone', timed, {}),
      ...sizes(result),
    ];
    return { figures, notes: [SIZES_NOTE] };
  },
};

interface Year {
  readonly epochMinutes: number;
  readonly slotMinutes: number;
  readonly walk: 'services' | 'timed';
}

type YearResult = Readonly<Record<string, number>>;

const SIZES_NOTE = 'demand, rounds, leases and events are those of seed 1';

function yearOf({ epochMinutes, slotMinutes, walk }: Year): YearResult {
  const script = join(import.meta.dirname, 'market-year-run.ts');
  const argv = [script, String(epochMinutes), String(slotMinutes), walk];
  const run = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`market-year-run.ts failed: ${run.stderr}`);
  return JSON.parse(run.stdout) as YearResult;
}

function secondsOf(
  what: string,
  result: YearResult,
  bounds: { readonly must?: number; readonly aim?: number },
): Figure {
  return { what, value: result['seconds']!, unit: 'CPU-s', better: 'less', ...bounds };
}

function sizes(result: YearResult): Figure[] {
  const size = (what: string, key: string): Figure => {
    return { what, value: result[key]!, unit: '', better: 'more' };
  };
  return [
    {
      what: 'events of the services',
      value: result['events']! / result['seconds']!,
      unit: 'events/CPU-s',
      better: 'more',
    },
    size('rounds in the measured window', 'rounds'),
    size('rounds with bids and asks', 'clearedRounds'),
    size('bids a round, mean', 'bidsPerRound'),
    size('bids a round, most', 'mostBids'),
    size('asks a round, mean', 'asksPerRound'),
    size('leases', 'leases'),
    size('node-leases', 'nodeLeases'),
    size('events', 'events'),
  ];
}
