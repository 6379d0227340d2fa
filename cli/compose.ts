/**
 * Where worlds, workloads, solvers and reports are wired together: from a scenario file to what
 * runs the tasks of a comparison.
 */
import { dirname } from 'node:path';
import { strategies } from '../core/agents/registry.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { DAY_MS } from '../core/kernel/units.ts';
import { optimumBound } from '../core/market/clearing/optimum-bound.ts';
import type { LpSolver } from '../core/market/clearing/linear-program.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import { createHighsSolver } from '../backends/solver/highs.ts';
import type { DemandLoader, TaskContext } from '../sim/experiment/task.ts';
import { defaultCalibration } from '../sim/hardware/calibration/calibration.ts';
import type { Calibration, HardwareProfile } from '../sim/hardware/calibration/calibration.ts';
import { parseCalibration } from '../sim/hardware/calibration/calibration-file.ts';
import { loadScenario } from '../sim/scenario/load.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import type { Scenario } from '../sim/scenario/schema.ts';
import type { Setting } from '../sim/scenario/settings.ts';
import type { EventObserver } from '../sim/world/bus.ts';
import { installedHardware, totalNodes } from '../sim/world/setup.ts';
import type { RunPorts } from '../sim/world/setup.ts';
import { loadDemand, resolveTracePath } from '../workloads/source.ts';
import { readInputText } from './files.ts';
import { scenarioVocabulary } from './vocabulary.ts';

/** Everything that a worker needs to do any task of a comparison; plain data. */
export interface ComparisonSource {
  /** Absolute path; `text` is what was in it. */
  readonly file: string;
  readonly text: string;
  readonly settings: readonly (string | Setting)[];
  readonly tracesFolder: string | undefined;
}

export function loadComparison(source: ComparisonSource): LoadedScenario {
  return loadScenario(source.text, source.file, source.settings, scenarioVocabulary);
}

/** @param observe sees every event of the services, for the journal; null: nobody does */
export async function taskContext(
  source: ComparisonSource,
  loaded: LoadedScenario,
  observe: EventObserver | null = null,
): Promise<TaskContext> {
  return contextWith(await createHighsSolver(), source, loaded, observe);
}

/** With a solver that is there already. */
export function contextWith(
  solver: LpSolver,
  source: ComparisonSource,
  loaded: LoadedScenario,
  observe: EventObserver | null = null,
): TaskContext {
  const calibrations = new Map<string, Calibration>();
  return {
    loaded,
    loadDemand: demandLoader(source),
    ports: (scenario) => {
      const { calibrationFile } = scenario.provisioning;
      let calibration = calibrations.get(calibrationFile);
      if (!calibration) {
        calibration = calibrationOf(scenario, source);
        calibrations.set(calibrationFile, calibration);
      }
      return runPorts(scenario, calibration, solver, observe);
    },
  };
}

/** The hardware profile of a scenario's provisioning times. */
export function siteProfile(scenario: Scenario, source: ComparisonSource): HardwareProfile {
  return calibrationOf(scenario, source).profiles.get(scenario.provisioning.calibration)!;
}

function runPorts(
  scenario: Scenario,
  calibration: Calibration,
  solver: LpSolver,
  observe: EventObserver | null,
): RunPorts {
  return {
    mechanism: mechanisms.get(scenario.market.mechanism)!,
    strategies,
    calibration,
    bound: (round) => optimumBound(round, solver),
    observe,
  };
}

function demandLoader(source: ComparisonSource): DemandLoader {
  return (scenario, organisation, replication, stratum) =>
    loadDemand(organisation.workload, {
      kind: organisation.kind,
      organisation: organisation.name,
      seed: scenario.seed,
      replication,
      stratum,
      horizonMs: Math.round(scenario.horizonDays * DAY_MS),
      warmUpMs: Math.round(scenario.warmUpDays * DAY_MS),
      nodes: totalNodes(installedHardware(scenario)[organisation.name]!),
      scenarioFolder: dirname(source.file),
      tracesFolder: source.tracesFolder,
    });
}

function calibrationOf(scenario: Scenario, source: ComparisonSource): Calibration {
  const { calibration: profile, calibrationFile } = scenario.provisioning;
  const calibration =
    calibrationFile === ''
      ? defaultCalibration()
      : parseCalibration(
          readInputText(
            resolveTracePath(calibrationFile, {
              scenarioFolder: dirname(source.file),
              tracesFolder: source.tracesFolder,
            }),
          ),
          calibrationFile,
        );
  if (calibration.profiles.has(profile)) return calibration;
  throw new OcxError({
    code: 'INPUT_SCENARIO_VALUE',
    message: `no hardware profile is called ${JSON.stringify(profile)}`,
    place: { file: source.file, keyPath: 'provisioning.calibration' },
    remedy: `known here: ${[...calibration.profiles.keys()].join(', ')}`,
  });
}
