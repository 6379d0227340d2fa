/** Every kind of worked case by its name; adding one costs its file and a line here. */
import { OcxError } from '../../kernel/errors.ts';
import { solveAuditLog } from './audit-log.ts';
import { solveStaticFcfs } from './baseline-static-fcfs.ts';
import type { CaseSolver, MarketCase } from './case.ts';
import { solveClearingHouse } from './clearing-house.ts';
import { solveCombinatorialVcg } from './combinatorial-vcg.ts';
import { solveDrf } from './drf.ts';
import { solveContinuousDoubleAuction } from './continuous-double-auction.ts';
import { solveExchangeThreshold } from './exchange-threshold.ts';
import { solveGreedyCritical } from './greedy-critical.ts';
import { solveGsp } from './gsp.ts';
import { solveKDoubleAuction } from './k-double-auction.ts';
import { solveKarma } from './karma.ts';
import { solveMcAfee } from './mcafee.ts';
import { solveWillingness } from './metric-willingness.ts';
import { solveMuda } from './muda.ts';
import { solveMultiunitVickrey } from './multiunit-vickrey.ts';
import { solvePostedPrice } from './posted-price.ts';
import { solveProportionalShare } from './proportional-share.ts';
import { solveSbba } from './sbba.ts';
import { solveSpotPreemptible } from './spot-preemptible.ts';
import { solveVcgDoubleAuction } from './vcg-double-auction.ts';

export const caseKinds: ReadonlyMap<string, CaseSolver> = new Map([
  ['audit-log', solveAuditLog],
  ['baseline-static-fcfs', solveStaticFcfs],
  ['clearing-house', solveClearingHouse],
  ['combinatorial-vcg', solveCombinatorialVcg],
  ['drf', solveDrf],
  ['continuous-double-auction', solveContinuousDoubleAuction],
  ['exchange-threshold', solveExchangeThreshold],
  ['greedy-critical', solveGreedyCritical],
  ['gsp', solveGsp],
  ['k-double-auction', solveKDoubleAuction],
  ['karma', solveKarma],
  ['mcafee', solveMcAfee],
  ['metric-willingness', solveWillingness],
  ['muda', solveMuda],
  ['multiunit-vickrey', solveMultiunitVickrey],
  ['posted-price', solvePostedPrice],
  ['proportional-share', solveProportionalShare],
  ['sbba', solveSbba],
  ['spot-preemptible', solveSpotPreemptible],
  ['vcg-double-auction', solveVcgDoubleAuction],
]);

/**
 * @returns an object with the keys of the case's `expected`
 * @throws OcxError INPUT_MECHANISM_UNKNOWN, INPUT_CASE_INVALID
 */
export function solveCase({ mechanism, input }: MarketCase): Record<string, unknown> {
  const solve = caseKinds.get(mechanism);
  if (!solve) {
    throw new OcxError({
      code: 'INPUT_MECHANISM_UNKNOWN',
      message: `there are no worked cases of mechanism ${JSON.stringify(mechanism)}`,
      place: { keyPath: 'mechanism' },
      remedy: `use one of ${[...caseKinds.keys()].join(', ')}`,
    });
  }
  return solve(input);
}
