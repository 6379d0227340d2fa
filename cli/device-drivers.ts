/** Where drivers of BMCs and switches are wired together, each by its entry in `devices.toml`. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Bmc, BMC_TIMINGS, IPMI_TIMINGS } from '../backends/bmc/bmc.ts';
import { Ipmi } from '../backends/bmc/ipmi/ipmi.ts';
import { Ipmitool, type IpmiOptions } from '../backends/bmc/ipmi/ipmitool.ts';
import { Redfish } from '../backends/bmc/redfish/redfish.ts';
import { ProgramConsole, SocketConsole } from '../backends/devices/console-sources.ts';
import { Consoles, type ConsoleSource } from '../backends/devices/consoles.ts';
import { Custody } from '../backends/devices/custody.ts';
import { DeviceDesk } from '../backends/devices/desk.ts';
import { Hardware, type NodeHardware } from '../backends/devices/hardware.ts';
import { loggedDevices } from '../backends/devices/logged.ts';
import { Redaction } from '../backends/devices/redaction.ts';
import type { EffectLog } from '../backends/runner/effect-log.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { SECOND_MS } from '../core/kernel/units.ts';
import type { BmcEntry, DevicesConfiguration } from './devices-configuration.ts';
import { openSwitch } from './switch-drivers.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/** The desk in front of all devices, and what ends them. */
export interface WiredDevices {
  readonly desk: DeviceDesk;
  close(): Promise<void>;
}

/**
 * @param file of the configuration: paths in it are relative to its folder
 * @param statePath where it is remembered who may use what
 * @param effectLog what reaches the drivers goes there
 * @throws INPUT_DEVICES_DRIVER, INPUT_BMC_ADDRESS, RESOURCE_CUSTODY
 */
export function wireDevices(
  configuration: DevicesConfiguration,
  file: string,
  statePath: string,
  log: (line: string) => void,
  effectLog: EffectLog | null = null,
): WiredDevices {
  const { bmcs, switches: entries } = configuration;
  // Only the addresses of the file are ever contacted.
  const allowedHosts = bmcs.flatMap(({ address }) => hostOf(address) ?? []);
  const nodes = new Map<string, NodeHardware>();
  const sources = new Map<string, ConsoleSource>();
  for (const entry of bmcs) {
    nodes.set(entry.nodeId, { bmc: openBmc(entry, file, allowedHosts), wipe: wipePlan(entry) });
    const console = consoleOf(entry, allowedHosts);
    if (console) sources.set(entry.nodeId, console);
  }
  const switches = new Map(entries.map((entry) => [entry.switchId, openSwitch(entry, file)]));
  const custody = new Custody(statePath);
  const consoles = new Consoles(sources, custody);
  const pairs = [
    ...[...bmcs, ...entries].flatMap(({ user = '', password }) =>
      password === undefined ? [] : { user, password },
    ),
    ...entries.flatMap(({ enableSecret }) =>
      enableSecret === undefined ? [] : { user: '', password: enableSecret },
    ),
  ];
  const hardware = new Hardware({
    ...{ nodes, switches, custody },
    endConsoles: (nodeId) => consoles.end(nodeId),
  });
  const desk = new DeviceDesk({
    devices: effectLog ? loggedDevices(hardware, effectLog, () => Date.now()) : hardware,
    ...{ custody, consoles, log },
    redaction: new Redaction(pairs),
    claim: (epoch) => {
      for (const driver of switches.values()) driver.claim(epoch);
    },
  });
  return {
    desk,
    async close() {
      await desk.close();
      const drivers = [...[...nodes.values()].map(({ bmc }) => bmc), ...switches.values()];
      await Promise.allSettled(drivers.map((driver) => driver.close()));
      custody.close();
    },
  };
}

function openBmc(entry: BmcEntry, file: string, allowedHosts: readonly string[]): Bmc {
  const { protocol, pollSeconds, user: userName, password } = entry;
  const usual = protocol === 'ipmi' ? IPMI_TIMINGS : BMC_TIMINGS;
  const timings = pollSeconds === undefined ? usual : { ...usual, pollMs: pollSeconds * SECOND_MS };
  if (protocol === 'ipmi') return new Bmc(new Ipmi(ipmiOptions(entry, allowedHosts)), timings);
  const { address: url, systemId, networkTarget, certificate, checksName } = entry;
  const pem = certificate && readFileSync(resolve(dirname(file), certificate), 'utf8');
  const isHere = LOOPBACK.test(URL.canParse(url) ? new URL(url).hostname : '');
  const redfish = new Redfish({
    ...{ url, allowedHosts, credentials: { userName, password } },
    allowsPlainText: entry.allowsPlainText || isHere,
    ...(pem === undefined ? {} : { tls: { certificates: pem, checksName } }),
    ...(systemId === undefined ? {} : { systemId }),
    ...(networkTarget === undefined ? {} : { networkTarget }),
  });
  return new Bmc(redfish, timings);
}

function ipmiOptions(entry: BmcEntry, allowedHosts: readonly string[]): IpmiOptions {
  const { nodeId, address, user: userName, password, cipherSuite, isUefi } = entry;
  const found = /^\[?([0-9A-Za-z.:-]+?)\]?(?::(\d{1,5}))?$/.exec(address.replace(/^ipmi:\/\//, ''));
  if (!found) throw wrong(`the BMC of ${nodeId} needs an address HOST or HOST:PORT`);
  const [, host, port] = found;
  return {
    ...{ host: host!, allowedHosts, userName, password, isUefi },
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(cipherSuite === undefined ? {} : { cipherSuite }),
  };
}

function wipePlan({ offSeconds, keptAccounts, drives, firmware }: BmcEntry) {
  return { offMs: offSeconds * SECOND_MS, keptAccounts, drives, firmware };
}

function consoleOf(entry: BmcEntry, allowedHosts: readonly string[]): ConsoleSource | null {
  if (entry.console === undefined) return null;
  const path = /^unix:(.+)$/.exec(entry.console)?.[1];
  if (path !== undefined) return new SocketConsole(path);
  const tool = new Ipmitool(ipmiOptions(entry, allowedHosts));
  return new ProgramConsole(() => tool.start(['sol', 'activate']));
}

/** With its port for URLs, without for IPMI. */
function hostOf(address: string): string | null {
  if (/^https?:/.test(address)) return URL.canParse(address) ? new URL(address).host : null;
  return /^(?:ipmi:\/\/)?\[?([0-9A-Za-z.:-]+?)\]?(?::\d{1,5})?$/.exec(address)?.[1] ?? null;
}

function wrong(message: string): OcxError {
  return new OcxError({ code: 'INPUT_DEVICES_DRIVER', message, remedy: 'see docs/devices.md' });
}
