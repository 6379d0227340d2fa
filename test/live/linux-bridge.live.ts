/**
 * A real Linux bridge whose kernel does not filter VLANs, with nftables between its ports: the
 * driver keeps the contract on it, and its wires what the ports are said to be.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { ConfirmedSwitch } from '../../backends/switches/confirmed-switch.ts';
import { FilteredBridge } from '../../backends/switches/linux-bridge/filtered-bridge.ts';
import { localHost } from '../../backends/switches/linux-bridge/host.ts';
import { attachmentsOf, readingOf, SHUT } from '../../backends/switches/port-vlans.ts';
import type { PortVlans } from '../../backends/switches/port-vlans.ts';
import { switchContract } from '../contract/switch-contract.ts';
import { deviations } from './support/frame-model.ts';
import { access, NODES, settlePorts } from './support/settled-ports.ts';
import { run, Wires } from './support/wires.ts';

const BRIDGE = 'ocx0';
const TIMINGS = { pollMs: 10, readings: 2, resendMs: 120, sends: 4, callMs: 20_000 };
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
const HABITS = { takesPriorityTags: false, takesNativeTagged: 'no' } as const;

let wires: Wires;

test.before(async () => {
  wires = await Wires.lay('ocxb', NODES);
});

test.after.always(() => wires?.remove());

/** In the namespace of the switch. */
function inside(...command: readonly string[]): string {
  return run('ip', 'netns', 'exec', wires.switchNamespace, ...command);
}

/** What a power failure leaves. */
function forget(): void {
  inside('sh', '-c', `nft delete table bridge ocx; ip link del ${BRIDGE}; true`);
}

test.beforeEach(forget);

function dialect(): FilteredBridge {
  return new FilteredBridge(localHost(wires.switchNamespace), BRIDGE);
}

function settle(ports: ReadonlyMap<string, PortVlans>): Promise<void> {
  return settlePorts(new ConfirmedSwitch(dialect(), TIMINGS), ports);
}

/** `"n1" . 0x00000065` in the text of a set. */
function elements(set: string, portId: string): number[] {
  const text = inside('sh', '-c', `nft list ${set} || true`);
  const found = text.matchAll(new RegExp(`"${portId}" [.:] (\\w+)`, 'g'));
  return [...found].map(([, value]) => Number(value));
}

switchContract(
  {
    name: 'Linux bridge with nftables',
    isFenced: true,
    afterRestart: 'shut',
    isMixing: false,
    sequences: 4,
    timings: TIMINGS,
    open: async () => ({
      dialect: dialect(),
      ports: ['n1', 'n2'],
      async actual(portId) {
        const [native = null] = elements('map bridge ocx native', portId);
        const [member = null] = elements('set bridge ocx members', portId);
        if (native !== member) return { foreign: 'they differ' };
        return readingOf(native, elements('set bridge ocx tagged', portId));
      },
      async plantForeign(portId) {
        inside('nft', `add element bridge ocx members { "${portId}" . 666 }`);
      },
      async restart() {
        forget();
      },
      openSecond: dialect,
      close: async () => {},
    }),
  },
  test.serial,
);

test.serial('a port that is shut passes no frame in either direction', async (t) => {
  await settle(new Map(['n1', 'n2'].map((name) => [name, access(101)])));
  t.deepEqual(await wires.reachAll([{ from: 'n1' }, { from: 'n2' }]), [{ n2: [] }, { n1: [] }]);
  await settle(new Map([['n2', SHUT]]));
  for (const node of wires.nodes.values()) node.frames.length = 0;
  const probes = FRAMES.flatMap((tags) => ['n1', 'n2'].map((from) => ({ from, tags })));
  for (const reached of await wires.reachAll(probes)) t.deepEqual(reached, {});
  t.deepEqual(wires.node('n2').frames, [], 'not a frame of any kind');
  t.deepEqual(wires.node('n1').frames, []);
});

test.serial('frames come out where the ports say, in random configurations', async (t) => {
  const native = fc.constantFrom(101, 102, null);
  const vlans = fc.record({ native, tagged: fc.subarray([103, 4000]) });
  const property = fc.asyncProperty(fc.tuple(vlans, vlans, vlans, vlans), async (all) => {
    const ports = new Map(NODES.map((name, index) => [name as string, all[index]!]));
    await settle(ports);
    t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), [], JSON.stringify([...ports]));
  });
  await fc.assert(property, { numRuns: 6, seed: 12, endOnFailure: true });
});

