/** A BMC of OpenIPMI's `ipmi_sim`, which speaks real IPMI over UDP, with a node made of files. */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChassisFolder } from '../../backends/bmc/ipmi/chassis-folder.ts';

export const IPMI_CREDENTIALS = { userName: 'admin', password: 'secret' };

/** What is missing of the programs, or null. */
export function missingProgram(...programs: readonly string[]): string | null {
  const isMissing = (program: string) => spawnSync(program, ['-V'], { timeout: 5000 }).error;
  return programs.find((program) => isMissing(program)) ?? null;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  return port;
}

const EMULATION = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

function configuration(port: number, control: string): string {
  const { userName, password } = IPMI_CREDENTIALS;
  const levels = ['callback', 'user', 'operator', 'admin'];
  return [
    'name "node"',
    'set_working_mc 0x20',
    'startlan 1',
    `addr 127.0.0.1 ${port}`,
    'priv_limit admin',
    ...levels.map((level) => `allowed_auths_${level} none md2 md5 straight`),
    'guid a123456789abcdefa123456789abcdef',
    'endlan',
    `chassis_control "${control} node"`,
    `user 2 true "${userName}" "${password}" admin 10 none md2 md5 straight`,
    // Somebody else's, for the tests of wiping.
    `user 3 true "left" "left" operator 10 none md2 md5 straight`,
    '',
  ].join('\n');
}

export interface IpmiSim {
  readonly port: number;
  readonly folder: ChassisFolder;
  /** Lets it hang; it goes on where it stood. */
  halt(isHalted: boolean): void;
  close(): Promise<void>;
}

export async function startIpmiSim(): Promise<IpmiSim> {
  const folder = new ChassisFolder('sim-control.sh');
  const [port, state] = [await freePort(), join(folder.path, 'state')];
  mkdirSync(state);
  const [lan, emulation] = [join(folder.path, 'lan.conf'), join(folder.path, 'sim.emu')];
  writeFileSync(lan, configuration(port, join(folder.path, 'sim-control.sh')));
  writeFileSync(emulation, EMULATION);
  const child = spawn('ipmi_sim', ['-n', '-c', lan, '-f', emulation, '-s', state], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  await sleep(300);
  return {
    port,
    folder,
    halt: (isHalted) => void child.kill(isHalted ? 'SIGSTOP' : 'SIGCONT'),
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      folder.remove();
    },
  };
}
