/** How the clusters of tests value nodes. */
import type { Valuation } from '../../../backends/engines/cluster-engine.ts';

export const VALUATION: Valuation = {
  ...{ nodeClasses: ['standard'], ownClass: 'standard' },
  ...{ valueMillicreditsPerNodeHour: 3_600, costMillicreditsPerNodeHour: 36 },
  ...{ patienceMs: 3_600_000, usualDurationMs: 60_000, securityLevel: 'none' },
  ...{ acceptsRecall: false, recallNoticeMs: null, offeredMs: 600_000 },
};
