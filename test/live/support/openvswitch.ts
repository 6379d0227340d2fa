/** A private Open vSwitch: its own database and folders, its datapath in user space. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, run } from './wires.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
export const BRIDGE = 'br0';

export class PrivateOpenVswitch {
  readonly folder = mkdtempSync(join(tmpdir(), 'ocx-ovs-'));
  readonly socket = join(this.folder, 'db.sock');
  readonly #namespace: string;
  #database: ChildProcess | null = null;
  #daemon: ChildProcess | null = null;

  private constructor(namespace: string) {
    this.#namespace = namespace;
  }

  static async start(namespace: string): Promise<PrivateOpenVswitch> {
    const started = new PrivateOpenVswitch(namespace);
    run('ovsdb-tool', 'create', join(started.folder, 'conf.db'), SCHEMA);
    await started.startDatabase();
    started.vsctl('--no-wait', 'init');
    await started.startDaemon();
    const options = [
      'set',
      'bridge',
      BRIDGE,
      'datapath_type=netdev',
      'other-config:hwaddr=02:00:00:00:00:fe',
    ];
    started.vsctl('--timeout=10', 'add-br', BRIDGE, '--', ...options);
    started.guard(true);
    return started;
  }

  get database(): ChildProcess {
    return this.#database!;
  }

  get daemon(): ChildProcess {
    return this.#daemon!;
  }

  vsctl(...options: readonly string[]): string {
    return run('ovs-vsctl', `--db=unix:${this.socket}`, ...options).trim();
  }

  /**
   * Drops frames with a tag inside a tag. Without it a frame that comes into a native network with
   * a tag of its own leaves a port on which that network is untagged as one of another network.
   */
  guard(isOn: boolean): void {
    const management = `unix:${join(this.folder, `${BRIDGE}.mgmt`)}`;
    for (const inner of ['0x8100', '0x88a8']) {
      const match = `vlan_tci=0x1000/0x1000,dl_type=${inner}`;
      if (isOn) run('ovs-ofctl', 'add-flow', management, `priority=100,${match},actions=drop`);
      else run('ovs-ofctl', 'del-flows', management, match);
    }
  }

  async startDatabase(): Promise<void> {
    rmSync(this.socket, { force: true });
    this.#database = this.#spawn('ovsdb-server', [
      join(this.folder, 'conf.db'),
      `--remote=punix:${this.socket}`,
      `--unixctl=${join(this.folder, 'ovsdb.ctl')}`,
    ]);
    await eventually(() => existsSync(this.socket));
  }

  async startDaemon(): Promise<void> {
    const control = join(this.folder, 'vswitchd.ctl');
    const options = [`unix:${this.socket}`, `--unixctl=${control}`, '--disable-system'];
    this.#daemon = this.#spawn('ip', [
      'netns',
      'exec',
      this.#namespace,
      'ovs-vswitchd',
      ...options,
    ]);
    await eventually(() => existsSync(control));
  }

  #spawn(program: string, options: readonly string[]): ChildProcess {
    const env = { ...process.env, OVS_RUNDIR: this.folder, OVS_LOGDIR: this.folder };
    return spawn(program, [...options, '-vconsole:off'], { env, stdio: 'ignore' });
  }

  async stopDatabase(): Promise<void> {
    await end(this.#database);
  }

  async stopDaemon(): Promise<void> {
    await end(this.#daemon);
    rmSync(join(this.folder, 'vswitchd.ctl'), { force: true });
  }

  async restart(): Promise<void> {
    await this.stopDaemon();
    await this.stopDatabase();
    await this.startDatabase();
    await this.startDaemon();
    this.vsctl('--timeout=10', 'set', 'Open_vSwitch', '.', 'external_ids:restarted=yes');
    this.guard(true);
  }

  async remove(): Promise<void> {
    await this.stopDaemon();
    await this.stopDatabase();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
