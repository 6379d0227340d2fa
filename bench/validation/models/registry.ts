/** The workload models that are held against bands, one line each. */
import { AZURE_BANDS } from './azure.ts';
import type { ModelBands } from './bands.ts';
import { EMERGENCY_BANDS } from './emergencies.ts';
import { LUBLIN_TYPED_BANDS, LUBLIN_WHOLE_BANDS } from './lublin.ts';
import { SURGE_BANDS } from './surges.ts';

export const MODEL_BANDS: readonly ModelBands[] = [
  LUBLIN_WHOLE_BANDS,
  LUBLIN_TYPED_BANDS,
  AZURE_BANDS,
  EMERGENCY_BANDS,
  SURGE_BANDS,
];
