/**
 * HiGHS, compiled to WebAssembly, as the `LpSolver` port.
 *
 * Loading is asynchronous and happens once; solving is synchronous. Every call has a model of its
 * own, which is disposed of whatever happens, so that thousands of calls leave no memory behind.
 */
import highsModule from 'highs';
import type { Highs, ModelData } from 'highs';
import type {
  LinearProgram,
  LpSolution,
  LpSolver,
} from '../../core/market/clearing/linear-program.ts';

// The package's types describe its CommonJS build, in which the loader is a member `default`.
const loadHighs = highsModule as unknown as (typeof highsModule)['default'];

/** Loads HiGHS; every solver that comes out is independent of the others. */
export async function createHighsSolver(): Promise<LpSolver> {
  const highs = await loadHighs();
  const version = `highs ${highs.version.string}`;
  return { version, solve: (program) => solve(highs, program) };
}

function solve(highs: Highs, program: LinearProgram): LpSolution {
  // Objectives in the usual range keep the solver's absolute tolerances meaningful.
  const scale = largest(program.cost) || 1;
  try {
    return highs.withModel(modelData(highs, program, scale), (model): LpSolution => {
      model.options.set({
        output_flag: false,
        random_seed: 0,
        solver: algorithm(program),
        ...integerOptions(program),
      });
      if (program.start) model.setSolution({ colValue: program.start });
      const { modelStatus } = model.run();
      const { optimal, iterationLimit, solutionLimit } = highs.constants.modelStatus;
      const isLimited = modelStatus === iterationLimit || modelStatus === solutionLimit;
      const isFeasible = model.info.get('primal_solution_status') === FEASIBLE;
      if (modelStatus !== optimal && !(isLimited && isFeasible)) {
        return failed(`the solver ended with model status ${modelStatus}`);
      }
      const { colValue, rowDual } = model.getSolution();
      const objective = -model.getObjectiveValue() * scale;
      return {
        status: isLimited ? 'limited' : 'optimal',
        objective,
        bound: program.integer ? -Number(model.info.get('mip_dual_bound')) * scale : objective,
        columnValue: colValue,
        rowPrice: rowDual.map((dual) => -dual * scale),
      };
    });
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** HiGHS' name for a feasible solution. */
const FEASIBLE = 2;

/** Limits of the search tree; never one of time, so that solving again gives the same answer. */
function integerOptions({ integer, mostNodes, relativeGap }: LinearProgram) {
  return integer
    ? {
        ...(mostNodes === undefined ? {} : { mip_max_nodes: mostNodes }),
        ...(relativeGap === undefined ? {} : { mip_rel_gap: relativeGap }),
      }
    : {};
}

/** Interior point with crossover beats simplex five times on large relaxations. */
const INTERIOR_POINT_COLUMNS = 2_000;

function algorithm({ cost, integer }: LinearProgram): string {
  return !integer && cost.length > INTERIOR_POINT_COLUMNS ? 'ipm' : 'choose';
}

/** HiGHS is asked to minimise the negative, so that prices of upper limits come out as ≤ 0. */
function modelData(highs: Highs, program: LinearProgram, scale: number): ModelData {
  const { cost, columnUpper, rowLower, rowUpper, starts, rowIndex, coefficient, integer } = program;
  return {
    numCols: cost.length,
    numRows: rowUpper.length,
    sense: highs.constants.objectiveSense.minimize,
    colCost: cost.map((value) => -value / scale),
    colLower: new Float64Array(cost.length),
    colUpper: columnUpper,
    rowLower: rowLower.map((value) => (value === -Infinity ? -highs.infinity : value)),
    rowUpper: rowUpper.map((value) => (value === Infinity ? highs.infinity : value)),
    matrix: {
      format: 'csc',
      numRows: rowUpper.length,
      numCols: cost.length,
      starts,
      indices: rowIndex,
      values: coefficient,
    },
    ...(integer ? { integrality: Int32Array.from(integer) } : {}),
  };
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

function failed(message: string): LpSolution {
  return {
    status: 'failed',
    refusal: {
      code: 'RESOURCE_SOLVER_FAILED',
      message: `HiGHS gave no optimum: ${message}`.replaceAll(/\s+/g, ' ').slice(0, 300),
      remedy: 'use the clearing without a bound, or a smaller round',
    },
  };
}
