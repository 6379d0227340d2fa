/** The folder in which a node behind an emulated BMC keeps its state. */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BOOTS = new Map([
  ['pxe', 'network'],
  ['disk', 'disk'],
  ['cdrom', 'media'],
] as const);

export class ChassisFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ocx-bmc-'));

  /** @param program script that is run with this node, beside `chassis.sh` */
  constructor(program: string) {
    for (const name of ['chassis.sh', program]) {
      copyFileSync(new URL(name, import.meta.url), join(this.path, name));
    }
    chmodSync(join(this.path, program), 0o755);
  }

  inject(fault: string, times: number): void {
    writeFileSync(join(this.path, `fault-${fault}`), `${times}\n`);
  }

  lines(name: string): string[] {
    const path = join(this.path, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }

  isOn(): boolean {
    return this.lines('power')[0] === 'on';
  }

  boots(): ('network' | 'disk' | 'media' | null)[] {
    return this.lines('boots').map((boot) => BOOTS.get(boot as 'pxe') ?? null);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
