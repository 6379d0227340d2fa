/** Drivers of switches, by their names in `devices.toml`. */
import { dirname, resolve } from 'node:path';
import { CliSwitch } from '../backends/switches/cli/cli-switch.ts';
import type { CliGrammar } from '../backends/switches/cli/grammar.ts';
import { JUNOS } from '../backends/switches/cli/junos.ts';
import { NXOS } from '../backends/switches/cli/nxos.ts';
import { OS10 } from '../backends/switches/cli/os10.ts';
import { OS9 } from '../backends/switches/cli/os9.ts';
import { sshDial } from '../backends/switches/cli/ssh.ts';
import { CLI_SWITCH_TIMINGS, ConfirmedSwitch } from '../backends/switches/confirmed-switch.ts';
import { EmulatedSwitch } from '../backends/switches/emulated-switch.ts';
import { FilteredBridge } from '../backends/switches/linux-bridge/filtered-bridge.ts';
import { localHost } from '../backends/switches/linux-bridge/host.ts';
import { VlanBridge } from '../backends/switches/linux-bridge/vlan-bridge.ts';
import { OpenVswitch } from '../backends/switches/openvswitch/openvswitch.ts';
import { parseOvsdbAddress } from '../backends/switches/openvswitch/session.ts';
import type { SwitchDriver } from '../backends/switches/protocol.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { SwitchEntry } from './devices-configuration.ts';

/** @param folder of the configuration, which paths in it are relative to */
type SwitchMaker = (entry: SwitchEntry, folder: string) => SwitchDriver;

const DRIVERS: ReadonlyMap<string, SwitchMaker> = new Map<string, SwitchMaker>([
  ['emulated', () => new EmulatedSwitch()],
  ['openvswitch', openVswitch],
  ['linux-bridge', linuxBridge],
  ['cisco-nxos', byCommandLine(NXOS)],
  ['dell-os9', byCommandLine(OS9)],
  ['dell-os10', byCommandLine(OS10)],
  ['juniper-junos', byCommandLine(JUNOS)],
]);

/**
 * @param file of the configuration
 * @throws INPUT_DEVICES_DRIVER, INPUT_SWITCH_ADDRESS
 */
export function openSwitch(entry: SwitchEntry, file: string): SwitchDriver {
  const make = DRIVERS.get(entry.driver);
  if (make) return make(entry, dirname(file));
  const known = [...DRIVERS.keys()].join(', ');
  throw wrong(`switch ${entry.switchId} has an unknown driver; known are ${known}`);
}

function openVswitch({ switchId, address = '', bridge }: SwitchEntry): SwitchDriver {
  const parsed = parseOvsdbAddress(address);
  if (!parsed || bridge === undefined) {
    throw wrong(`switch ${switchId} needs a bridge, and unix:PATH or tcp:HOST:PORT`);
  }
  return new ConfirmedSwitch(new OpenVswitch({ address: parsed, bridge }));
}

function linuxBridge({ switchId, address = 'local', bridge, filter }: SwitchEntry): SwitchDriver {
  const [, namespace] = /^netns:([\w.-]{1,64})$/.exec(address) ?? [];
  const isLocal = address === 'local' || namespace !== undefined;
  if (!isLocal || bridge === undefined || filter === undefined) {
    throw wrong(`switch ${switchId} needs a bridge, a filter, and the address local or netns:NAME`);
  }
  const host = localHost(namespace ?? null);
  const Dialect = filter === 'vlan' ? VlanBridge : FilteredBridge;
  return new ConfirmedSwitch(new Dialect(host, bridge));
}

function byCommandLine(grammar: CliGrammar): SwitchMaker {
  return (entry, folder) => {
    const { switchId, address = '', user, keyFile, knownHostsFile, enableSecret } = entry;
    const found = /^ssh:\[?([\w.:-]+?)\]?(?::(\d{1,5}))?$/.exec(address);
    if (!found || user === undefined || keyFile === undefined || knownHostsFile === undefined) {
      const needs = 'ssh:HOST or ssh:HOST:PORT, a user, a keyFile and a knownHostsFile';
      throw wrong(`switch ${switchId} needs ${needs}`);
    }
    const [, host, port] = found;
    const dial = sshDial({
      ...{ host: host!, user },
      ...(port === undefined ? {} : { port: Number(port) }),
      keyFile: resolve(folder, keyFile),
      knownHostsFile: resolve(folder, knownHostsFile),
    });
    const dialect = new CliSwitch(grammar, dial, enableSecret ?? null);
    return new ConfirmedSwitch(dialect, CLI_SWITCH_TIMINGS);
  };
}

function wrong(message: string): OcxError {
  return new OcxError({ code: 'INPUT_DEVICES_DRIVER', message, remedy: 'see docs/switches.md' });
}
