/** Effects on real drivers: an emulated BMC over HTTP, and a switch in memory. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { WipePlan } from '../../../backends/bmc/wipe.ts';
import { Custody } from '../../../backends/devices/custody.ts';
import { doubtful, nothing } from '../../../backends/devices/failure.ts';
import { Hardware } from '../../../backends/devices/hardware.ts';
import { EmulatedSwitch } from '../../../backends/switches/emulated-switch.ts';
import type { IsolationDeviceEffect, NodeObservation } from '../../../core/allocator/protocol.ts';
import type { Outcome } from '../../../core/kernel/service.ts';
import { openEmulated } from '../bmc/emulated-bmc.ts';
import { codeOf, folderOf } from './desk-place.ts';

const HEAD = { effectId: 'e', nodeId: 'n1', fencingToken: 1, deadlineMs: 60_000 };
const PORTS = [
  { switchId: 's', portId: 'p' },
  { switchId: 's', portId: 'q' },
];
const ATTACHMENTS = [{ networkId: 101, channel: 'vlan/native' }];

async function site(t: ExecutionContext) {
  const place = await openEmulated();
  t.teardown(() => place.close());
  const custody = new Custody(join(folderOf(t), 'custody.jsonl'));
  const tor = new EmulatedSwitch();
  const ended: string[] = [];
  const wipe: WipePlan = {
    ...{ offMs: 20, keptAccounts: ['monitor'] },
    ...{ drives: 'erase', firmware: 'reset' },
  };
  const hardware = new Hardware({
    nodes: new Map([['n1', { bmc: place.bmc, wipe }]]),
    switches: new Map([['s', tor]]),
    ...{ custody, endConsoles: (nodeId) => ended.push(nodeId) },
  });
  const carryOut = (effect: IsolationDeviceEffect, forMs = 20_000) =>
    hardware.carryOut(effect, PORTS, AbortSignal.timeout(forMs));
  const observe = (forMs?: number) =>
    carryOut({ ...HEAD, kind: 'ObserveNode' }, forMs) as Promise<Outcome<NodeObservation>>;
  return { ...place, custody, tor, ended, carryOut, observe };
}

const clean = { power: 'off', bmcGrantee: null, ports: { p: [], q: [] } };

test('each effect reaches its device, and a reading shows what they have come to', async (t) => {
  const { carryOut, observe, node, tor, custody, ended, emulator } = await site(t);
  t.deepEqual(await observe(), { status: 'ok', value: clean });
  const all: IsolationDeviceEffect[] = [
    { ...HEAD, kind: 'SetBootDevice', device: 'network' },
    { ...HEAD, kind: 'SetMedia', image: 'http://127.0.0.1/a.iso' },
    { ...HEAD, kind: 'SetSecureBoot', enabled: true },
    { ...HEAD, kind: 'PowerOn', bootCount: 1 },
    { ...HEAD, kind: 'RotateBmcToken', grantee: 'org-t' },
    { ...HEAD, kind: 'ConfigurePort', ...PORTS[0]!, attachments: ATTACHMENTS },
  ];
  for (const effect of all) t.is(codeOf(await carryOut(effect)), 'ok', effect.kind);
  t.deepEqual(node.boots, ['Pxe']);
  t.is(emulator.chassis.image, 'http://127.0.0.1/a.iso');
  t.deepEqual(tor.ports.get('p'), ATTACHMENTS);
  t.is(custody.grantee('n1'), 'org-t');
  t.deepEqual(ended, ['n1'], 'a new grant ends every console');
  const value = { power: 'on', bmcGrantee: 'org-t', ports: { p: ATTACHMENTS, q: [] } };
  t.deepEqual(await observe(), { status: 'ok', value });
  t.like(await carryOut({ ...HEAD, kind: 'WipeNode' }), {
    status: 'ok',
    value: { memoryScrubbed: true, disksErased: true, bmcReset: true },
  });
  t.is(emulator.chassis.image, null);
  t.is(codeOf(await carryOut({ ...HEAD, kind: 'PowerOff', force: true })), 'ok');
  t.false(node.isOn());
});

test('an account that is not ours counts as a grant, whatever was written down; a kept one does not', async (t) => {
  const { observe, emulator, custody } = await site(t);
  const { accounts } = emulator.belongings;
  accounts.set('m', { userName: 'monitor', password: 'm', isEnabled: true });
  t.deepEqual(await observe(), { status: 'ok', value: clean });
  custody.grant('n1', 'org-t');
  accounts.set('x', { userName: 'x', password: 'x', isEnabled: true });
  t.like(await observe(), { status: 'ok', value: { bmcGrantee: 'account:x' } });
  accounts.get('x')!.isEnabled = false;
  t.like(await observe(), { status: 'ok', value: { bmcGrantee: 'org-t' } });
});

test('a port in a state that nobody put it in is not what is meant, whatever that is', async (t) => {
  const { observe, tor } = await site(t);
  const read = tor.readPort.bind(tor);
  tor.readPort = async (portId) =>
    portId === 'q' ? doubtful('DEVICE_FOREIGN', 'a trunk of everything') : read(portId);
  const outcome = await observe();
  t.true(outcome.status === 'ok' && outcome.value.ports['q']!.length > 0);
  tor.readPort = async () => nothing('DEVICE_UNREACHABLE', 'no answer');
  t.is(codeOf(await observe()), 'noEffect DEVICE_UNREACHABLE', 'silence shows nothing');
});

test('without a BMC that answers, or one that is known, there is no reading and no effect', async (t) => {
  const { carryOut, observe, emulator } = await site(t);
  emulator.faults.set('hangs', Number.POSITIVE_INFINITY);
  t.is((await observe(300)).status, 'noEffect');
  const other = { ...HEAD, nodeId: 'n2', kind: 'PowerOn', bootCount: 1 } as const;
  t.is(codeOf(await carryOut(other)), 'noEffect DEVICE_UNKNOWN');
  const port = { switchId: 'unknown', portId: 'p', attachments: [] };
  t.is(
    codeOf(await carryOut({ ...HEAD, kind: 'ConfigurePort', ...port })),
    'noEffect DEVICE_UNKNOWN',
  );
});
