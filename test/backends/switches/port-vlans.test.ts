/** Which attachments a port can have, and that drivers and service call ports alike. */
import test from 'ava';
import type { SwitchDialect } from '../../../backends/switches/dialect.ts';
import { CliSwitch } from '../../../backends/switches/cli/cli-switch.ts';
import { JUNOS } from '../../../backends/switches/cli/junos.ts';
import { NXOS } from '../../../backends/switches/cli/nxos.ts';
import { OS10 } from '../../../backends/switches/cli/os10.ts';
import { OS9 } from '../../../backends/switches/cli/os9.ts';
import { FilteredBridge } from '../../../backends/switches/linux-bridge/filtered-bridge.ts';
import { localHost } from '../../../backends/switches/linux-bridge/host.ts';
import { OpenVswitch } from '../../../backends/switches/openvswitch/openvswitch.ts';
import { attachmentsOf, portVlansOf, readingOf } from '../../../backends/switches/port-vlans.ts';
import { SWITCH_TYPES } from '../../../core/allocator/switch-types.ts';

test('attachments and VLANs of a port say the same', (t) => {
  for (const vlans of [
    { native: null, tagged: [] },
    { native: 2, tagged: [] },
    { native: 2, tagged: [3, 4094] },
    { native: null, tagged: [2] },
  ]) {
    t.deepEqual(portVlansOf(attachmentsOf(vlans)), vlans);
    t.deepEqual(portVlansOf(attachmentsOf(vlans).toReversed()), vlans);
    t.deepEqual(readingOf(vlans.native, vlans.tagged.toReversed()), vlans);
  }
  t.deepEqual(readingOf(5, [5, 6]), { native: 5, tagged: [6] });
  for (const [native, tagged] of [
    [1, []],
    [null, [1]],
    [null, [4095]],
    [Number.NaN, []],
    [5, [0]],
  ] as const) {
    t.true('foreign' in readingOf(native, tagged));
  }
});

test('the service takes no port name that the driver does not, nor the other way', (t) => {
  const dial = async () => Promise.reject(new Error('nobody is called'));
  const drivers: readonly (readonly [string, SwitchDialect, readonly string[]])[] = [
    ['openvswitch', new OpenVswitch({ address: { path: '/' }, bridge: 'b' }), ['n1', 'ocx-n1.2']],
    ['linux-bridge', new FilteredBridge(localHost(null), 'b'), ['n1', 'tap_7']],
    ['cisco-nxos', new CliSwitch(NXOS, dial), ['Ethernet1/1', 'Ethernet101/1/48']],
    [
      'dell-os9',
      new CliSwitch(OS9, dial),
      ['TenGigabitEthernet1/2', 'GigabitEthernet0/12', 'fortyGigE1/1/3'],
    ],
    ['dell-os10', new CliSwitch(OS10, dial), ['ethernet1/1/1', 'ethernet1/1/5:2']],
    ['juniper-junos', new CliSwitch(JUNOS, dial), ['ge-0/0/1', 'xe-0/0/12:3']],
  ];
  const names = drivers.flatMap(([, , own]) => own);
  const odd = [
    '',
    ' ',
    'n1 ',
    'n1\n',
    'Ethernet1/1;',
    'ge-0/0/1 disable',
    '-n1',
    'n1*',
    '1/1',
    'lo/0',
  ];
  for (const [type, dialect, own] of drivers) {
    for (const name of [...names, ...odd]) {
      const isName = dialect.portName.test(name);
      t.is(SWITCH_TYPES.get(type)!.portName.test(name), isName, `${type} ${name}`);
      if (own.includes(name)) t.true(isName, name);
      if (odd.includes(name)) t.false(isName, name);
    }
  }
});
