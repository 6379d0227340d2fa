/**
 * Probes for the best answer to what the others do: every factor for some rounds, then the one that
 * brought most for some more, and again.
 *
 * Rule: ours. A step of empirical best-response dynamics; Wellman, "Methods for empirical
 * game-theoretic analysis", AAAI 2006, says what such probes are for.
 * Bids are scaled by the factor, asks by 2 − it, never under cost.
 *
 * Parameters: `low` and `high` (default 0.6 and 1), `steps` (default 5): the factors;
 * `probeRounds` (default 24): rounds with orders that each is tried for; `keepRounds` (default 240):
 * rounds that the best is kept for.
 */
import type { AgentMemory, Strategy } from '../agent.ts';
import { ordersFromView } from '../orders-from-view.ts';
import { gainOf, truthOf } from '../own-gain.ts';

/** More factors than this would only be many. */
const MOST_STEPS = 32;

interface Probe {
  /** Index of the factor that is tried; `steps`: the best is kept. */
  readonly trying: number;
  /** Rounds with orders of this one so far, and what they brought. */
  readonly rounds: number;
  readonly gain: number;
  readonly best: number;
  /** Mean gain of a round with the best. */
  readonly bestGain: number;
}

export const bestResponse: Strategy = {
  name: 'best-response',
  decide(view, terms, fills, memory, parameters) {
    const low = parameters['low'] ?? 0.6;
    const high = parameters['high'] ?? 1;
    const steps = whole(parameters['steps'] ?? 5, MOST_STEPS);
    const lengths = {
      probe: whole(parameters['probeRounds'] ?? 24, 1e9),
      keep: whole(parameters['keepRounds'] ?? 240, 1e9),
    };
    const probe = after(recall(memory), gainOf(fills, memory), steps, lengths);
    const index = Math.min(steps - 1, probe.trying < steps ? probe.trying : probe.best);
    const factor = steps === 1 ? low : low + ((high - low) * index) / (steps - 1);
    const scale = { bid: () => factor, ask: () => Math.max(1, 2 - factor) };
    const orders = ordersFromView(view, terms, scale);
    const sent = orders.bids.length + orders.asks.length;
    return { orders, memory: { ...truthOf(view, terms), ...probe, sent } };
  },
};

function whole(value: number, most: number): number {
  return Math.min(most, Math.max(1, Math.floor(value)));
}

function recall(memory: AgentMemory): Probe {
  return {
    trying: memory['trying'] ?? 0,
    rounds: memory['rounds'] ?? 0,
    gain: memory['gain'] ?? 0,
    best: memory['best'] ?? 0,
    bestGain: memory['bestGain'] ?? 0,
  };
}

function after(
  before: Probe,
  gain: number | null,
  steps: number,
  lengths: { readonly probe: number; readonly keep: number },
): Probe {
  if (gain === null) return before;
  const probe = { ...before, rounds: before.rounds + 1, gain: before.gain + gain };
  if (probe.trying >= steps) {
    return probe.rounds < lengths.keep ? probe : { ...probe, trying: 0, rounds: 0, gain: 0 };
  }
  if (probe.rounds < lengths.probe) return probe;
  const mean = probe.gain / probe.rounds;
  const isBetter = probe.trying === 0 || mean > probe.bestGain;
  return {
    trying: probe.trying + 1,
    rounds: 0,
    gain: 0,
    best: isBetter ? probe.trying : probe.best,
    bestGain: isBetter ? mean : probe.bestGain,
  };
}
