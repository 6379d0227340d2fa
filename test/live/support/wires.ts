/**
 * Nodes on wires: each in a network namespace of its own, its wire ending in the namespace of a
 * switch. What a node sends is put together here, byte by byte, and everything that reaches it is
 * kept.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = new URL('./frames.py', import.meta.url).pathname;
const BROADCAST = 'ffffffffffff';
/** IEEE 802: for local experiments. */
const ETHERTYPE = '88b5';

export interface FrameOptions {
  /** From the outside in; [] for an untagged frame. */
  readonly tags?: readonly number[];
  readonly to?: string;
  readonly from?: string;
}

/** What came of a frame of ours. */
export interface Arrival {
  readonly mark: string;
  readonly tags: readonly number[];
}

export class WiredNode {
  readonly name: string;
  readonly mac: string;
  /** Hex, everything that ever came. */
  readonly frames: string[] = [];
  readonly #child: ChildProcess;

  constructor(name: string, mac: string, namespace: string) {
    this.name = name;
    this.mac = mac;
    const command = ['netns', 'exec', namespace, 'python3', PROGRAM, 'eth0'];
    this.#child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#child.stdout!).on('line', (line) => this.frames.push(line));
  }

  async ready(): Promise<void> {
    await eventually(() => this.frames[0] === 'ready');
    this.frames.length = 0;
  }

  send(mark: string, { tags = [], to = BROADCAST, from = this.mac }: FrameOptions = {}): void {
    const header = tags.map((tag) => `8100${tag.toString(16).padStart(4, '0')}`).join('');
    const payload = Buffer.from(`OCX:${mark};`.padEnd(46, ' ')).toString('hex');
    this.#child.stdin!.write(`${to}${from}${header}${ETHERTYPE}${payload}\n`);
  }

  get arrivals(): Arrival[] {
    return this.frames.flatMap((frame) => {
      const tags: number[] = [];
      let rest = frame.slice(24);
      for (; rest.startsWith('8100'); rest = rest.slice(8)) {
        tags.push(Number.parseInt(rest.slice(4, 8), 16) & 0xfff);
      }
      const text = Buffer.from(rest.slice(4), 'hex').toString('latin1');
      const [, mark] = /^OCX:(.*?);/.exec(text) ?? [];
      return rest.startsWith(ETHERTYPE) && mark !== undefined ? [{ mark, tags }] : [];
    });
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

export class Wires {
  /** Namespace of the switch. */
  readonly switchNamespace: string;
  readonly nodes: ReadonlyMap<string, WiredNode>;
  readonly #namespaces: readonly string[];
  #probes = 0;

  private constructor(prefix: string, names: readonly string[]) {
    this.switchNamespace = `${prefix}-switch`;
    this.#namespaces = [this.switchNamespace, ...names.map((name) => `${prefix}-${name}`)];
    for (const namespace of this.#namespaces) {
      run('ip', 'netns', 'add', namespace);
      // Nothing may speak on a wire but what a test sends.
      for (const scope of ['all', 'default']) {
        run(
          'ip',
          'netns',
          'exec',
          namespace,
          'sysctl',
          '-qw',
          `net.ipv6.conf.${scope}.disable_ipv6=1`,
        );
      }
    }
    this.nodes = new Map(
      names.map((name, index) => {
        const mac = `02000000aa${(index + 1).toString(16).padStart(2, '0')}`;
        const [namespace, address] = [`${prefix}-${name}`, mac.replaceAll(/..(?!$)/g, '$&:')];
        const ends = [
          'type',
          'veth',
          'peer',
          'name',
          'eth0',
          'netns',
          namespace,
          'address',
          address,
        ];
        run('ip', '-n', this.switchNamespace, 'link', 'add', name, ...ends);
        run('ip', '-n', this.switchNamespace, 'link', 'set', name, 'up', 'arp', 'off');
        run('ip', '-n', namespace, 'link', 'set', 'eth0', 'up', 'arp', 'off');
        return [name, new WiredNode(name, mac, namespace)];
      }),
    );
  }

  /** @param names of nodes, which the ports are called by as well */
  static async lay(prefix: string, names: readonly string[]): Promise<Wires> {
    const wires = new Wires(prefix, names);
    await Promise.all([...wires.nodes.values()].map((node) => node.ready()));
    return wires;
  }

  node(name: string): WiredNode {
    return this.nodes.get(name)!;
  }

  /** Whom each frame reaches, and with which tags it comes out there. */
  async reachAll(
    probes: readonly (FrameOptions & { readonly from: string })[],
  ): Promise<Record<string, readonly number[]>[]> {
    const run = `${this.#probes++}`;
    for (const [index, { from, tags = [], to }] of probes.entries()) {
      this.node(from).send(`${run}/${index}`, to === undefined ? { tags } : { tags, to });
    }
    await sleep(150);
    const found: Record<string, readonly number[]>[] = probes.map(() => ({}));
    for (const node of this.nodes.values()) {
      for (const { mark, tags } of node.arrivals) {
        const [of, index] = mark.split('/');
        if (of === run) found[Number(index)]![node.name] = tags;
      }
    }
    return found;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
    for (const namespace of this.#namespaces) run('ip', 'netns', 'del', namespace);
  }
}

export function run(program: string, ...options: readonly string[]): string {
  // Not what npm may have put before them.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  return execFileSync(program, options, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
}

/** @throws after 20 s */
export async function eventually(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`it never holds: ${String(holds)}`);
    await sleep(10);
  }
}
