/** The horizons of a scenario's market: when each holds its rounds, and on what terms. */
import { EPOCH_HORIZON } from '../../core/market/horizons.ts';
import type { MarketHorizon } from '../../core/market/horizons.ts';
import { SPOT_HORIZON } from '../../core/agents/orders-from-view.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { Market, Scenario } from '../scenario/schema.ts';
import { slotMs } from './setup.ts';

/** Name of the horizon that trades rights to call nodes. */
export const OPTIONS_HORIZON = 'options';

/** Name of the horizon that trades windows ahead. */
export const FORWARD_HORIZON = 'forward';

export interface HorizonClock {
  readonly horizon: MarketHorizon;
  readonly everyMs: number;
  /** Windows begin so long after the round, at the earliest. */
  readonly leadMs: number;
}

/** All horizons of a scenario in order of their index; the epoch call comes first. */
export function horizonClocks({ market, ...scenario }: Scenario): readonly HorizonClock[] {
  const { mechanism, parameters, horizonSlots, forward, spot } = market;
  const clocks: HorizonClock[] = [
    {
      horizon: {
        name: EPOCH_HORIZON,
        mechanism,
        parameters,
        slotMs: slotMs({ market, ...scenario }),
        horizonSlots,
      },
      everyMs: Math.round(market.epochMinutes * MINUTE_MS),
      leadMs: 0,
    },
  ];
  if (forward.enabled) {
    clocks.push({
      horizon: {
        name: FORWARD_HORIZON,
        mechanism: forward.mechanism,
        parameters: forward.parameters,
        slotMs: Math.round(forward.slotMinutes * MINUTE_MS),
        horizonSlots: forward.horizonSlots,
      },
      everyMs: Math.round(forward.everyHours * HOUR_MS),
      leadMs: Math.round(forward.leadHours * HOUR_MS),
    });
  }
  if (spot.enabled) {
    clocks.push({
      horizon: {
        name: SPOT_HORIZON,
        mechanism: spot.mechanism,
        parameters: spot.parameters,
        slotMs: Math.round(spot.slotMinutes * MINUTE_MS),
        horizonSlots: spot.horizonSlots,
      },
      everyMs: Math.round(spot.everyMinutes * MINUTE_MS),
      leadMs: 0,
    });
  }
  if (market.options.enabled) clocks.push(optionsClock(market.options));
  return clocks;
}

/** One window a round, as long as the time to the next. */
function optionsClock(options: Market['options']): HorizonClock {
  const everyMs = Math.round(options.everyHours * HOUR_MS);
  return {
    horizon: {
      name: OPTIONS_HORIZON,
      mechanism: options.mechanism,
      parameters: options.parameters,
      slotMs: everyMs,
      horizonSlots: 1,
      option: {
        strikeMillicreditsPerNodeHour: Math.round(options.strikePerNodeHour * 1000),
        noticeMs: Math.round(options.noticeMinutes * MINUTE_MS),
        longestLeaseMs: Math.round(options.longestLeaseHours * HOUR_MS),
        writerDepositPartsPerMillion: Math.round(options.writerDepositShare * 1e6),
      },
    },
    everyMs,
    leadMs: 0,
  };
}
