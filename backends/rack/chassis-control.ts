/**
 * How `ipmi_sim` reaches its node: a Unix socket to which it says `get power`, `set power 1`,
 * `get boot` or `set boot pxe`, one request a connection, as its chassis program is called.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { chmodSync, rmSync } from 'node:fs';
import type { Chassis } from '../bmc/emulator/chassis.ts';

const MOST_BYTES = 1_000;

/** `ipmi_sim`'s words for boot devices → Redfish's. */
const TARGETS = new Map([
  ['none', 'None'],
  ['pxe', 'Pxe'],
  ['default', 'Hdd'],
  ['cdrom', 'Cd'],
  ['bios', 'BiosSetup'],
]);

export class ChassisControl {
  readonly #chassis: Chassis;
  readonly #server: Server;

  constructor(chassis: Chassis) {
    this.#chassis = chassis;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(path, resolve);
    await promise;
    chmodSync(path, 0o600);
  }

  #serve(socket: Socket): void {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MOST_BYTES) return void socket.destroy();
      if (!text.includes('\n')) return;
      this.answer(text.trim().split(/\s+/)).then(
        (answer) => socket.end(answer),
        () => socket.destroy(),
      );
    });
  }

  /** @param words as `ipmi_sim` gives them to its program */
  async answer([verb, ...words]: readonly string[]): Promise<string> {
    if (verb === 'get') {
      const lines = await Promise.all(words.map((name) => this.#tell(name)));
      return lines.join('');
    }
    if (verb !== 'set') return '';
    for (let index = 0; index + 1 < words.length; index += 2) {
      await this.#change(words[index]!, words[index + 1]!);
    }
    return '';
  }

  async #tell(name: string): Promise<string> {
    if (name === 'power') return `power:${(await this.#chassis.reading()) === 'On' ? 1 : 0}\n`;
    if (name !== 'boot') return '';
    const { enabled, target } = this.#chassis.boot;
    const isSet = enabled !== 'Disabled';
    const word = [...TARGETS].find(([, known]) => isSet && known === target)?.[0];
    return `boot:${word ?? 'none'}\n`;
  }

  async #change(name: string, value: string): Promise<void> {
    if (name === 'power') await this.#chassis.switchTo(value === '1');
    else if (name === 'shutdown') await this.#chassis.switchTo(false);
    else if (name === 'reset') {
      await this.#chassis.switchTo(false);
      await this.#chassis.switchTo(true);
    } else if (name === 'boot') {
      const target = TARGETS.get(value) ?? 'None';
      const enabled = target === 'None' ? 'Disabled' : 'Once';
      this.#chassis.setBoot({ enabled, target, mode: 'UEFI' });
    }
  }
}
