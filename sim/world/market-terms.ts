/** What agents are told of a round before they bid: how it lies in time, and the last prices. */
import type { MarketTerms } from '../../core/agents/view.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { EPOCH_HORIZON } from '../../core/market/horizons.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import type { ClassPrice } from '../../core/market/orders.ts';
import type { Scenario } from '../scenario/schema.ts';
import { FORWARD_HORIZON } from './horizons.ts';
import type { HorizonClock } from './horizons.ts';
import { classProperties, classSecurity } from './setup.ts';
import type { RunSetup } from './setup.ts';
import type { LeaseOverhead } from './site.ts';

/** The horizon whose round it is. */
export interface RoundFrame {
  readonly clock: HorizonClock;
  readonly mechanism: Mechanism;
  readonly overhead: LeaseOverhead;
  readonly lastPrices: readonly ClassPrice[];
  readonly classes: ClassTerms;
}

/** What is known of each class, whatever the round. */
export interface ClassTerms {
  readonly security: MarketTerms['classSecurity'];
  readonly properties: NonNullable<MarketTerms['classProperties']>;
}

export function classTerms({ nodeClass: classes }: Scenario): ClassTerms {
  return {
    security: Object.fromEntries(classes.map((one) => [one.name, classSecurity(one)])),
    properties: Object.fromEntries(classes.map((one) => [one.name, classProperties(one)])),
  };
}

export function marketTerms(
  { scenario }: RunSetup,
  nowMs: TimeMs,
  { clock, mechanism, overhead, lastPrices, classes }: RoundFrame,
): MarketTerms {
  const { horizon, leadMs } = clock;
  return {
    ...(horizon.name !== EPOCH_HORIZON ? { horizon: horizon.name } : {}),
    ...(horizon.name === FORWARD_HORIZON ? { firstStartMs: nowMs + leadMs } : {}),
    roundStartMs: nowMs,
    slotMs: horizon.slotMs,
    horizonSlots: horizon.horizonSlots,
    setupMs: overhead.setupMs,
    releaseMs: overhead.releaseMs,
    ...resaleTerms(scenario, mechanism, overhead, horizon.slotMs),
    lastPrices,
    classSecurity: classes.security,
    classProperties: classes.properties,
    recallPenaltyPartsPerMillion: Math.round(scenario.market.recallPenaltyShare * 1e6),
  };
}

/** When preempted nodes can be had again, at the notice that is usual. */
function resaleTerms(
  { market }: Scenario,
  { standing }: Mechanism,
  { releaseMs }: LeaseOverhead,
  slotMs: number,
): Pick<MarketTerms, 'resaleSlots'> {
  if (standing !== 'preempted') return {};
  const backMs = market.preemptionNoticeMinutes * MINUTE_MS + releaseMs;
  return { resaleSlots: Math.ceil(backMs / slotMs) };
}
