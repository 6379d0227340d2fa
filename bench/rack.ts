/**
 * From power on to attested evidence on a virtual rack, by phase: `node bench/rack.ts [MACHINES]`, as
 * root on Debian 12. Phases are told apart by when a machine sends frames.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rackUp } from '../backends/rack/rack.ts';
import { rackDown } from '../backends/rack/teardown.ts';
import { RackSite } from '../test/rack/support/rack-site.ts';
import { Sniffer } from '../test/rack/support/sniffer.ts';

interface Boot {
  readonly nodeId: string;
  readonly leaseId: string;
  readonly poweredMs: number;
}

const MOST_MS = 600_000;

async function powerOn(site: RackSite, nodeId: string): Promise<Boot> {
  const leaseId = `bench-${nodeId}`;
  const terms = ['--owner', 'org-a', '--lessee', 'tenant-1', '--node', nodeId, '--hours', '1'];
  const trust = ['--security', 'attested', '--attester', 'attester-1'];
  await site.ask('org-a', 'isolation', 'lease', 'create', leaseId, ...terms, ...trust);
  const node = () => site.ask<{ state: string }>('operator', 'isolation', 'node', 'show', nodeId);
  await site.until(node, ({ state }) => state === 'airlock', MOST_MS);
  await site.ask('tenant-1', 'isolation', 'lease', 'power-on', leaseId, nodeId);
  await site.until(node, ({ state }) => state === 'attesting', MOST_MS);
  const asked = { fencingToken: 1, bootCount: 1, policyId: 'rack' };
  const path = `/leases/${leaseId}/nodes/${nodeId}/attestation`;
  await site.call('tenant-1', 'attester-1', 'POST', path, asked);
  return { nodeId, leaseId, poweredMs: poweredMs(site, nodeId) };
}

/** When the devices' process had it confirmed. */
function poweredMs(site: RackSite, nodeId: string): number {
  for (const line of site.log('devices').split('\n')) {
    if (!line.includes('"PowerOn"') || !line.includes(`"${nodeId}"`)) continue;
    const { timeMs, tookMs } = JSON.parse(line) as { timeMs: number; tookMs: number };
    return timeMs - tookMs;
  }
  throw new Error(`${nodeId} was not powered on`);
}

async function verdictMs(site: RackSite, { leaseId, nodeId }: Boot): Promise<number> {
  const path = `/leases/${leaseId}/nodes/${nodeId}/attestation`;
  const ask = () =>
    site.call('tenant-1', 'attester-1', 'GET', path) as Promise<{ verdict: string }>;
  const { verdict } = await site.until(ask, (view) => view.verdict !== 'none', MOST_MS);
  if (verdict !== 'trusted') throw new Error(`${nodeId} is ${verdict}`);
  return Date.now();
}

/** Firmware's first frame, the end of its download, the system's first frame: after the longest silence. */
function momentsOf(times: readonly number[]): readonly [number, number, number] {
  let at = 1;
  for (let index = 1; index < times.length; index += 1) {
    const isLonger = times[index]! - times[index - 1]! > times[at]! - times[at - 1]!;
    if (isLonger) at = index;
  }
  return [times[0]!, times[at - 1]!, times[at]!];
}

const machines = Number(process.argv[2] ?? '1');
const folder = mkdtempSync(join(tmpdir(), 'b'));
try {
  const rack = await rackUp({
    ...{ folder, cache: process.env['OCX_RACK_CACHE'] ?? join(homedir(), '.cache', 'ocx') },
    ...{ machines, lightNodes: 0, tenants: 1, accelerator: 'tcg' },
    tell: () => undefined,
  });
  const site = new RackSite(rack);
  await site.start();
  const sniffer = new Sniffer(rack);
  await sniffer.start();
  const nodes = rack.nodes.map(({ nodeId }) => nodeId);
  const boots = await Promise.all(nodes.map((nodeId) => powerOn(site, nodeId)));
  const trusted = await Promise.all(boots.map((boot) => verdictMs(site, boot)));
  await sniffer.stop();
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  console.log('node  firmware  download  kernel  agent  total (s)');
  for (const [index, { nodeId, poweredMs: startMs }] of boots.entries()) {
    const [first, last, up] = momentsOf(sniffer.timesAt(nodeId).filter((ms) => ms > startMs));
    const parts = [first - startMs, last - first, up - last, trusted[index]! - up];
    const total = trusted[index]! - startMs;
    console.log([nodeId, ...parts.map(seconds), seconds(total)].join('  '));
  }
  const processor = /model name\s*: (.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  console.log(`load ${loadavg()[0]!.toFixed(1)}; ${processor}`);
} finally {
  await rackDown(folder);
  rmSync(folder, { recursive: true, force: true });
}
