/** OpenIPMI's `ipmi_sim` as the BMC of one node; it speaks real IPMI over UDP. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import type { RackNode } from './rack-file.ts';

/** Called as `PROGRAM ipmi get|set NAME [VALUE] ...`. */
const CONTROL = (socket: string) => `#!/bin/sh
shift
echo "$*" | socat -t 60 - "UNIX-CONNECT:${socket}"
`;

const AUTHENTICATION = ['callback', 'user', 'operator', 'admin']
  .map((level) => `    allowed_auths_${level} none md2 md5 straight\n`)
  .join('');

export function startIpmiSim(rackId: string, folder: string, node: RackNode): void {
  const state = join(folder, 'ipmi');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const program = join(folder, 'chassis');
  writeFileSync(program, CONTROL(join(folder, 'chassis.sock')));
  chmodSync(program, 0o700);
  const configuration = join(folder, 'ipmi.conf');
  const commands = join(folder, 'ipmi.emu');
  writeFileSync(
    configuration,
    `name "${node.nodeId}"\nset_working_mc 0x20\n  startlan 1\n` +
      `    addr ${node.bmcAddress} ${node.bmcPort}\n    priv_limit admin\n${AUTHENTICATION}` +
      `    guid a123456789abcdefa123456789abcdef\n  endlan\n  chassis_control "${program} ipmi"\n` +
      // Nobody without a name: an account that is not ours is one too many.
      '  user 1 false "" "" user 10 none md2 md5 straight\n' +
      `  user 2 true "${node.bmcUser}" "${node.bmcPassword}" admin 10 none md2 md5 straight\n`,
    { mode: 0o600 },
  );
  writeFileSync(
    commands,
    'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n' +
      'sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n',
  );
  startDaemon(['ipmi_sim', '-n', '-c', configuration, '-f', commands, '-s', state], {
    ...{ rackId, folder },
    log: join(folder, 'ipmi.log'),
  });
}
