/** Holds runs of live services against their resimulation. */
import { API_RULES, wiredInstances, witnessOf } from '../../cli/recorded-services.ts';
import { journalledService } from '../../cli/services.ts';
import { readGenesis } from '../../core/kernel/genesis.ts';
import { DEFAULT_LIMITS } from '../../sim/resimulation/finding.ts';
import { siteWiring } from '../../sim/resimulation/site-wiring.ts';
import { tryOneProgram, type TrialResult } from '../../sim/resimulation/trial.ts';
import type { IsolationRun } from './isolation-run.ts';
import type { Remains } from './site-run.ts';

export function tryIsolation(run: IsolationRun): TrialResult {
  return trySite([{ instance: 'isolation', ...run }]);
}

export function trySite(remains: readonly Remains[]): TrialResult {
  const recordings = remains.map(({ instance, records }) => {
    const { configuration, service: name } = readGenesis(records[0]!)!;
    const events = records.slice(1).map(({ event }) => event);
    return { instance, service: journalledService(name, instance), configuration, events };
  });
  const witnesses = remains.map(({ instance, log }, index) => {
    return [instance, { log, ...witnessOf(recordings[index]!.service.name)! }] as const;
  });
  return tryOneProgram({
    recordings,
    wiring: siteWiring(wiredInstances(recordings), API_RULES),
    limits: DEFAULT_LIMITS,
    witnesses: new Map(witnesses),
    kept: new Map(remains.map(({ instance, kept }) => [instance, kept])),
  });
}
