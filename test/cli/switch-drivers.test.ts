/** Every driver of a switch by its entry in `devices.toml`, and what is said where one is wrong. */
import test from 'ava';
import { openSwitch } from '../../cli/switch-drivers.ts';
import type { SwitchEntry } from '../../cli/devices-configuration.ts';

const FILE = '/etc/ocx/devices.toml';
const SSH = { address: 'ssh:10.0.0.1:2222', user: 'ocx', keyFile: 'key', knownHostsFile: 'hosts' };
const GOOD: readonly Omit<SwitchEntry, 'switchId'>[] = [
  { driver: 'emulated' },
  { driver: 'openvswitch', address: 'unix:/run/db.sock', bridge: 'br0' },
  { driver: 'openvswitch', address: 'tcp:10.0.0.1:6640', bridge: 'br0' },
  { driver: 'linux-bridge', bridge: 'br0', filter: 'vlan' },
  { driver: 'linux-bridge', address: 'netns:rack', bridge: 'br0', filter: 'nftables' },
  ...['cisco-nxos', 'dell-os9', 'dell-os10', 'juniper-junos'].map((driver) => ({ driver, ...SSH })),
];

test('each driver opens, and talks to nobody before it is asked to', async (t) => {
  for (const entry of GOOD) {
    const driver = openSwitch({ switchId: 'tor', ...entry }, FILE);
    t.is(typeof driver.configurePort, 'function');
    await driver.close();
  }
});

test('an entry that lacks something is said to, without its secrets', (t) => {
  const bad: readonly Omit<SwitchEntry, 'switchId'>[] = [
    { driver: 'toaster' },
    { driver: 'openvswitch', address: 'unix:/run/db.sock' },
    { driver: 'openvswitch', address: 'http://10.0.0.1', bridge: 'br0' },
    { driver: 'linux-bridge', bridge: 'br0' },
    { driver: 'linux-bridge', address: 'netns:../x', bridge: 'br0', filter: 'vlan' },
    { driver: 'cisco-nxos', ...SSH, address: '10.0.0.1', enableSecret: 'sesame' },
    { driver: 'dell-os9', ...SSH, address: 'ssh:-oProxyCommand=x', enableSecret: 'sesame' },
    { driver: 'dell-os10', address: 'ssh:10.0.0.1', user: 'ocx', enableSecret: 'sesame' },
    { driver: 'juniper-junos', ...SSH, user: '-x', enableSecret: 'sesame' },
  ];
  for (const entry of bad) {
    const error = t.throws(() => openSwitch({ switchId: 'tor', ...entry }, FILE));
    t.regex((error as Error & { code: string }).code, /^INPUT_(?:DEVICES_DRIVER|SWITCH_ADDRESS)$/);
    t.notRegex(error.message, /sesame/);
  }
});
