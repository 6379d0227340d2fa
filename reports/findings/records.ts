/** Looking things up by names that are not ours. */
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics, VariantResult } from '../../core/metrics/results.ts';

/** The entry of a record, never something inherited such as `__proto__` or `constructor`. */
export function entryOf<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The variant that everything is compared with. */
export const STATIC = 'static';

export function staticVariant(metrics: Metrics): VariantResult | undefined {
  return metrics.variants.find((variant) => variant.name === STATIC);
}

/** The main market variant, whose figures are the headline. */
export function mainVariant(metrics: Metrics): VariantResult | undefined {
  return metrics.variants.find((variant) => variant.name === metrics.extraDemandMet.variant);
}

/** A figure that nothing measured. */
export function unavailable(reason: string): MaybeEstimate {
  return { value: null, reason };
}

/** A bare number in the clothes of an estimate, without an interval. */
export function exactly(value: number): Estimate {
  return { mean: value, ci95: [value, value], n: 1 };
}
