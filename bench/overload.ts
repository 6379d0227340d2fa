/**
 * The live isolation service with more requests than may wait: twelve clients for each that it was
 * busy with before. Who is turned away comes back when it is told to.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newToken } from '../backends/http/tokens.ts';
import type { Benchmark, BenchmarkReport } from './benchmark.ts';
import { load, NODES, percentile, type Load } from './live/clients.ts';
import { end, peakMegabytes, start } from './live/measured-server.ts';

const RUN_MS = 10_000;
const BUSY_CLIENTS = 1_000;
/** More than the 10,000 requests that may wait. */
const TOO_MANY_CLIENTS = 12_000;

export const overload: Benchmark = {
  name: 'overload',
  title: 'Live isolation service with twelve times the clients that it is busy with',
  onlyByName: true,
  run,
};

const answers = ({ leaseMs, freeMs }: Load) => leaseMs.length + freeMs.length;

async function run(): Promise<BenchmarkReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
  const { token, sha256: tokenSha256 } = newToken();
  try {
    const path = join(folder, 'store.db');
    const server = await start({ tokenSha256, nodes: NODES, path, commits: 'grouped' });
    await load(server.port, token, BUSY_CLIENTS, RUN_MS / 2, 'warm');
    const busy = await load(server.port, token, BUSY_CLIENTS, RUN_MS, 'busy');
    const before = peakMegabytes(server);
    const loaded = await load(server.port, token, TOO_MANY_CLIENTS, RUN_MS, 'loaded');
    const after = peakMegabytes(server);
    await end(server);
    const goodput = answers(loaded) / loaded.seconds / (answers(busy) / busy.seconds);
    const latency = percentile(loaded.leaseMs, 0.99) / 1_000;
    const figure = (what: string, value: number, unit: string) =>
      ({ what, value, unit, better: 'less' }) as const;
    return {
      figures: [
        { what: 'goodput ÷ that before', value: goodput, unit: '', better: 'more', must: 0.9 },
        { ...figure('most memory ÷ that before', after / before, ''), must: 1.2 },
        figure('memory before', before, 'MB'),
        figure('lease: p99', latency, 's'),
        figure('turned away, told to come back', loaded.turnedAway, 'answers'),
        { ...figure('errors', loaded.errors.length + busy.errors.length, ''), must: 0 },
      ],
      notes: [
        `${TOO_MANY_CLIENTS} connections with a request each, ${BUSY_CLIENTS} before; the load comes from the same machine.`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
