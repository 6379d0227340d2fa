/**
 * The driver of a Linux bridge that filters VLANs, on a kernel that can: the contract, and what
 * comes out of the wires. A program of its own, as such a kernel may have to be a guest's; prints a
 * line for each case and ends with the number that failed.
 */
import fc from 'fast-check';
import { ConfirmedSwitch } from '../../../backends/switches/confirmed-switch.ts';
import { localHost } from '../../../backends/switches/linux-bridge/host.ts';
import { VlanBridge } from '../../../backends/switches/linux-bridge/vlan-bridge.ts';
import { readingOf, SHUT } from '../../../backends/switches/port-vlans.ts';
import type { PortVlans } from '../../../backends/switches/port-vlans.ts';
import { switchContract } from '../../contract/switch-contract.ts';
import type { SwitchKind } from '../../contract/switch-contract.ts';
import { deviations } from './frame-model.ts';
import { NODES, settlePorts } from './settled-ports.ts';
import { run, Wires } from './wires.ts';

const BRIDGE = 'br0';
const TIMINGS = { pollMs: 20, readings: 2, resendMs: 10_000, sends: 4, callMs: 110_000 };
const FRAMES = [
  [],
  [101],
  [102],
  [103],
  [4000],
  [0],
  [101, 102],
  [103, 102],
  [0, 103],
  [0, 0, 103],
];
const HABITS = { takesPriorityTags: true, takesNativeTagged: 'all' } as const;
/** What the documentation tells operators to add. */
const GUARD = [
  'add table bridge guard',
  'add chain bridge guard inner { type filter hook prerouting priority -300; }',
  'add rule bridge guard inner ether type 8021q vlan type { 8021q, 8021ad } drop',
  'add rule bridge guard inner ether type 8021ad drop',
];

type Case = { readonly title: string; readonly check: () => Promise<void> };

const wires = await Wires.lay('ocxv', NODES);

function inside(...command: readonly string[]): string {
  return run('ip', 'netns', 'exec', wires.switchNamespace, ...command);
}

function fresh(): void {
  inside('sh', '-c', `ip link del ${BRIDGE} 2>/dev/null; true`);
  const settings = ['vlan_filtering', '1', 'vlan_default_pvid', '0'];
  inside('ip', 'link', 'add', BRIDGE, 'type', 'bridge', ...settings);
  inside('ip', 'link', 'set', BRIDGE, 'up');
  for (const name of NODES) inside('ip', 'link', 'set', name, 'down');
}

function dialect(): VlanBridge {
  return new VlanBridge(localHost(wires.switchNamespace), BRIDGE);
}

const KIND: SwitchKind = {
  name: 'Linux bridge with VLAN filtering',
  isFenced: false,
  afterRestart: 'shut',
  isMixing: true,
  sequences: 3,
  timings: TIMINGS,
  async open() {
    fresh();
    return {
      dialect: dialect(),
      ports: ['n1', 'n2'],
      async actual(portId) {
        const lines = inside('bridge', 'vlan', 'show', 'dev', portId).split('\n');
        const found = lines.flatMap((line) => {
          const [, id, flags] = /\s(\d+)((?: PVID)?(?: Egress Untagged)?)\s*$/.exec(line) ?? [];
          return id === undefined ? [] : [{ id: Number(id), isNative: flags !== '' }];
        });
        const isBridged = inside('ip', 'link', 'show', 'dev', portId).includes(`master ${BRIDGE}`);
        if (!isBridged) return SHUT;
        const native = found.find(({ isNative }) => isNative)?.id ?? null;
        return readingOf(
          native,
          found.map(({ id }) => id),
        );
      },
      async plantForeign(portId) {
        inside('ip', 'link', 'set', portId, 'master', BRIDGE);
        inside('bridge', 'vlan', 'add', 'dev', portId, 'vid', '1', 'pvid', 'untagged');
      },
      restart: async () => fresh(),
      openSecond: dialect,
      async close() {},
    };
  },
};

function settle(ports: ReadonlyMap<string, PortVlans>): Promise<void> {
  return settlePorts(new ConfirmedSwitch(dialect(), TIMINGS), ports, 110_000);
}

async function expectNone(ports: ReadonlyMap<string, PortVlans>): Promise<void> {
  const found = await deviations(wires, ports, FRAMES, HABITS);
  if (found.length > 0) throw new Error(`${JSON.stringify([...ports])}\n${found.join('\n')}`);
}

/** On an emulated processor a command takes a second: the rest is `npm test`'s. */
const ESSENTIAL = [/every kind of port/, /nobody here has made/, /power was away/, /changed back/];

const cases: Case[] = [];
switchContract(KIND, (title, check) => {
  if (!process.argv.includes('all') && !ESSENTIAL.some((one) => one.test(title))) return;
  cases.push({ title, check: () => check({ pass: () => {} } as never) });
});
cases.push({
  title: 'frames come out where the ports say, in random configurations',
  async check() {
    fresh();
    for (const line of GUARD) inside('nft', line);
    const ids = fc.subarray([101, 102, 103]);
    const vlans = fc.tuple(ids, fc.boolean()).map(([all, hasNative]): PortVlans => {
      const [native = null, ...rest] = hasNative ? all : [null, ...all];
      return { native, tagged: rest.map(Number) };
    });
    const property = fc.asyncProperty(fc.tuple(vlans, vlans, vlans, vlans), async (all) => {
      const ports = new Map(NODES.map((name, index) => [name as string, all[index]!]));
      await settle(ports);
      await expectNone(ports);
    });
    await fc.assert(property, { numRuns: 3, seed: 13, endOnFailure: true });
  },
});
cases.push({
  title: 'a port that was opened to all is seen on the wire',
  async check() {
    const ports = new Map<string, PortVlans>([
      ['n1', { native: 101, tagged: [] }],
      ['n2', { native: 102, tagged: [] }],
      ['n3', SHUT],
      ['n4', SHUT],
    ]);
    await settle(ports);
    await expectNone(ports);
    inside('bridge', 'vlan', 'add', 'dev', 'n2', 'vid', '101');
    const found = await deviations(wires, ports, FRAMES, HABITS);
    if (!found.some((line) => line.startsWith('n1 []: {"n2"'))) throw new Error('it is not seen');
  },
});

let failures = 0;
for (const { title, check } of cases) {
  const begin = performance.now();
  const problem = await check().then(
    () => null,
    (error: Error) => error.message,
  );
  if (problem !== null) failures += 1;
  const verdict = problem === null ? 'ok' : 'FAILED';
  console.log(`${verdict} ${title} (${Math.round(performance.now() - begin)} ms) ${problem ?? ''}`);
}
await wires.remove();
console.log(`DONE ${cases.length - failures} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
