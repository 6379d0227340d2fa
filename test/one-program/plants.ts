/** Faults of the kind that the resimulation is there to find: somebody decides beside the core. */
import type { Devices } from '../../backends/devices/devices.ts';
import type { OutboxMessage } from '../../backends/store/store.ts';
import { ok } from '../../core/kernel/service.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { Plant } from './isolation-run.ts';

/** Applies a fault once: to the so-many-th effect that it fits. */
function once(
  nth: number,
  fits: (effect: IsolationDeviceEffect) => boolean,
  fault: (inner: Devices, ...call: Parameters<Devices['carryOut']>) => Promise<Outcome<unknown>>,
): Plant {
  let count = 0;
  return {
    devices: (inner) => ({
      carryOut: (...call) => {
        if (!fits(call[0]) || ++count !== nth) return inner.carryOut(...call);
        return fault(inner, ...call);
      },
    }),
  };
}

const anything = () => true;
const never = () => new Promise<never>(() => {});

/** Name of the fault → a new plant, and a word of what has to be said of it. */
export const PLANTS: ReadonlyMap<string, { plant: () => Plant; said: RegExp }> = new Map([
  [
    'a driver that does everything twice, to be sure',
    {
      plant: () =>
        once(30, anything, async (inner, ...call) => {
          await inner.carryOut(...call);
          return inner.carryOut(...call);
        }),
      said: /twice by one process/,
    },
  ],
  [
    'a driver that tries again where nothing happened',
    {
      plant: () => ({
        devices: (inner) => ({
          async carryOut(...call) {
            const outcome = await inner.carryOut(...call);
            return outcome.status === 'noEffect' ? inner.carryOut(...call) : outcome;
          },
        }),
      }),
      said: /twice by one process/,
    },
  ],
  [
    'a filter that drops an effect',
    { plant: () => once(30, anything, never), said: /never asked for|not asked/ },
  ],
  [
    'a filter that answers for a device',
    {
      plant: () =>
        once(
          10,
          ({ kind }) => kind === 'PowerOff',
          async () => ok,
        ),
      said: /the world was not asked/,
    },
  ],
  [
    'a filter that changes an effect',
    {
      plant: () =>
        once(
          5,
          ({ kind }) => kind === 'PowerOff',
          (inner, effect, ...rest) =>
            inner.carryOut({ ...effect, force: false } as IsolationDeviceEffect, ...rest),
        ),
      said: /reached the world as something else/,
    },
  ],
  [
    'an optimist who takes the unknown for done',
    {
      plant: () => ({
        devices: (inner) => ({
          async carryOut(...call) {
            const outcome = await inner.carryOut(...call);
            return outcome.status === 'uncertain' && call[0].kind !== 'ObserveNode' ? ok : outcome;
          },
        }),
      }),
      said: /the world answered uncertain .* told ok/,
    },
  ],
  [
    'an effect of its own',
    {
      plant: () =>
        once(20, anything, async (inner, effect, ...rest) => {
          const effectId = `${effect.effectId}-extra`;
          await inner.carryOut({ ...effect, effectId }, ...rest);
          return inner.carryOut(effect, ...rest);
        }),
      said: /which no service decided/,
    },
  ],
  [
    'an answer that is kept back',
    {
      plant: () =>
        once(30, anything, async (inner, ...call) => {
          await inner.carryOut(...call);
          return never();
        }),
      said: /the service was never told/,
    },
  ],
  [
    'timers that are rounded up to the minute',
    {
      plant: () => ({
        clock: (inner) => ({
          nowMs: inner.nowMs,
          wakeAt: (atMs, callback) => inner.wakeAt(Math.ceil(atMs / 60_000) * 60_000, callback),
        }),
      }),
      said: /ms late/,
    },
  ],
  [
    'a store that forgets what a tenant is told',
    {
      plant: () => {
        let told = 0;
        const forget = ({ to }: OutboxMessage) => to.name !== 'org-t' || ++told !== 20;
        return {
          entry: (entry) => ({ ...entry, messages: entry.messages.filter(forget) }),
        };
      },
      said: /of the outbox is another/,
    },
  ],
  [
    'an answer that is kept as another',
    {
      plant: () => {
        let count = 0;
        return {
          entry(entry) {
            if (!entry.reply?.reply.refusal || ++count !== 3) return entry;
            return { ...entry, reply: { ...entry.reply, reply: { refusal: null, result: {} } } };
          },
        };
      },
      said: /is kept as another/,
    },
  ],
  [
    'a recovery that sends nothing again',
    {
      plant: () => ({ live: (inner) => ({ ...inner, awaited: () => [] }) }),
      said: /never asked for/,
    },
  ],
]);
