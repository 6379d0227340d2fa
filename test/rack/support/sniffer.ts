/** Whose frames pass a port of the rack's switch, by their source addresses, for as long as it runs. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, startDaemon, waitUntil } from '../../../backends/rack/daemon.ts';
import { signalTo } from '../../../backends/processes/signal.ts';
import type { Rack } from '../../../backends/rack/rack-file.ts';

const END_MS = 10_000;
const START_MS = 1_500;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Destination, source. */
const SNAP_BYTES = 14;
/** What addresses of the rack's machines begin with. */
const MACHINES = 'ether[6:4] == 0x5254000c';

export class Sniffer {
  readonly #rack: Rack;
  readonly #pids: number[] = [];
  readonly #folder: string;

  constructor(rack: Rack) {
    this.#rack = rack;
    this.#folder = join(rack.folder, 'frames');
    mkdirSync(this.#folder, { recursive: true });
  }

  async start(): Promise<void> {
    const { id, nodes, tenants, switchNamespace } = this.#rack;
    const ports = [...nodes.flatMap(({ portId, airlock }) => [portId, airlock.portId])];
    for (const portId of [...ports, ...tenants.map((tenant) => tenant.portId)]) {
      const where = ['-i', portId, '-Z', 'root', '-n', '-U', '-s', String(SNAP_BYTES)];
      const command = ['tcpdump', ...where, '-w', this.#file(portId), MACHINES];
      const log = join(this.#folder, `${portId}.log`);
      this.#pids.push(startDaemon(command, { rackId: id, namespace: switchNamespace, log }));
    }
    await sleep(START_MS);
  }

  async stop(): Promise<void> {
    for (const pid of this.#pids) signalTo(pid, 'SIGTERM');
    await waitUntil(() => !this.#pids.some(isRunning), END_MS);
  }

  /** Node → its frames that have passed the port, in either direction. */
  framesAt(portId: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { sender } of this.#frames(portId))
      counts.set(sender, (counts.get(sender) ?? 0) + 1);
    return counts;
  }

  /** Milliseconds since 1970 at which machines' frames have passed the port. */
  timesAt(portId: string): number[] {
    return this.#frames(portId).map(({ timeMs }) => timeMs);
  }

  /** Source: pcap(5). */
  #frames(portId: string): { readonly sender: string; readonly timeMs: number }[] {
    const capture = readFileSync(this.#file(portId));
    const frames = [];
    for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES + SNAP_BYTES <= capture.length;) {
      const timeMs = capture.readUInt32LE(at) * 1000 + capture.readUInt32LE(at + 4) / 1000;
      const length = capture.readUInt32LE(at + 8);
      const frame = capture.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
      frames.push({ sender: this.#nodeOf(frame.toString('hex', 6, 12)), timeMs });
      at += RECORD_HEADER_BYTES + length;
    }
    return frames;
  }

  /** `port: node` where a machine's frames have passed another machine's port or airlock. */
  foreignFrames(): string[] {
    return this.#rack.nodes.flatMap(({ nodeId, portId, airlock }) =>
      [portId, airlock.portId].flatMap((port) =>
        [...this.framesAt(port)].flatMap(([sender, count]) =>
          sender === nodeId ? [] : [`${port}: ${count} of ${sender}`],
        ),
      ),
    );
  }

  #nodeOf(mac: string): string {
    const known = this.#rack.nodes.find(({ macAddress }) => macAddress.replaceAll(':', '') === mac);
    return known?.nodeId ?? mac;
  }

  #file(portId: string): string {
    return join(this.#folder, `${portId}.pcap`);
  }
}
