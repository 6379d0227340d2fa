/** A scenario's failure rates as the simulated hardware takes them. */
import { NO_FAILURES } from '../hardware/failures.ts';
import type { EffectFailureRates, FailureRates } from '../hardware/failures.ts';
import type { Failures } from '../scenario/schema.ts';

/** Of the failing commands: half did nothing, a quarter each is unknown and did or did not act. */
function rates(share: number): EffectFailureRates {
  return { noEffect: share / 2, uncertainApplied: share / 4, uncertainNotApplied: share / 4 };
}

export function failureRates(failures: Failures): FailureRates {
  const { nodeMtbfHours, bmcFailureShare, switchFailureShare, storageFailureShare } = failures;
  if (nodeMtbfHours + bmcFailureShare + switchFailureShare + storageFailureShare === 0) {
    return NO_FAILURES;
  }
  return {
    bmc: rates(bmcFailureShare),
    switch: rates(switchFailureShare),
    storage: rates(storageFailureShare),
    attestation: rates(0),
    nodeMeanTimeBetweenFailuresHours: nodeMtbfHours,
  };
}
