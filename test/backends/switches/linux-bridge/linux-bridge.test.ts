/** The driver of a bridge that filters VLANs keeps the contract; what the others read is what is. */
import test from 'ava';
import { SHUT } from '../../../../backends/switches/port-vlans.ts';
import {
  parseTable,
  readingOfTable,
} from '../../../../backends/switches/linux-bridge/filter-table.ts';
import { VlanBridge } from '../../../../backends/switches/linux-bridge/vlan-bridge.ts';
import { switchContract } from '../../../contract/switch-contract.ts';
import type { SwitchKind } from '../../../contract/switch-contract.ts';
import { EmulatedHost } from './emulated-host.ts';

const KIND: SwitchKind = {
  name: 'Linux bridge with VLAN filtering, emulated',
  isFenced: false,
  afterRestart: 'shut',
  isMixing: true,
  sequences: 20,
  timings: { pollMs: 2, readings: 2, resendMs: 15, sends: 4, callMs: 20_000 },
  open: async () => {
    const host = new EmulatedHost('br0', ['n1', 'n2']);
    return {
      dialect: new VlanBridge(host, 'br0'),
      ports: ['n1', 'n2'],
      async actual(portId) {
        const { master, isUp, vlans } = host.links.get(portId)!;
        if (master === null) return isUp ? { foreign: 'up' } : SHUT;
        const native = [...vlans].find(([, flags]) => flags.length === 2)?.[0] ?? null;
        const tagged = [...vlans.keys()].filter((id) => id !== native).sort((a, b) => a - b);
        return { native, tagged };
      },
      async plantForeign(portId) {
        const link = host.links.get(portId)!;
        link.master = 'br0';
        link.vlans.set(1, ['PVID', 'Egress Untagged']);
      },
      restart: async () => host.restart(),
      openSecond: () => new VlanBridge(host, 'br0'),
      close: async () => {},
    };
  },
};

switchContract(KIND, test.serial);

const never = new AbortController().signal;

test('a bridge that would put ports into VLAN 1, or does not filter, takes none', async (t) => {
  const host = new EmulatedHost('br0', ['n1']);
  const dialect = new VlanBridge(host, 'br0');
  for (const data of [{ vlan_filtering: 0 }, { vlan_filtering: 1, vlan_default_pvid: 1 }]) {
    host.bridgeData = data;
    const sent = await dialect.send('n1', { native: 5, tagged: [] }, never);
    t.is(sent.status === 'ok' ? 'ok' : sent.error.code, 'DEVICE_UNSUPPORTED');
    host.links.get('n1')!.master = 'br0';
    const seen = await dialect.read('n1', never);
    t.true(seen.status === 'ok' && 'foreign' in seen.value);
    host.restart();
  }
});

test('VLANs that are heard and sent differently, or on no known port, are foreign', async (t) => {
  const host = new EmulatedHost('br0', ['n1']);
  const dialect = new VlanBridge(host, 'br0');
  t.is((await dialect.send('n1', { native: 5, tagged: [7, 8, 9] }, never)).status, 'ok');
  const link = host.links.get('n1')!;
  t.deepEqual(await dialect.read('n1', never), {
    status: 'ok',
    value: { native: 5, tagged: [7, 8, 9] },
  });
  for (const spoil of [
    () => link.vlans.set(5, ['Egress Untagged']),
    () => link.vlans.set(6, ['PVID']),
    () => link.vlans.set(6, ['PVID', 'Egress Untagged']),
    () => (link.isUp = false),
    () => (link.master = 'br1'),
    () => host.links.delete('n1'),
  ]) {
    const kept = new Map(link.vlans);
    spoil();
    const seen = await dialect.read('n1', never);
    t.true(seen.status === 'ok' && 'foreign' in seen.value, String(spoil));
    Object.assign(link, { isUp: true, master: 'br0' });
    link.vlans.clear();
    for (const [id, flags] of kept) link.vlans.set(id, flags);
  }
});

test('a table of nftables is read as it is', (t) => {
  const entry = (kind: string, name: string, elem: unknown) => ({ [kind]: { name, elem } });
  const rule = (chain: string, verdict: string) => ({
    rule: { chain, expr: [{ match: {} }, { [verdict]: null }] },
  });
  const chain = (hook: string, policy = 'drop') => ({ chain: { name: hook, hook, policy } });
  const sound = [
    entry('set', 'epoch', [3]),
    entry('map', 'native', [
      ['n1', 101],
      ['n2', 101],
    ]),
    entry('set', 'members', [{ concat: ['n1', 101] }, { concat: ['n2', 102] }]),
    entry('set', 'tagged', [{ concat: ['n1', 104] }, { concat: ['n3', 1] }]),
    ...['prerouting', 'forward', 'input', 'output'].map((hook) => chain(hook)),
    ...['goto', 'drop', 'accept'].map((verdict) => rule('prerouting', verdict)),
    ...['drop', 'accept', 'drop'].map((verdict) => rule('ingress', verdict)),
    ...['accept', 'drop', 'accept'].map((verdict) => rule('forward', verdict)),
  ];
  const table = parseTable({ nftables: sound })!;
  t.is(table.epoch, 3);
  t.deepEqual(readingOfTable(table, 'n1'), { native: 101, tagged: [104] });
  t.deepEqual(readingOfTable(table, 'n4'), SHUT);
  t.true('foreign' in readingOfTable(table, 'n2'), 'it hears another network');
  t.true('foreign' in readingOfTable(table, 'n3'), 'VLAN 1');
  for (const other of [
    [...sound, rule('forward', 'accept')],
    sound.slice(0, -1),
    [...sound.slice(0, 4), chain('prerouting', 'accept'), ...sound.slice(5)],
  ]) {
    t.true('foreign' in readingOfTable(parseTable({ nftables: other })!, 'n1'));
  }
  for (const nonsense of [null, [], { nftables: 7 }, { nftables: [{}] }]) {
    t.is(parseTable(nonsense), null);
  }
});
