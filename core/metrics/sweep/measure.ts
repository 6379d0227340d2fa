/** Looks one figure up in `metrics.json` by its key path, e.g. `variants.market.utilisation`. */
import { exactly } from './results.ts';
import type { SweepMeasure } from './results.ts';
import type { MaybeEstimate } from '../estimate.ts';

/**
 * Entries of arrays go by their `name`, or by their `variant` where they have none, as in
 * `extraDemandByVariant.market.nodeHours`. A figure that is not there is null with the reason.
 *
 * @param replications behind figures that are plain numbers
 */
export function lookUpMeasure(
  metrics: unknown,
  { path, absent }: Pick<SweepMeasure, 'path' | 'absent'>,
  replications: number,
): MaybeEstimate {
  const missing = (key: string): MaybeEstimate =>
    absent === undefined
      ? { value: null, reason: `these results have no ${JSON.stringify(key)}` }
      : exactly(absent, replications);
  let value: unknown = metrics;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return missing(key);
    if (Array.isArray(value)) value = entryNamed(value, key);
    else value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    if (value === undefined) return missing(key);
  }
  if (typeof value === 'number' && Number.isFinite(value)) return exactly(value, replications);
  if (typeof value === 'object' && value !== null) {
    if ('mean' in value && 'ci95' in value) return value as MaybeEstimate;
    if ('reason' in value && typeof value.reason === 'string') return value as MaybeEstimate;
  }
  return { value: null, reason: 'there is no figure at this key path' };
}

function entryNamed(list: readonly unknown[], name: string): unknown {
  return list.find((entry) => {
    if (typeof entry !== 'object' || entry === null) return false;
    const { name: own, variant } = entry as { name?: unknown; variant?: unknown };
    return (own ?? variant) === name;
  });
}
