/**
 * A year of the market: five organisations, a round every 15 minutes, every lease walked through
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
    const script = join(import.meta.dirname, 'market-year-run.ts');
    const run = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`market-year-run.ts failed: ${run.stderr}`);
    const result = JSON.parse(run.stdout) as Record<string, number>;
    const size = (what: string, key: string): Figure => {
      return { what, value: result[key]!, unit: '', better: 'more' };
    };
    const figures: Figure[] = [
      {
        what: 'one replication',
        value: result['seconds']!,
        unit: 'CPU-s',
        better: 'less',
        must: 20,
        aim: 5,
      },
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
    return { figures, notes: ['demand, rounds, leases and events are those of seed 1'] };
  },
};
