/** From hours and times to the slots of the round that is open: what every order on the terminal needs. */
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { HOUR_MS } from '../core/kernel/units.ts';
import type { OpenRound } from '../core/market/exchange/protocol.ts';
import { wholeNumber } from './command.ts';
import type { Ask, LiveOptions } from './live-client.ts';

const MOST = Number.MAX_SAFE_INTEGER;

export interface OrderOptions extends LiveOptions {
  readonly org: string;
  readonly class: string;
  readonly nodes: number;
  readonly hours: number;
  readonly start?: number;
  readonly horizon: string;
  readonly security: string;
}

/** A horizon as the market shows it. */
interface ShownHorizon {
  readonly horizon: string;
  readonly slotMs: number;
  readonly horizonSlots: number;
  readonly round: OpenRound | null;
}

export interface OrderWindow {
  readonly roundId: number;
  readonly slotMs: number;
  readonly startSlot: number;
  readonly endSlot: number;
}

export function orderOptions(command: Command): Command {
  return command
    .requiredOption('--org <name>', 'in whose name')
    .requiredOption('--class <name>', 'node class')
    .option('--nodes <number>', 'how many', wholeNumber(1, 1_000_000), 1)
    .requiredOption('--hours <number>', 'how long, in whole slots', positive)
    .option(
      '--start <ms>',
      'milliseconds since 1970; else as early as can be',
      wholeNumber(0, MOST),
    )
    .option('--horizon <name>', 'epoch, forward, spot, …', 'epoch')
    .option('--security <level>', 'none, attested or full', 'none');
}

/** @throws INPUT_HORIZON, INPUT_WINDOW */
export async function windowOf(ask: Ask, options: OrderOptions): Promise<OrderWindow> {
  const market = (await ask({ method: 'GET', path: '/market' })) as { horizons: ShownHorizon[] };
  const found = market.horizons.find(({ horizon }) => horizon === options.horizon);
  if (!found?.round) {
    throw new OcxError({
      code: 'INPUT_HORIZON',
      message: `no round of a horizon ${options.horizon} is open`,
      remedy: `there are ${market.horizons.map(({ horizon }) => horizon).join(', ')}`,
    });
  }
  const { slotMs, horizonSlots, round } = found;
  const fromMs = Math.max(options.start ?? 0, round.firstStartMs);
  const startSlot = Math.max(0, Math.ceil((fromMs - round.startMs) / slotMs));
  const endSlot = startSlot + Math.ceil((options.hours * HOUR_MS) / slotMs);
  if (endSlot > horizonSlots) {
    throw new OcxError({
      code: 'INPUT_WINDOW',
      message: `the round trades ${horizonSlots} slots of ${slotMs / 1_000} s, and no further`,
      remedy: 'begin earlier, or ask for less time',
    });
  }
  return { roundId: round.roundId, slotMs, startSlot, endSlot };
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new OcxError({ code: 'INPUT_HOURS', message: `${text} is no number of hours` });
}
