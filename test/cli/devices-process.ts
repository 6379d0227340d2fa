/** `ocx devices` in a process of its own, with emulated BMCs behind it and secrets planted in it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { RedfishEmulator } from '../../backends/bmc/emulator/redfish-emulator.ts';
import { ROOT } from '../architecture/tree.ts';

/** Stands nowhere else: whatever holds it has it from the credentials. */
export const PASSWORD = 'planted-secret-7f3a';
export const USER = 'bmc-admin';

/** One emulated BMC for each node. */
export async function startBmcs(
  t: ExecutionContext,
  nodeIds: readonly string[],
): Promise<Map<string, RedfishEmulator>> {
  const bmcs = new Map<string, RedfishEmulator>();
  for (const nodeId of nodeIds) {
    const bmc = new RedfishEmulator({ userName: USER, password: PASSWORD });
    await bmc.start();
    t.teardown(() => bmc.close());
    bmcs.set(nodeId, bmc);
  }
  return bmcs;
}

export function devicesToml(
  bmcs: ReadonlyMap<string, RedfishEmulator>,
  switches: readonly string[],
  more = '',
): string {
  const entries = [...bmcs].map(
    ([nodeId, bmc]) => `[[bmcs]]
nodeId = "${nodeId}"
protocol = "redfish"
address = "${bmc.url}"
user = "${USER}"
password = "${PASSWORD}"
pollSeconds = 0.05
offSeconds = 1
${more}`,
  );
  return [...entries, ...switches].join('\n');
}

export const emulatedSwitch = (switchId: string) =>
  `[[switches]]\nswitchId = "${switchId}"\ndriver = "emulated"\n`;

export class DevicesProcess {
  readonly child: ChildProcess;
  readonly uid: number;
  /** All that it has said. */
  said = '';

  private constructor(child: ChildProcess, uid: number) {
    this.child = child;
    this.uid = uid;
  }

  static async start(
    t: ExecutionContext,
    folder: string,
    ...more: string[]
  ): Promise<DevicesProcess> {
    const parameters = ['--config', 'devices.toml', '--socket', 'devices.sock', ...more];
    const child = spawn(
      process.execPath,
      [join(ROOT, 'cli/main.ts'), 'devices', ...parameters, '--json'],
      { cwd: folder, env: { ...process.env, INIT_CWD: folder } },
    );
    t.teardown(() => child.kill('SIGKILL'));
    let [said, ready] = ['', ''];
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      ready += String(chunk);
      if (ready.includes('}')) break;
    }
    if (!ready.includes('}')) throw new Error(`it did not start: ${said}`);
    const started = new DevicesProcess(child, (JSON.parse(ready) as { uid: number }).uid);
    started.said = said + ready;
    child.stderr.on('data', (chunk) => (started.said += String(chunk)));
    child.stdout.on('data', (chunk) => (started.said += String(chunk)));
    return started;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    return ((await exited) as [number | null])[0];
  }
}

export function writeDevices(folder: string, text: string, mode = 0o600): void {
  writeFileSync(join(folder, 'devices.toml'), text, { mode });
}
