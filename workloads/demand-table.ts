/** A demand in columns, as `ocx trace generate` writes it. */
import type { Demand, Emergency, Experiment, NodeNeedSeries } from '../core/demand/demand.ts';
import type { JobTable } from '../core/demand/jobs.ts';
import { SECOND_MS } from '../core/kernel/units.ts';
import type { ColumnTable } from './column-table.ts';

/** Jobs, needs, experiments or emergencies, by the kind of demand. */
export function demandTable(demand: Demand): ColumnTable {
  switch (demand.kind) {
    case 'batch':
      return jobColumns(demand.jobs);
    case 'cloud':
      return needColumns(demand.needs);
    case 'testbed':
      return experimentColumns(demand.experiments);
    case 'government':
      return emergencyColumns(demand.emergencies);
  }
}

function jobColumns(jobs: JobTable): ColumnTable {
  return {
    rows: jobs.count,
    columns: [
      { name: 'job', type: 'INT64', values: jobs.jobNumber },
      { name: 'submitSeconds', type: 'DOUBLE', values: jobs.submitSeconds },
      { name: 'runSeconds', type: 'DOUBLE', values: jobs.runSeconds },
      { name: 'estimateSeconds', type: 'DOUBLE', values: jobs.estimateSeconds },
      { name: 'nodes', type: 'INT32', values: jobs.processors },
      { name: 'user', type: 'INT32', values: jobs.user },
    ],
  };
}

function needColumns(needs: NodeNeedSeries): ColumnTable {
  return {
    rows: needs.timeMs.length,
    columns: [
      { name: 'timeSeconds', type: 'DOUBLE', values: needs.timeMs.map((ms) => ms / SECOND_MS) },
      { name: 'nodes', type: 'INT32', values: needs.nodes },
    ],
  };
}

function experimentColumns(experiments: readonly Experiment[]): ColumnTable {
  const seconds = (pick: (experiment: Experiment) => number) =>
    experiments.map((experiment) => pick(experiment) / SECOND_MS);
  return {
    rows: experiments.length,
    columns: [
      { name: 'experiment', type: 'STRING', values: experiments.map((each) => each.experimentId) },
      { name: 'releaseSeconds', type: 'DOUBLE', values: seconds((each) => each.releaseMs) },
      { name: 'deadlineSeconds', type: 'DOUBLE', values: seconds((each) => each.deadlineMs) },
      { name: 'nodes', type: 'INT32', values: experiments.map((each) => each.nodes) },
      { name: 'durationSeconds', type: 'DOUBLE', values: seconds((each) => each.durationMs) },
      {
        name: 'acceptsOffHours',
        type: 'INT32',
        values: experiments.map((each) => Number(each.acceptsOffHours)),
      },
    ],
  };
}

function emergencyColumns(emergencies: readonly Emergency[]): ColumnTable {
  const seconds = (pick: (emergency: Emergency) => number) =>
    emergencies.map((emergency) => pick(emergency) / SECOND_MS);
  return {
    rows: emergencies.length,
    columns: [
      { name: 'emergency', type: 'STRING', values: emergencies.map((each) => each.emergencyId) },
      { name: 'startSeconds', type: 'DOUBLE', values: seconds((each) => each.startMs) },
      { name: 'durationSeconds', type: 'DOUBLE', values: seconds((each) => each.durationMs) },
      { name: 'nodes', type: 'INT32', values: emergencies.map((each) => each.nodes) },
      { name: 'injected', type: 'INT32', values: emergencies.map((each) => Number(each.injected)) },
      { name: 'weight', type: 'DOUBLE', values: emergencies.map((each) => each.weight) },
    ],
  };
}
