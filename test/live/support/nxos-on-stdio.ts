/** An emulated Cisco NX-OS on this process's own terminal: what sshd runs for a login. */
import { CliEmulator } from '../../backends/switches/cli/cli-emulator.ts';
import { NxosEmulator } from '../../backends/switches/cli/nxos-emulator.ts';

const emulator = new CliEmulator(new NxosEmulator(['Ethernet1/1', 'Ethernet1/2']));
const channel = await emulator.dial(AbortSignal.timeout(1000));
process.stdin.setRawMode?.(true);
process.stdin.setEncoding('utf8');
channel.onText((text) => process.stdout.write(text));
process.stdin.on('data', (text: string) => {
  for (const line of text.match(/[^\r\n]*[\r\n]|[^\r\n]+/g) ?? []) {
    channel.write(line.replace('\r', '\n'));
  }
});
process.stdin.on('end', () => process.exit());