test.serial('a planted leak is seen: on the wire, and by reading the port', async (t) => {
  const ports = new Map([
    ['n1', access(101)],
    ['n2', access(102)],
  ]);
  await settle(ports);
  t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), []);
  const driver = new ConfirmedSwitch(dialect(), TIMINGS);
  for (const leak of [
    'add element bridge ocx members { "n2" . 101 }',
    'insert rule bridge ocx forward accept',
  ]) {
    inside('nft', leak);
    const found = await deviations(wires, ports, FRAMES, HABITS);
    t.true(
      found.some((line) => line.startsWith('n1 []: {"n2":[]}')),
      found.join('\n'),
    );
    const seen = await driver.readPort('n2', AbortSignal.timeout(5000));
    t.is(seen.status === 'ok' ? 'ok' : seen.error.code, 'DEVICE_FOREIGN');
    await settle(ports);
    t.deepEqual(await deviations(wires, ports, FRAMES, HABITS), []);
  }
  inside('nft', 'delete table bridge ocx');
  const bare = await driver.readPort('n2', AbortSignal.timeout(5000));
  t.is(bare.status === 'ok' ? 'ok' : bare.error.code, 'DEVICE_FOREIGN');
});

test.serial('a network cannot be tagged here and untagged there', async (t) => {
  await settle(new Map([['n1', access(101)]]));
  const driver = new ConfirmedSwitch(dialect(), TIMINGS);
  for (const wanted of [
    { native: null, tagged: [101] },
    { native: 102, tagged: [101, 103] },
  ]) {
    const signal = AbortSignal.timeout(5000);
    const outcome = await driver.configurePort('n2', attachmentsOf(wanted), signal);
    t.is(outcome.status === 'ok' ? 'ok' : outcome.error.code, 'DEVICE_UNSUPPORTED');
  }
  t.deepEqual(elements('set bridge ocx tagged', 'n2'), []);
});

test.serial('a flood of addresses, and addresses of others, stay in their network', async (t) => {
  await settle(new Map(NODES.map((name, index) => [name, access(index < 2 ? 101 : 102)])));
  const [n1, n3, n4] = [wires.node('n1'), wires.node('n3'), wires.node('n4')];
  const toVictim = Array.from({ length: 20 }, () => ({ from: 'n4', to: n3.mac }));
  t.deepEqual((await wires.reachAll([{ from: 'n3' }, ...toVictim])).slice(0, 2), [
    { n4: [] },
    { n3: [] },
  ]);
  for (let i = 0; i < 3000; i++) {
    n1.send('flood', { from: `020000${i.toString(16).padStart(6, '0')}` });
    if (i % 50 === 0) n1.send('mine', { from: i % 100 === 0 ? n3.mac : n4.mac });
    if (i % 200 === 0) await sleep(1);
  }
  t.deepEqual(
    await wires.reachAll(toVictim),
    toVictim.map(() => ({ n3: [] })),
  );
  const leaked = [n3, n4].flatMap(({ arrivals }) => arrivals.map(({ mark }) => mark));
  t.false(leaked.includes('flood') || leaked.includes('mine'));
  t.true(
    wires.node('n2').arrivals.some(({ mark }) => mark === 'flood'),
    'the flood was real',
  );
});

test.serial(
  'a program that is given up is ended, and one that says no has changed nothing',
  async (t) => {
    const host = localHost(null);
    const late = await host.run('ip', ['monitor'], AbortSignal.timeout(100));
    t.is(
      late.status === 'ok' ? 'ok' : `${late.status} ${late.error.code}`,
      'uncertain DEVICE_LATE',
    );
    const no = await host.run(
      'ip',
      ['link', 'show', 'dev', 'no-such-port'],
      AbortSignal.timeout(5000),
    );
    t.is(no.status === 'ok' ? 'ok' : `${no.status} ${no.error.code}`, 'noEffect DEVICE_REFUSED');
    const before = await host.run('ip', ['link'], AbortSignal.abort());
    t.is(
      before.status === 'ok' ? 'ok' : `${before.status} ${before.error.code}`,
      'noEffect DEVICE_LATE',
    );
  },
);
