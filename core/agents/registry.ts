/** Every strategy by name: add one file under `strategies/` and one line here. */
import type { Strategy } from './agent.ts';
import { bestResponse } from './strategies/best-response.ts';
import { reciprocal } from './strategies/reciprocal.ts';
import { regretMinimising } from './strategies/regret-minimising.ts';
import { reserveAdaptive } from './strategies/reserve-adaptive.ts';
import { truthful } from './strategies/truthful.ts';
import { zeroIntelligence } from './strategies/zero-intelligence.ts';
import { zip } from './strategies/zip.ts';

const all: readonly Strategy[] = [
  truthful,
  reserveAdaptive,
  reciprocal,
  zeroIntelligence,
  zip,
  regretMinimising,
  bestResponse,
];

export const strategies: ReadonlyMap<string, Strategy> = new Map(
  all.map((strategy) => [strategy.name, strategy]),
);
