/** The workload models, one file each. */
import { azureBatchesModel } from './azure-batches.ts';
import { dailyCycleModel } from './daily-cycle.ts';
import { hawkesModel } from './hawkes.ts';
import { lublinModel } from './lublin.ts';
import type { WorkloadModel } from './model.ts';
import { testbedSurgesModel } from './testbed-surges.ts';

export const WORKLOAD_MODELS: readonly WorkloadModel[] = [
  lublinModel,
  azureBatchesModel,
  testbedSurgesModel,
  hawkesModel,
  dailyCycleModel,
];

export function modelNamed(name: string): WorkloadModel | null {
  return WORKLOAD_MODELS.find((model) => model.name === name) ?? null;
}
