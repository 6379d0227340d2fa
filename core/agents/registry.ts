/** Every strategy by name: add one file under `strategies/` and one line here. */
import type { Strategy } from './agent.ts';
import { bestResponse } from './strategies/best-response.ts';
import { corner } from './strategies/corner.ts';
import { defaulter } from './strategies/defaulter.ts';
import { falseNameSplitter } from './strategies/false-name-splitter.ts';
import { hardwareMisreporter } from './strategies/hardware-misreporter.ts';
import { reciprocal } from './strategies/reciprocal.ts';
import { regretMinimising } from './strategies/regret-minimising.ts';
import { reserveAdaptive } from './strategies/reserve-adaptive.ts';
import { ring } from './strategies/ring.ts';
import { shader } from './strategies/shader.ts';
import { shill } from './strategies/shill.ts';
import { sniper } from './strategies/sniper.ts';
import { truthful } from './strategies/truthful.ts';
import { withholder } from './strategies/withholder.ts';
import { zeroIntelligence } from './strategies/zero-intelligence.ts';
import { zip } from './strategies/zip.ts';

const honest: readonly Strategy[] = [
  truthful,
  reserveAdaptive,
  reciprocal,
  zeroIntelligence,
  zip,
  regretMinimising,
  bestResponse,
];

/** They break the market's rules or lean on them; what each does is in its file. */
const adversaries: readonly Strategy[] = [
  shader,
  withholder,
  ring,
  shill,
  falseNameSplitter,
  defaulter,
  corner,
  hardwareMisreporter,
  sniper,
];

export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [...honest, ...adversaries].map((strategy) => [strategy.name, strategy]),
);
