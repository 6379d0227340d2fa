/**
 * The process that is killed: the runner of the isolation service on a SQLite store, driven by
 * messages of its parent, which also plays the hardware. Planted faults make it a bad runner.
 */
import { createHash } from 'node:crypto';
import type { Devices } from '../../../backends/devices/devices.ts';
import { DeviceLanes } from '../../../backends/devices/lanes.ts';
import type { IsolationRunner } from '../../../backends/http/gateway.ts';
import { liveClock } from '../../../backends/runner/clock.ts';
import { liveIsolation, wiredPorts } from '../../../backends/runner/isolation.ts';
import { readBack } from '../../../backends/devices/reconciler.ts';
import { LiveRunner } from '../../../backends/runner/runner.ts';
import type { Request } from '../../../backends/runner/runner.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import type { Store, StoreEntry } from '../../../backends/store/store.ts';
import { ConfirmedSwitch } from '../../../backends/switches/confirmed-switch.ts';
import { OpenVswitch } from '../../../backends/switches/openvswitch/openvswitch.ts';
import type { IsolationConfiguration } from '../../../core/allocator/enrolment.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import type { Outcome } from '../../../core/kernel/service.ts';

/** What the process does wrong. */
export type Plant = 'none' | 'early-acknowledgement' | 'early-effect';

/** A real switch that the process drives itself. */
export interface SwitchPlace {
  readonly socket: string;
  readonly bridge: string;
}

export interface StartMessage {
  readonly kind: 'start';
  readonly path: string;
  readonly configuration: IsolationConfiguration;
  readonly plant: Plant;
  /** The devices keep no tokens: lanes in front of them, and a read-back again and again. */
  readonly isFenced?: boolean;
  /** Ports are its ports; all else is the parent's. */
  readonly openvswitch?: SwitchPlace;
}
export type ParentMessage =
  | StartMessage
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'outcome'; readonly call: number; readonly outcome: Outcome<unknown> };

export type ChildMessage =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'failed'; readonly code: string; readonly said: string }
  | { readonly kind: 'ready'; readonly replayed: number }
  | { readonly kind: 'reply'; readonly commandId: string; readonly reply: unknown }
  | {
      readonly kind: 'effect';
      readonly call: number;
      readonly effect: IsolationDeviceEffect;
      readonly ports: readonly { switchId: string; portId: string }[];
    };

const PLANTED_DELAY_MS = 15;
const READ_BACK_MS = 300;
const calls = new Map<number, (outcome: Outcome<unknown>) => void>();
let callCount = 0;

function tell(message: ChildMessage): void {
  process.send!(message);
}

function carryOut(
  effect: IsolationDeviceEffect,
  ports: readonly { switchId: string; portId: string }[],
): Promise<Outcome<unknown>> {
  const call = ++callCount;
  tell({ kind: 'effect', call, effect, ports });
  return new Promise((resolve) => calls.set(call, resolve));
}

/** Ports by the driver of a real switch, on behalf of this process's epoch. */
function bySwitch({ socket, bridge }: SwitchPlace, epoch: () => Promise<number>): Devices {
  const driver = new ConfirmedSwitch(new OpenVswitch({ address: { path: socket }, bridge }));
  return {
    async carryOut(effect, ports, signal) {
      driver.claim(await epoch());
      if (effect.kind === 'ConfigurePort') {
        return driver.configurePort(effect.portId, effect.attachments, signal);
      }
      const outcome = await carryOut(effect, ports);
      if (effect.kind !== 'ObserveNode' || outcome.status !== 'ok') return outcome;
      const seen: Record<string, unknown> = {};
      for (const { portId } of ports) {
        const port = await driver.readPort(portId, signal);
        if (port.status !== 'ok') return port;
        seen[portId] = port.value;
      }
      return { status: 'ok', value: { ...(outcome.value as object), ports: seen } };
    },
  };
}

