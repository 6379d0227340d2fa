/** Every strategy by name: add one file under `strategies/` and one line here. */
import type { Strategy } from './agent.ts';
import { reciprocal } from './strategies/reciprocal.ts';
import { reserveAdaptive } from './strategies/reserve-adaptive.ts';
import { truthful } from './strategies/truthful.ts';

export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [truthful, reserveAdaptive, reciprocal].map((strategy) => [strategy.name, strategy]),
);
