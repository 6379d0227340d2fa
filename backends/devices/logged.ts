/** Devices that write down what they are asked for; see `../runner/effect-log.ts`. */
import type { TimeMs } from '../../core/kernel/units.ts';
import { carryOutLogged, type EffectLog } from '../runner/effect-log.ts';
import type { Devices } from './devices.ts';

export function loggedDevices(devices: Devices, log: EffectLog, nowMs: () => TimeMs): Devices {
  return {
    carryOut: (effect, ports, signal) =>
      carryOutLogged(log, nowMs, effect, () => devices.carryOut(effect, ports, signal)),
  };
}
