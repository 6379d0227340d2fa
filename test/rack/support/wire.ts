/** What goes over a node's cable, byte by byte. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, startDaemon, waitUntil } from '../../../backends/rack/daemon.ts';
import { signalTo } from '../../../backends/processes/signal.ts';
import type { Rack } from '../../../backends/rack/rack-file.ts';

const START_MS = 1_000;
const END_MS = 10_000;

/** All frames at the node's port while something is done. */
export async function onTheWire(
  rack: Rack,
  nodeId: string,
  during: () => Promise<void>,
): Promise<Buffer> {
  const file = join(rack.folder, `wire-${nodeId}.pcap`);
  const command = ['tcpdump', '-Z', 'root', '-i', nodeId, '-U', '-w', file];
  const place = { rackId: rack.id, namespace: rack.switchNamespace, log: `${file}.log` };
  const pid = startDaemon(command, place);
  try {
    await sleep(START_MS);
    await during();
  } finally {
    signalTo(pid, 'SIGTERM');
    await waitUntil(() => !isRunning(pid), END_MS);
  }
  const frames = readFileSync(file);
  rmSync(file);
  return frames;
}
