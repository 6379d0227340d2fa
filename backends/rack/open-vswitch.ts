/** The rack's switch: Open vSwitch with a database and a datapath of its own, in user space. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runProgram } from '../processes/program.ts';
import { startDaemon, waitUntil } from './daemon.ts';
import type { RackPlan } from './plan.ts';

export const BRIDGE = 'rack';
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const START_MS = 20_000;

export class OpenVswitchProcess {
  readonly database: string;
  readonly #plan: RackPlan;
  readonly #folder: string;

  constructor(plan: RackPlan) {
    this.#plan = plan;
    this.#folder = join(plan.folder, 'switch');
    this.database = join(this.#folder, 'db.sock');
  }

  /** With an empty bridge: a port that is not on it passes nothing. */
  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, 'conf.db');
    await runProgram('ovsdb-tool', ['create', file, SCHEMA]);
    this.#startDaemon('ovsdb-server', [file, `--remote=punix:${this.database}`]);
    if (!(await waitUntil(() => existsSync(this.database), START_MS))) throw this.#silent();
    await this.#control(['--no-wait', 'init']);
    this.#startDaemon('ovs-vswitchd', [`unix:${this.database}`, '--disable-system']);
    // Waits until the daemon has done it.
    const settings = ['datapath_type=netdev', 'fail_mode=standalone'];
    await this.#control(['add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE, ...settings]);
    await this.#dropInnerTags();
  }

  /** What has a tag inside a tag would change its network on the way out (docs/switches.md). */
  async #dropInnerTags(): Promise<void> {
    const management = `unix:${join(this.#folder, `${BRIDGE}.mgmt`)}`;
    for (const inner of ['0x8100', '0x88a8']) {
      const flow = `priority=100,vlan_tci=0x1000/0x1000,dl_type=${inner},actions=drop`;
      await runProgram('ovs-ofctl', ['add-flow', management, flow]);
    }
  }

  /** A port of the rack's own services, which stays in one network. */
  async addServicePort(portId: string, networkId: number): Promise<void> {
    await this.#control(['add-port', BRIDGE, portId, `tag=${networkId}`, 'vlan_mode=access']);
  }

  async removePort(portId: string): Promise<void> {
    await this.#control(['--if-exists', 'del-port', BRIDGE, portId]);
  }

  async #control(parameters: readonly string[]): Promise<string> {
    const where = [`--db=unix:${this.database}`, `--timeout=${START_MS / 1000}`];
    return runProgram('ovs-vsctl', [...where, ...parameters]);
  }

  #startDaemon(name: string, parameters: readonly string[]): void {
    const control = `--unixctl=${join(this.#folder, `${name}.ctl`)}`;
    const pidFile = `--pidfile=${join(this.#folder, `${name}.pid`)}`;
    startDaemon([name, ...parameters, control, pidFile], {
      rackId: this.#plan.id,
      namespace: this.#plan.switchNamespace,
      log: join(this.#folder, `${name}.log`),
      environment: {
        OVS_RUNDIR: this.#folder,
        OVS_LOGDIR: this.#folder,
        OVS_DBDIR: this.#folder,
      },
    });
  }

  #silent(): OcxError {
    return new OcxError({
      code: 'BACKEND_SWITCH',
      message: 'the database of the switch does not start',
      place: { file: join(this.#folder, 'ovsdb-server.log') },
      remedy: 'see the log',
    });
  }
}
