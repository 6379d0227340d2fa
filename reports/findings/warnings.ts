/** What a reader must know before believing a number; shown above everything else. */
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { HardwareReduction, Metrics } from '../../core/metrics/results.ts';
import { describeValue } from '../text/number.ts';

/** One sentence each; empty where there is nothing to warn of. */
export function warningsOf(metrics: Metrics): string[] {
  const warnings: string[] = [];
  if (metrics.invariantViolations !== 0) {
    warnings.push(
      `${describeValue(metrics.invariantViolations, 'count')} invariants were violated during ` +
        'this run. That is a bug: its results must not be used.',
    );
  }
  if (metrics.ledgerImbalance !== 0) {
    warnings.push(
      `The ledger does not sum to zero (${describeValue(metrics.ledgerImbalance, 'credits')}). ` +
        'That is a bug: its results must not be used.',
    );
  }
  if (metrics.replications < 2) {
    warnings.push('There is one replication, so no figure has an interval and none is a finding.');
  } else if (metrics.replications < 5) {
    warnings.push(
      `There are only ${metrics.replications} replications; five are the least for an interval ` +
        'to rely on.',
    );
  }
  if (metrics.hardwareReduction) warnings.push(...hardwareWarnings(metrics.hardwareReduction));
  const { nodeHours, optimumNodeHours } = metrics.extraDemandMet;
  if (nodeHours.mean > optimumNodeHours.mean && nodeHours.mean > 0) {
    warnings.push('More extra demand is reported than the optimum could meet. That is a bug.');
  }
  return warnings;
}

function hardwareWarnings(result: HardwareReduction): string[] {
  const warnings: string[] = [];
  if (result.requiredMarketNodes.mean < result.workBound.mean) {
    warnings.push('The hardware needed lies below the work bound. That is a bug.');
  }
  if (result.nonMonotoneReplications > 0) {
    warnings.push(
      `In ${result.nonMonotoneReplications} replications the demand met did not rise with the ` +
        'hardware around the least that is needed; there the search may have missed a better one.',
    );
  }
  if (isEstimate(result.captured) && result.captured.mean > 1) {
    warnings.push('More than the possible saving is reported as captured. That is a bug.');
  }
  return warnings;
}
