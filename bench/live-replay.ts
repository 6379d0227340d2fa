/**
 * How long a service takes to come back from a long journal: a million events of a site with a
 * thousand nodes on SQLite, every record's hash checked, and the states that a recovery checks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveIsolation } from '../backends/runner/isolation.ts';
import { recover } from '../backends/runner/recovery.ts';
import { openSqliteStore } from '../backends/store/sqlite.ts';
import type { Benchmark, BenchmarkReport } from './benchmark.ts';
import { sha256, siteOf, writeLongJournal } from './live/long-journal.ts';

const NODES = 1_000;
const EVENTS = 1_000_000;

export const liveReplay: Benchmark = {
  name: 'live-replay',
  title: 'Replay of a live journal of a million events, SQLite store',
  onlyByName: true,
  run,
};

async function run(): Promise<BenchmarkReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
  try {
    const path = join(folder, 'store.db');
    const written = openSqliteStore(path);
    await writeLongJournal(written, NODES, EVENTS);
    await written.close();
    const store = openSqliteStore(path);
    const before = process.cpuUsage();
    const { events } = await recover(liveIsolation, {
      ...{ store, journal: 'isolation', configuration: siteOf(NODES), version: 'bench' },
      ...{ sha256, nowMs: Date.now() },
    });
    const { user, system } = process.cpuUsage(before);
    await store.close();
    const seconds = ((user + system) / 1e6 / events) * EVENTS;
    return {
      figures: [
        {
          ...{ what: 'replay of a million events', value: seconds, unit: 's of CPU' },
          ...{ better: 'less', must: 15, aim: 5 },
        },
      ],
      notes: [`${events} events: leases through handover, enclave and release on ${NODES} nodes.`],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
