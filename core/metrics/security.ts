/** Metric 4: what attestation changes, and at what price. */
import { metHours, STATIC, sumOver, variantLikeMain, variantNamed } from './comparison.ts';
import type { Comparison, VariantRuns } from './comparison.ts';
import { meanPrice } from './market-behaviour.ts';
import type { MaybeEstimate } from './estimate.ts';
import type { LeaseOutcome, OrganisationOutcome } from './outcome.ts';
import type { SecurityEffect } from './results.ts';
import { estimate, maybeEstimate, mean, pairedDifference } from './statistics.ts';

const isSensitive = ({ securityLevel }: OrganisationOutcome) => securityLevel !== 'none';

const isFirm = ({ recallable }: LeaseOutcome) => !recallable;

export function securityEffect(comparison: Comparison): SecurityEffect | null {
  const main = variantNamed(comparison, comparison.main);
  if (!main.attestation || !main.runs[0]!.market) return null;
  const alone = variantNamed(comparison, STATIC);
  const slow = slowest(comparison, main);
  const open = variantLikeMain(
    comparison,
    (variant) => !variant.attestation && variant.method === main.method,
  );
  const withMarket = sumOver(main, metHours, isSensitive);
  const withStatic = sumOver(alone, metHours, isSensitive);
  return {
    premium: premiums(comparison, main),
    sensitive: {
      market: estimate(withMarket),
      static: estimate(withStatic),
      difference: pairedDifference(withMarket, withStatic),
      slowProvisioning: slow
        ? estimate(sumOver(slow, metHours, isSensitive))
        : { value: null, reason: 'no variant with slow provisioning' },
    },
    costToOthers: open
      ? pairedDifference(
          sumOver(open, metHours, (entry) => !isSensitive(entry)),
          sumOver(main, metHours, (entry) => !isSensitive(entry)),
        )
      : { value: null, reason: 'no variant without attestation' },
  };
}

/** Disk installation with a firmware re-flash where there is one, else disk installation. */
function slowest(comparison: Comparison, main: VariantRuns): VariantRuns | undefined {
  return (
    variantLikeMain(comparison, (variant) => variant.reflashMinutes > main.reflashMinutes) ??
    variantLikeMain(
      comparison,
      (variant) => variant.method === 'foreman' && variant.attestation === main.attestation,
    )
  );
}

/**
 * By attestable class: its mean price − that of the classes without a TPM, over firm leases only:
 * a recallable one is cheaper for another reason.
 */
function premiums(comparison: Comparison, main: VariantRuns): Record<string, MaybeEstimate> {
  const plain = comparison.nodeClasses.filter(({ attestable }) => !attestable);
  const entries = comparison.nodeClasses
    .filter(({ attestable }) => attestable)
    .map(({ name }): [string, MaybeEstimate] => [
      name,
      maybeEstimate(
        main.runs.map((run) => {
          const price = meanPrice(run.market!, name, isFirm);
          const others = plain.flatMap((nodeClass) => {
            const other = meanPrice(run.market!, nodeClass.name, isFirm);
            return other === null ? [] : [other];
          });
          return price === null || others.length === 0 ? null : price - mean(others);
        }),
        'one side was not traded in some replication',
      ),
    ]);
  return Object.fromEntries(entries);
}
