/** From the files of all cells, in the order of the cells, to the results of the sweep. */
import type { Experiment } from '../../sim/experiment/sweep/experiment.ts';
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { MaybeEstimate } from '../../core/metrics/estimate.ts';
import { measureMechanisms } from '../../core/metrics/mechanism-properties.ts';
import { judgeMark } from '../../core/metrics/sweep/marks.ts';
import { lookUpMeasure } from '../../core/metrics/sweep/measure.ts';
import { SWEEP_SCHEMA } from '../../core/metrics/sweep/results.ts';
import { analyseVariance } from '../../core/metrics/sweep/variance.ts';
import type { SweepCell, SweepMeasure, SweepResults } from '../../core/metrics/sweep/results.ts';
import { invariant } from '../../core/kernel/errors.ts';
import { gather } from '../../sim/experiment/gather.ts';
import type { TaskResult, TaskSource } from '../../sim/experiment/task.ts';
import { STATIC_VARIANT } from '../../sim/scenario/load.ts';
import type { LoadedScenario } from '../../sim/scenario/load.ts';
import { siteProfile } from '../compose.ts';
import type { CellSource, CellUnit } from './cells.ts';
import { loadCell } from './cells.ts';
import type { Replicated } from './replications.ts';

export interface GatheredSweep {
  readonly results: SweepResults;
  /** Inputs of all cells, each once. */
  readonly sources: readonly TaskSource[];
}

/**
 * Cell by cell, so that no more than one is in memory.
 *
 * @param replicated units of each cell by replication
 * @param read results of a finished unit
 */
export function gatherSweep(
  experiment: Experiment,
  sources: readonly CellSource[],
  { units, ends }: Replicated,
  read: ReadUnit,
): GatheredSweep {
  const inputs = new Map<string, TaskSource>();
  let seed = 0;
  const traded = new Set<string>();
  const replicated: ReplicationValues[] = [];
  const cells = experiment.cells.map(({ levels }, index): SweepCell => {
    const loaded = loadCell(sources[index]!);
    if (index === 0) seed = loaded.scenario.seed;
    for (const { name, scenario } of loaded.variants) {
      if (name !== STATIC_VARIANT) traded.add(scenario.market.mechanism);
    }
    const own = units[index]!.map((unit) => resultsOf(unit, read));
    const results = own.flat();
    replicated.push(own.map((one) => valuesOf(experiment, loaded, one, sources[index]!)));
    const { metrics, used } = metricsOf(loaded, results, sources[index]!);
    const stopped = ends[index];
    for (const input of used) inputs.set(JSON.stringify(input), input);
    return {
      levels,
      scenario: metrics.scenario,
      digest: metrics.digest,
      invariantViolations: metrics.invariantViolations,
      ledgerImbalance: metrics.ledgerImbalance,
      figures: experiment.measures.map((measure) =>
        lookUpMeasure(metrics, measure, metrics.replications),
      ),
      ...(stopped ? { stopped } : {}),
    };
  });
  const { name, question, stopping, screen, axes, measures, marks, changes } = experiment;
  return {
    results: {
      schema: SWEEP_SCHEMA,
      name,
      question,
      seed,
      replications: Math.max(...units.map((own) => own.length)),
      ...(stopping ? { stopping } : {}),
      ...(changes.length > 0 ? { changes } : {}),
      axes,
      measures,
      cells,
      marks: marks.map((mark) => judgeMark(mark, measures, cells)),
      ...(screen ? { screen } : {}),
      variance: measures.map(({ name: measure }, column) =>
        analyseVariance(
          measure,
          axes,
          cells.map(({ levels }, cell) => ({
            levels,
            values: replicated[cell]!.map((values) => values[column]!),
          })),
          screen === null,
        ),
      ),
      mechanisms: traded.size > 1 ? measureMechanisms(traded) : [],
    },
    sources: [...inputs.values()],
  };
}

/** By replication and measure. */
type ReplicationValues = readonly (readonly (number | null)[])[];

/** What each measure is in one replication alone. */
function valuesOf(
  { measures }: Experiment,
  loaded: LoadedScenario,
  results: readonly TaskResult[],
  source: CellSource,
): (number | null)[] {
  const { metrics } = metricsOf(loaded, results, source);
  return measures.map((measure) => {
    const figure = lookUpMeasure(metrics, measure, 1);
    return isEstimate(figure) ? figure.mean : null;
  });
}

type ReadUnit = (unit: CellUnit) => TaskResult[] | null;

/** One measure of a cell, from some of its replications. */
export function figureOfCell(
  source: CellSource,
  units: readonly CellUnit[],
  measure: SweepMeasure,
  read: ReadUnit,
): MaybeEstimate {
  const results = units.flatMap((unit) => resultsOf(unit, read));
  const { metrics } = metricsOf(loadCell(source), results, source);
  return lookUpMeasure(metrics, measure, metrics.replications);
}

function resultsOf(unit: CellUnit, read: ReadUnit): TaskResult[] {
  const done = read(unit);
  invariant(done !== null, `cell ${unit.cell} has lost its replication ${unit.replication}`);
  return done;
}

function metricsOf(loaded: LoadedScenario, results: readonly TaskResult[], source: CellSource) {
  const profile = siteProfile(loaded.scenario, source.source);
  const { metrics, sources } = gather(loaded, results, profile);
  return { metrics, used: sources };
}
