/** The part of a scenario that asks how much false reports would bring. Absent: not measured. */
import { Type } from 'typebox';
import type { Static, TNumberOptions } from 'typebox';

const numbers = (range: TNumberOptions, value: readonly number[], description: string) =>
  Type.Array(Type.Number(range), { default: [...value], maxItems: 32, description });

const FACTOR = { minimum: 0, maximum: 100 };

/** One run for each organisation, false report and replication. */
export const IncentivesSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false }),
    factors: numbers(FACTOR, [0.8, 1.2], 'factors on the bids'),
    markups: numbers(FACTOR, [1.25], 'factors on the asks'),
    withheldShares: numbers({ minimum: 0, maximum: 1 }, [0.25], 'shares of the spares kept back'),
    waitSlots: numbers(
      { minimum: 0, maximum: 100_000 },
      [2],
      'bids only for what can wait no longer than so many slots',
    ),
    gameFactor: Type.Number({
      ...FACTOR,
      default: 0,
      description: 'truth against shading by this factor, among all; 0: no game',
    }),
    variants: Type.Array(Type.String(), {
      default: [],
      maxItems: 64,
      description: 'variants that are measured; none: the searched one',
    }),
    replications: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 0,
      description: 'replications measured; 0: all',
    }),
  },
  { additionalProperties: false, description: 'what false reports would bring' },
);

export type Incentives = Static<typeof IncentivesSchema>;