/** Durable only later than it says, or (honest) later than it could be. */
function slowStore(store: Store, saysSo: boolean): Store {
  const slow: Store = Object.create(store);
  slow.openWriter = async (journal) => {
    const writer = await store.openWriter(journal);
    const append = async (entries: readonly StoreEntry[]) => {
      const kept = new Promise((resolve) => setTimeout(resolve, PLANTED_DELAY_MS)).then(() =>
        writer.append(entries),
      );
      if (saysSo) await kept;
    };
    const { epoch, head } = writer;
    const [confirm, sign, resign] = [writer.confirm, writer.sign, writer.resign].map((method) =>
      method.bind(writer),
    );
    return { epoch, head, append, confirm: confirm!, sign: sign!, resign: resign! };
  };
  for (const name of ['texts', 'silenceMs', 'reply', 'messages', 'close'] as const) {
    slow[name] = store[name].bind(store) as never;
  }
  return slow;
}

/** Sends effects to the devices as soon as the reducer has named them. */
function hastyIsolation(): typeof liveIsolation {
  const { service } = liveIsolation;
  return {
    ...liveIsolation,
    service: {
      ...service,
      step(state, event) {
        const step = service.step(state, event);
        for (const effect of step.effects) {
          if ('effectId' in effect) void carryOut(effect, wiredPorts(state, effect.nodeId));
        }
        return step;
      },
    },
  };
}

async function start(message: StartMessage): Promise<Runner> {
  const { path, configuration, plant, isFenced = false, openvswitch } = message;
  const store = openSqliteStore(path);
  const devices = openvswitch
    ? bySwitch(openvswitch, async () => (await starting).epoch)
    : { carryOut };
  const lanes = new DeviceLanes(devices, () => Date.now());
  const starting = LiveRunner.start(
    plant === 'early-effect' ? hastyIsolation() : liveIsolation,
    {
      store: plant === 'none' ? store : slowStore(store, plant === 'early-effect'),
      journal: 'isolation',
      configuration,
      version: 'test',
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
      nowMs: Date.now(),
    },
    {
      clock: liveClock,
      carryOut: (effect, state, confirm) => {
        const device = effect as IsolationDeviceEffect;
        const ports = wiredPorts(state, device.nodeId);
        return isFenced ? lanes.carryOut(device, ports, confirm) : carryOut(device, ports);
      },
      deadLetter: (event, error) => console.error('dead letter', JSON.stringify(event), error),
      failed: (error) => {
        const { code = 'a bug', message: said } = error as { code?: string; message: string };
        if (code !== 'CONFLICT_EPOCH') console.error(error);
        process.send!({ kind: 'failed', code, said } satisfies ChildMessage, () =>
          process.exit(70),
        );
      },
    },
  );
  const runner = await starting;
  tell({ kind: 'ready', replayed: runner.replayed });
  if (isFenced) watchHardware(runner, lanes);
  return runner;
}

function watchHardware(runner: IsolationRunner, lanes: DeviceLanes): void {
  const round = async () => {
    await readBack({
      state: runner.state,
      nowMs: () => runner.clock.nowMs(),
      observe: (effect) =>
        lanes.carryOut(effect, wiredPorts(runner.state, effect.nodeId), async () => {}),
      report: (event) => runner.take(event),
    });
    if (runner.isRunning) setTimeout(round, READ_BACK_MS);
  };
  void round();
}

type Runner = { submit(request: Request): Promise<unknown> };

let runner: Runner | undefined;
process.on('message', (message: ParentMessage) => {
  if (message.kind === 'start') void start(message).then((started) => (runner = started));
  else if (message.kind === 'outcome') {
    calls.get(message.call)?.(message.outcome);
    calls.delete(message.call);
  } else {
    const { commandId } = message.request;
    void runner!.submit(message.request).then((reply) => tell({ kind: 'reply', commandId, reply }));
  }
});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'loaded' });
