/** Clears one round in a thread of its own; the mechanism is as pure as it is in the simulator. */
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { SolvedRound } from '../../core/market/exchange/protocol.ts';
import type { SolveRound } from '../../core/market/protocol.ts';
import { recordClearing } from '../../core/market/service.ts';

/** @throws where the mechanism is not there, or has a bug */
export function solveRound(asked: SolveRound): SolvedRound {
  const mechanism = mechanisms.get(asked.mechanism);
  if (!mechanism) throw new Error(`there is no mechanism ${asked.mechanism}`);
  const { clearing, state } = mechanism.clear(asked.round, asked.parameters, asked.mechanismState);
  const solverVersion = `${mechanism.name}/${mechanism.version}`;
  return { clearing: recordClearing(clearing), state, solverVersion };
}
