/** What the scenario loader must be told, because the simulated world knows no other part. */
import { strategies } from '../core/agents/registry.ts';
import { mechanisms } from '../core/market/mechanisms/registry.ts';
import type { ExperimentVocabulary } from '../sim/experiment/sweep/experiment.ts';
import { STATIC_VARIANT } from '../sim/scenario/load.ts';
import type { ScenarioVocabulary } from '../sim/scenario/load.ts';
import { checkWorkload, WorkloadSchema } from '../workloads/schema.ts';

export const scenarioVocabulary: ScenarioVocabulary = {
  workloadSchema: WorkloadSchema,
  checkWorkload,
  mechanisms: [...mechanisms.keys()],
  strategies: [...strategies.keys()],
};

/** What stands for all words of a key in an experiment; `static` is in every cell anyway. */
export const experimentVocabulary: ExperimentVocabulary = new Map([
  ['market.mechanism', [...mechanisms.keys()].filter((name) => name !== STATIC_VARIANT)],
]);
