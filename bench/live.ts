/**
 * The live isolation service: durable leases and frees over HTTP on a SQLite store, with few and
 * with many clients, beside the disk's own speed and beside one commit a request.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newToken } from '../backends/http/tokens.ts';
import type { Benchmark, BenchmarkReport, Figure } from './benchmark.ts';
import { load, NODES, percentile, type Load } from './live/clients.ts';
import { cpuMicroseconds, end, start } from './live/measured-server.ts';

const RUN_MS = 5_000;
const SYNCS = 400;

export const live: Benchmark = {
  name: 'live',
  title: 'Live isolation service: durable leases over HTTP, SQLite store',
  onlyByName: true,
  run,
};

/** Milliseconds that each of many synchronised writes of 4 KiB takes, sorted. */
function diskMs(folder: string): number[] {
  const file = openSync(join(folder, 'disk'), 'w');
  const block = Buffer.alloc(4_096, 1);
  const times = Array.from({ length: SYNCS }, () => {
    const startMs = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - startMs;
  });
  closeSync(file);
  return times.sort((a, b) => a - b);
}

const rate = ({ leaseMs, freeMs, seconds }: Load) => (leaseMs.length + freeMs.length) / seconds;

async function run(): Promise<BenchmarkReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-bench-'));
  const { token, sha256: tokenSha256 } = newToken();
  const request = { tokenSha256, nodes: NODES };
  try {
    const grouped = { ...request, path: join(folder, 'grouped.db'), commits: 'grouped' } as const;
    const before = diskMs(folder);
    const server = await start(grouped);
    await load(server.port, token, 16, 1_000, 'warm');
    const byClients: [number, Load][] = [];
    let cpu = 0;
    for (const clients of [1, 2, 4, 8, 16, 1_000]) {
      cpu = await cpuMicroseconds(server);
      byClients.push([clients, await load(server.port, token, clients, RUN_MS, `c${clients}`)]);
    }
    cpu = (await cpuMicroseconds(server)) - cpu;
    await end(server);
    const after = diskMs(folder);
    const single = await start({ ...request, path: join(folder, 'single.db'), commits: 'single' });
    const alone = await load(single.port, token, 1_000, RUN_MS, 'single');
    await end(single);
    const disk = [...before, ...after].sort((a, b) => a - b);
    return report(disk, byClients, alone, cpu);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(
  disk: readonly number[],
  byClients: readonly (readonly [number, Load])[],
  alone: Load,
  cpu: number,
): BenchmarkReport {
  const syncMs = percentile(disk, 0.99);
  const few = byClients.find(([clients]) => clients === 16)![1];
  const many = byClients.at(-1)![1];
  const limit = 2 * syncMs + 10;
  const ratio = percentile(few.freeMs, 0.5) / percentile(few.leaseMs, 0.5);
  const errors = byClients.reduce((sum, [, { errors: list }]) => sum + list.length, 0);
  const figures: Figure[] = [
    ...byClients.flatMap(([clients, figure]) =>
      (['leaseMs', 'freeMs'] as const).map((name): Figure => {
        const what = `${name === 'leaseMs' ? 'lease' : 'free'}, ${clients} clients: median`;
        return { what, value: percentile(figure[name], 0.5), unit: 'ms', better: 'less' };
      }),
    ),
    less('disk: 4 KiB and fdatasync, p99', syncMs, 'ms'),
    less('lease, 16 clients: p99', percentile(few.leaseMs, 0.99), 'ms', limit),
    less('free, 16 clients: p99', percentile(few.freeMs, 0.99), 'ms', limit),
    less('free ÷ lease, 16 clients: medians', ratio, '', 1.5, 1.2),
    { what: '16 clients', value: rate(few), unit: 'operations/s', better: 'more' },
    {
      ...{ what: '1,000 clients', value: rate(many), unit: 'operations/s', better: 'more' },
      aim: 10_000,
    },
    less(
      'CPU of the service, 1,000 clients',
      cpu / (many.leaseMs.length + many.freeMs.length),
      'µs an operation',
    ),
    less('1,000 clients: p99', percentile(many.leaseMs, 0.99), 'ms'),
    {
      ...{ what: '1,000 clients ÷ one commit a request', value: rate(many) / rate(alone) },
      ...{ unit: '', better: 'more', must: 5 },
    },
    less('errors', errors, '', 0),
  ];
  return {
    figures,
    notes: [
      'The load comes from the same machine.',
      `Disk before and after the runs, median: ${percentile(disk, 0.5).toFixed(2)} ms.`,
    ],
  };
}

function less(what: string, value: number, unit: string, must?: number, aim?: number): Figure {
  const bounds = { ...(must === undefined ? {} : { must }), ...(aim === undefined ? {} : { aim }) };
  return { what, value, unit, better: 'less', ...bounds };
}
