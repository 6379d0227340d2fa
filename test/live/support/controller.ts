/** Processes of the isolation service that each believe to be in charge, and how they are led. */
import { fork, type ChildProcess } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import type { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import { smallSite, type A } from '../../allocator/site.ts';
import type { ChildMessage, ParentMessage, SwitchPlace } from './child.ts';
import { eventually } from './wires.ts';

type EffectMessage = Extract<ChildMessage, { kind: 'effect' }>;

const CHILD = new URL('./child.ts', import.meta.url);

/** One of the processes. */
export class Controller {
  readonly child: ChildProcess;
  readonly told: ChildMessage[] = [];
  /** Decides whether a call is held instead of being carried out. */
  isHeld: (message: EffectMessage) => boolean = () => false;
  readonly held: EffectMessage[] = [];
  readonly #devices: EmulatedDevices;

  constructor(t: ExecutionContext, devices: EmulatedDevices) {
    this.#devices = devices;
    this.child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    t.teardown(() => this.child.kill('SIGKILL'));
    this.child.on('message', (message: ChildMessage) => {
      this.told.push(message);
      if (message.kind !== 'effect') return;
      if (this.isHeld(message)) this.held.push(message);
      else this.carryOut(message);
    });
  }

  send(message: ParentMessage): void {
    this.child.send(message, () => {});
  }

  carryOut({ call, effect, ports }: EffectMessage): void {
    this.send({ kind: 'outcome', call, outcome: this.#devices.obey(effect, ports) });
  }

  /** @param openvswitch what the process drives the ports by itself; null: the parent does */
  async start(path: string, openvswitch: SwitchPlace | null = null): Promise<void> {
    await this.until((message) => message.kind === 'loaded');
    const configuration = smallSite({ retryBaseMs: 50, retryMaximumMs: 500 });
    const ports = openvswitch === null ? {} : { openvswitch };
    this.send({ kind: 'start', path, configuration, plant: 'none', isFenced: true, ...ports });
    await this.until((message) => message.kind === 'ready');
  }

  async ask(from: typeof A, commandId: string, command: { kind: string }): Promise<void> {
    this.send({ kind: 'request', request: { from, commandId, command } });
    await this.until((message) => message.kind === 'reply' && message.commandId === commandId);
  }

  async until(isIt: (message: ChildMessage) => boolean): Promise<void> {
    await eventually(() => this.told.some(isIt));
  }
}
