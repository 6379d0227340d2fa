/** What the resimulation has to know of each live service besides its reducer. */
import { liveIsolation } from '../backends/runner/isolation.ts';
import type { IsolationState } from '../core/allocator/state.ts';
import type { Principal } from '../core/kernel/service.ts';
import {
  isFencedOrLate,
  isolationDevicesOf,
  isWatching,
} from '../sim/resimulation/isolation-devices.ts';
import type { WiredInstance } from '../sim/resimulation/site-wiring.ts';
import type { Witness } from '../sim/resimulation/trial.ts';

interface RecordedService {
  /** How others know an instance with this configuration; null: as its journal is called. */
  readonly known: (configuration: never) => Omit<WiredInstance, 'instance'> | null;
  readonly witness: Omit<Witness, 'log'>;
}

const RECORDED: ReadonlyMap<string, RecordedService> = new Map([
  [
    liveIsolation.service.name,
    {
      known: () => null,
      witness: {
        rules: { isExcused: isFencedOrLate, devicesOf: isolationDevicesOf, isWatching },
        awaited: (state) => liveIsolation.awaited(state as IsolationState).map(idOf),
      },
    },
  ],
]);

function idOf({ effectId }: { readonly effectId: string }): string {
  return effectId;
}

/** How the instance of a service is known to the others. */
export function wiredInstance(
  instance: string,
  service: string,
  configuration: unknown,
): WiredInstance {
  const known = RECORDED.get(service)?.known(configuration as never);
  const principal: Principal = { role: 'service', name: instance };
  return { instance, ...(known ?? { principal, address: instance }) };
}

/** Null where the world of the service keeps no log. */
export function witnessOf(service: string): Omit<Witness, 'log'> | null {
  return RECORDED.get(service)?.witness ?? null;
}
