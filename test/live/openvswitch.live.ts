/**
 * A real Open vSwitch: the driver keeps the contract on it, and what comes out of the wires is what
 * the ports are said to be, whatever a node sends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { ConfirmedSwitch } from '../../backends/switches/confirmed-switch.ts';
import { OpenVswitch } from '../../backends/switches/openvswitch/openvswitch.ts';
import { readingOfPort } from '../../backends/switches/openvswitch/rows.ts';
import { SHUT } from '../../backends/switches/port-vlans.ts';
import type { PortVlans } from '../../backends/switches/port-vlans.ts';
import { switchContract } from '../contract/switch-contract.ts';
import { deviations } from './support/frame-model.ts';
import { BRIDGE, PrivateOpenVswitch } from './support/openvswitch.ts';
import { access, NODES, settlePorts } from './support/settled-ports.ts';
import { Wires } from './support/wires.ts';

const TIMINGS = { pollMs: 10, readings: 2, resendMs: 150, sends: 4, callMs: 20_000 };
/** One tag, a tag of a network that nobody is on, priority tags, and tags inside tags. */
const FRAMES = [
  [],
  [101],
  [102],
  [103],
  [4000],
  [0],
  [101, 102],
  [102, 101],
  [0, 102],
  [0, 0, 101],
];
const HABITS = { takesPriorityTags: true, takesNativeTagged: 'trunks' } as const;

let wires: Wires;
let ovs: PrivateOpenVswitch;

test.before(async () => {
  wires = await Wires.lay('ocxo', NODES);
  ovs = await PrivateOpenVswitch.start(wires.switchNamespace);
});

test.after.always(async () => {
  await ovs?.remove();
  await wires?.remove();
});

test.beforeEach(() => {
  for (const name of NODES) ovs.vsctl('--if-exists', 'del-port', BRIDGE, name);
  ovs.vsctl('remove', 'bridge', BRIDGE, 'external_ids', 'ocx-epoch');
});

function dialect(): OpenVswitch {
  return new OpenVswitch({ address: { path: ovs.socket }, bridge: BRIDGE });
}

function settle(ports: ReadonlyMap<string, PortVlans>): Promise<void> {
  return settlePorts(new ConfirmedSwitch(dialect(), TIMINGS), ports);
}

function isOfFlood(mark: string): boolean {
  return mark === 'flood' || mark === 'mine';
}

switchContract(
  {
    name: 'Open vSwitch',
    isFenced: true,
    afterRestart: 'same',
    isMixing: true,
    sequences: 15,
    timings: TIMINGS,
    open: async () => ({
      dialect: dialect(),
      ports: ['n1', 'n2'],
      async actual(portId) {
        const columns = '--columns=tag,trunks,vlan_mode,interfaces';
        const text = ovs.vsctl('--format=json', columns, 'find', 'Port', `name=${portId}`);
        const { headings, data } = JSON.parse(text) as { headings: string[]; data: unknown[][] };
        if (data.length === 0) return SHUT;
        const pairs = headings.map((heading, index) => [heading, data[0]![index]]);
        return readingOfPort(Object.fromEntries(pairs) as Record<string, unknown>);
      },
      async plantForeign(portId) {
        ovs.vsctl('clear', 'Port', portId, 'tag', 'trunks', 'vlan_mode');
      },
      restart: () => ovs.restart(),
      openSecond: dialect,
      close: async () => {},
    }),
  },
  test.serial,
);

test.serial('a port that is shut passes no frame in either direction', async (t) => {
  await settle(
    new Map([
      ['n1', access(101)],
      ['n2', access(101)],
    ]),
  );
  t.deepEqual(await wires.reachAll([{ from: 'n1' }, { from: 'n2' }]), [{ n2: [] }, { n1: [] }]);
  await settle(new Map([['n2', SHUT]]));
  for (const node of wires.nodes.values()) node.frames.length = 0;
  const probes = FRAMES.flatMap((tags) => ['n1', 'n2'].map((from) => ({ from, tags })));
  for (const reached of await wires.reachAll(probes)) t.deepEqual(reached, {});
  t.deepEqual(wires.node('n2').frames, [], 'not a frame of any kind');
  t.deepEqual(wires.node('n1').frames, []);
});

