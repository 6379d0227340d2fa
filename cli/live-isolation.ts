/** The isolation service of `ocx serve`: its runner, the devices and the watch over them. */
import { dirname, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Devices } from '../backends/devices/devices.ts';
import { EmulatedDevices } from '../backends/devices/emulated.ts';
import { DeviceLanes } from '../backends/devices/lanes.ts';
import { loggedDevices } from '../backends/devices/logged.ts';
import { DeviceProcess } from '../backends/devices/process.ts';
import { consoleApi } from '../backends/http/console-api.ts';
import type { IsolationRunner } from '../backends/http/gateway.ts';
import { isolationFacade } from '../backends/http/isolation-routes.ts';
import { liveClock, type Clock } from '../backends/runner/clock.ts';
import { liveIsolation, wiredPorts } from '../backends/runner/isolation.ts';
import { readBack } from '../backends/devices/reconciler.ts';
import type { IsolationDeviceEffect, ObserveNode } from '../core/allocator/protocol.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { TimeMs } from '../core/kernel/units.ts';
import { RedfishSchema, redfishOf } from './live-redfish.ts';
import type { LiveRole, Served, ServeRequest } from './live-role.ts';
import { answerCalls, startService } from './live-service.ts';

export const isolationRole: LiveRole = {
  name: 'isolation',
  keys: { redfish: RedfishSchema },
  needs: ['devices'],
  serve: serveIsolation,
};

async function serveIsolation(request: ServeRequest): Promise<Served> {
  const { site: configuration } = request.configuration;
  // Required of this role.
  const { readBackSeconds } = request.configuration.devices!;
  let clock: Clock | undefined;
  const nowMs = () => clock!.nowMs();
  const { promise: epoch, resolve: lead } = Promise.withResolvers<number>();
  const devices = openDevices(request, () => epoch, nowMs);
  const { effectLog } = request;
  const lanes = new DeviceLanes(
    effectLog ? loggedDevices(devices, effectLog, nowMs) : devices,
    nowMs,
  );
  const started = await startService(request, liveIsolation, {
    ...{ journal: isolationRole.name, configuration, logsItself: true },
    clock: (notBeforeMs) => (clock = liveClock(notBeforeMs)),
    carryOut: (effect, state, confirm) => {
      // Only device effects have outcomes.
      const device = effect as IsolationDeviceEffect;
      return lanes.carryOut(device, wiredPorts(state, device.nodeId), confirm);
    },
  });
  lead(started.runner.epoch);
  const reconciler = reconcile(started.runner, lanes, readBackSeconds * 1_000);
  const end = () => {
    reconciler.stop();
    if (devices instanceof DeviceProcess) devices.close();
  };
  const { extend: addRedfish, beside } = redfishOf(request, started);
  const addConsole = consoleApi({
    state: started.runner.state,
    open: (nodeId, grantee) => openConsole(devices, nodeId, grantee),
  });
  const extend = (scope: FastifyInstance) => {
    addRedfish(scope);
    addConsole(scope);
  };
  return answerCalls(request, started, isolationFacade, extend, end, beside);
}

/** @throws INPUT_SERVE_DEVICES */
function openDevices(
  { configuration, file }: ServeRequest,
  epoch: () => Promise<number>,
  nowMs: () => TimeMs,
): Devices {
  const { driver, socket } = configuration.devices!;
  if (driver === 'emulated') return new EmulatedDevices();
  if (socket !== undefined) {
    return new DeviceProcess({ socket: resolve(dirname(file), socket), epoch, nowMs });
  }
  throw new OcxError({
    code: 'INPUT_SERVE_DEVICES',
    message: 'the process of the devices is reached by a socket',
    place: { file, keyPath: 'devices.socket' },
    remedy: 'name the socket of ocx devices',
  });
}

/** @throws DEVICE_… */
async function openConsole(devices: Devices, nodeId: string, grantee: string): Promise<Duplex> {
  if (devices instanceof DeviceProcess) return devices.console(nodeId, grantee);
  const message = 'emulated hardware has no consoles';
  throw new OcxError({ code: 'DEVICE_UNSUPPORTED', message });
}

/** Reads the hardware back again and again, each round after the last one has ended. */
function reconcile(runner: IsolationRunner, lanes: DeviceLanes, everyMs: number) {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const round = async () => {
    await readBack({
      state: runner.state,
      nowMs: () => runner.clock.nowMs(),
      observe: (effect: ObserveNode) =>
        lanes.carryOut(effect, wiredPorts(runner.state, effect.nodeId), async () => {}),
      report: (event) => runner.take(event),
    });
    if (!isStopped) timer = setTimeout(round, everyMs);
  };
  // At once after a start: nobody watched while no process was there.
  timer = setTimeout(round, 0);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
