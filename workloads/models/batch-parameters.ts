/**
 * The measured distributions of the model of batches as tables of a workload: arrivals, sizes,
 * flavours and lifetimes. Left out, they are those of the Azure V1 stream.
 */
import { Type, type Static } from 'typebox';
import { OcxError } from '../../core/kernel/errors.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import { LAST_BIN } from '../cloud/lifetimes.ts';

/**
 * A size, the probability of at most that size, and how the density falls from the size before to
 * this one: with size^−exponent, 2 if left out.
 */
export type SizePoint = readonly [size: number, cumulative: number, exponent?: number];

/** The arrivals of batches: one Poisson count a bin, mixed by a gamma, with both cycles. */
export interface BatchArrivals {
  /** Batches in 300 s on average, and their variance. */
  readonly mean: number;
  readonly variance: number;
  /** By hour of the day; only their ratios count. */
  readonly hourFactors: readonly number[];
}

const fraction = Type.Number({ minimum: 0, maximum: 1 });
const LARGEST_BATCH = 1_000_000;
const STEEPEST = 20;

/** Each may be left out for Azure's. */
export const batchTables = {
  batches: Type.Optional(
    Type.Object(
      {
        mean: Type.Number({ exclusiveMinimum: 0, maximum: 1e6, description: 'batches in 300 s' }),
        variance: Type.Number({
          exclusiveMinimum: 0,
          maximum: 1e12,
          description: 'variance of the batches in 300 s, the cycles included',
        }),
        hourFactors: Type.Array(Type.Number({ minimum: 0, maximum: 1e6 }), {
          minItems: 24,
          maxItems: 24,
          description: 'rate by hour of the day; only ratios count',
        }),
        sizes: Type.Array(Type.Array(Type.Number({ minimum: 0 }), { minItems: 2, maxItems: 3 }), {
          minItems: 1,
          maxItems: 100,
          description:
            '[size, share of batches of at most that size, exponent], ascending to share 1; from ' +
            'the size before the density falls with size^−exponent, 2 if left out',
        }),
      },
      { additionalProperties: false, description: "arrivals of batches; left out: Azure's" },
    ),
  ),
  flavours: Type.Optional(
    Type.Object(
      Object.fromEntries(FLAVOURS.map(({ letter }) => [letter, Type.Optional(fraction)])),
      {
        additionalProperties: false,
        description: "share of machines of each size, by Azure's letters; left out: Azure's",
      },
    ),
  ),
  survival: Type.Optional(
    Type.Array(fraction, {
      minItems: LAST_BIN + 1,
      maxItems: LAST_BIN + 1,
      description: "share of machines that outlive each duration bin, 0 to 38; left out: Azure's",
    }),
  ),
  sharedLifetime: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: "how often a machine shares the lifetime of its batch; left out: Azure's .738",
    }),
  ),
  sharedFlavour: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: "how often it shares the size of the batch's first machine; left out: .84",
    }),
  ),
};

/** The tables as they stand in a workload. */
export type BatchTables = {
  readonly [Key in keyof typeof batchTables]?: Static<(typeof batchTables)[Key]>;
};

/** What the model draws from. */
export interface GivenBatches {
  readonly arrivals: BatchArrivals;
  readonly sizes: readonly SizePoint[];
  readonly flavours: ReadonlyMap<string, number>;
  /** P(beyond bin b), b = 0…38. */
  readonly survival: readonly number[];
  readonly sharedLifetime: number;
  readonly sharedFlavour: number;
  /** Any of it is not Azure's. */
  readonly own: boolean;
}

/**
 * Known distributions with what is given in their place.
 *
 * @throws OcxError INPUT_WORKLOAD where a table is no distribution
 */
export function givenBatches(tables: BatchTables, known: GivenBatches): GivenBatches {
  const { batches, flavours, survival, sharedLifetime, sharedFlavour } = tables;
  if (batches && !(batches.hourFactors.some((factor) => factor > 0) && ascending(batches.sizes))) {
    throw refused(
      'batches',
      'sizes have to ascend in whole numbers, their shares to 1; an exponent is up to 20, not 1',
    );
  }
  const shares = flavours && Object.entries(flavours as Record<string, number>);
  if (shares && !shares.some(([, share]) => share > 0)) {
    throw refused('flavours', 'no size of machine has a share');
  }
  if (survival?.some((share, bin) => share > (survival[bin - 1] ?? 1))) {
    throw refused('survival', 'the shares have to descend');
  }
  return {
    arrivals: batches ?? known.arrivals,
    sizes: (batches?.sizes as unknown as readonly SizePoint[] | undefined) ?? known.sizes,
    flavours: shares ? new Map(shares) : known.flavours,
    survival: survival ?? known.survival,
    sharedLifetime: sharedLifetime ?? known.sharedLifetime,
    sharedFlavour: sharedFlavour ?? known.sharedFlavour,
    own: (batches ?? flavours ?? survival ?? sharedLifetime ?? sharedFlavour) !== undefined,
  };
}

function ascending(sizes: readonly (readonly number[])[]): boolean {
  const whole = sizes.every(([size, cumulative, exponent = 2], i) => {
    const [before, below] = sizes[i - 1] ?? [0, 0];
    // With an exponent of 1 over several sizes the integral is a logarithm, which is not drawn.
    if (exponent > STEEPEST || (exponent === 1 && size! > before! + 1)) return false;
    return Number.isInteger(size) && size! > before! && cumulative! >= below!;
  });
  const [largest, all] = sizes[sizes.length - 1]!;
  return whole && all === 1 && largest! <= LARGEST_BATCH;
}

function refused(key: string, message: string): OcxError {
  return new OcxError({
    code: 'INPUT_WORKLOAD',
    message,
    place: { keyPath: `workload.${key}` },
    remedy: `correct ${key}, or leave it out for Azure's`,
  });
}