test.serial('frames come out where the ports say, in random configurations', async (t) => {
  const ids = fc.uniqueArray(fc.constantFrom(101, 102, 103), { maxLength: 3 });
  const vlans = fc.tuple(ids, fc.boolean()).map(([all, hasNative]): PortVlans => {
    const [native = null, ...rest] = hasNative ? all : [null, ...all];
    return { native, tagged: rest.map(Number).sort((a, b) => a - b) };
  });
  const property = fc.asyncProperty(fc.tuple(vlans, vlans, vlans, vlans), async (all) => {
    const ports = new Map(NODES.map((name, index) => [name as string, all[index]!]));
    await settle(ports);
    t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), [], JSON.stringify([...ports]));
  });
  await fc.assert(property, { numRuns: 12, seed: 11, endOnFailure: true });
});

test.serial('a planted leak is seen: on the wire, and by reading the port', async (t) => {
  const ports = new Map([
    ['n1', access(101)],
    ['n2', access(102)],
    ['n3', access(101)],
  ]);
  await settle(ports);
  t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), []);
  ovs.vsctl('clear', 'Port', 'n2', 'tag', 'vlan_mode');
  const found = await deviations(wires, ports, FRAMES, HABITS);
  t.true(
    found.some((line) => line.startsWith('n1 []: {"n2":[101]')),
    found.join('\n'),
  );
  const driver = new ConfirmedSwitch(dialect(), TIMINGS);
  const seen = await driver.readPort('n2', AbortSignal.timeout(5000));
  t.is(seen.status === 'ok' ? 'ok' : seen.error.code, 'DEVICE_FOREIGN');
  await driver.close();
});

test.serial(
  'without the guard, a tag inside a tag gets from one network into another',
  async (t) => {
    const ports = new Map<string, PortVlans>([
      ['n1', access(101)],
      ['n3', { native: 101, tagged: [102] }],
    ]);
    await settle(ports);
    t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), []);
    ovs.guard(false);
    t.deepEqual(await wires.reachAll([{ from: 'n1', tags: [0, 102] }]), [{ n3: [102] }]);
    ovs.guard(true);
    t.deepEqual(await wires.reachAll([{ from: 'n1', tags: [0, 102] }]), [{}]);
  },
);

test.serial('a flood of addresses, and addresses of others, stay in their network', async (t) => {
  ovs.vsctl('set', 'bridge', BRIDGE, 'other-config:mac-table-size=16');
  await settle(new Map(NODES.map((name, index) => [name, access(index < 2 ? 101 : 102)])));
  const [n1, n3, n4] = [wires.node('n1'), wires.node('n3'), wires.node('n4')];
  const toVictim = { from: 'n4', to: n3.mac };
  t.deepEqual(await wires.reachAll([{ from: 'n3' }, toVictim]), [{ n4: [] }, { n3: [] }]);
  for (let i = 0; i < 3000; i++) {
    n1.send('flood', { from: `020000${i.toString(16).padStart(6, '0')}` });
    if (i % 50 === 0) n1.send('mine', { from: i % 100 === 0 ? n3.mac : n4.mac });
    if (i % 200 === 0) await sleep(1);
  }
  t.deepEqual(
    await wires.reachAll(Array.from({ length: 20 }, () => toVictim)),
    Array.from({ length: 20 }, () => ({ n3: [] })),
  );
  const leaked = [n3, n4].flatMap(({ arrivals }) => arrivals.filter(({ mark }) => isOfFlood(mark)));
  t.deepEqual(leaked, []);
  t.true(
    wires.node('n2').arrivals.some(({ mark }) => mark === 'flood'),
    'the flood was real',
  );
  ovs.vsctl('remove', 'bridge', BRIDGE, 'other-config', 'mac-table-size');
});

test.serial(
  'a node that moved is not reached where it was, by the address that was learnt',
  async (t) => {
    await settle(
      new Map([
        ['n1', access(101)],
        ['n2', access(101)],
        ['n3', access(102)],
      ]),
    );
    const toMoved = { from: 'n1', to: wires.node('n2').mac };
    t.deepEqual(await wires.reachAll([{ from: 'n2' }, toMoved]), [{ n1: [] }, { n2: [] }]);
    await settle(new Map([['n2', access(102)]]));
    t.deepEqual(await wires.reachAll([toMoved, { from: 'n2' }]), [{}, { n3: [] }]);
  },
);
