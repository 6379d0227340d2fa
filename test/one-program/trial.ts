/** Holds a run of the isolation service against its resimulation. */
import { liveIsolation } from '../../backends/runner/isolation.ts';
import { readGenesis } from '../../core/kernel/genesis.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import { DEFAULT_LIMITS } from '../../sim/resimulation/finding.ts';
import {
  isFencedOrLate,
  isolationDevicesOf,
  isWatching,
} from '../../sim/resimulation/isolation-devices.ts';
import type { AnyService } from '../../sim/resimulation/recording.ts';
import { siteWiring } from '../../sim/resimulation/site-wiring.ts';
import { tryOneProgram, type TrialResult } from '../../sim/resimulation/trial.ts';
import type { IsolationRun } from './isolation-run.ts';

export function tryIsolation({ records, log }: IsolationRun): TrialResult {
  const { configuration } = readGenesis(records[0]!)!;
  const service = liveIsolation.service as unknown as AnyService;
  const events = records.slice(1).map(({ event }) => event);
  return tryOneProgram({
    recordings: [{ instance: 'isolation', service, configuration, events }],
    wiring: siteWiring([
      {
        instance: 'isolation',
        principal: { role: 'service', name: 'isolation' },
        address: 'isolation',
      },
    ]),
    limits: DEFAULT_LIMITS,
    witnesses: new Map([
      [
        'isolation',
        {
          log,
          rules: { isExcused: isFencedOrLate, devicesOf: isolationDevicesOf, isWatching },
          awaited: (state) =>
            liveIsolation.awaited(state as IsolationState).map(({ effectId }) => effectId),
        },
      ],
    ]),
  });
}
