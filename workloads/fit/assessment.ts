/**
 * How well a part of a model is known and how well it fits, by parametric bootstrap: samples of the
 * fitted model, each fitted anew as the data were (Stute, Manteiga & Quindimil, Metrika 40, 1993).
 */
import type { GoodnessTest } from '../../core/demand/model-fit.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { quantile, sorted } from '../statistics.ts';

/** One part of a model with its own data: it can be fitted, judged and simulated. */
export interface ModelPart<Sample, Estimate> {
  /** @param near an estimate to begin with; left out: none is known */
  fit(sample: Sample, near?: Estimate): Estimate;
  /** Its parameters as numbers, always in the same order. */
  numbers(estimate: Estimate): readonly number[];
  /** How far a sample is from an estimate, in the order of `tests`. */
  distances(sample: Sample, estimate: Estimate): readonly number[];
  /** A sample of the same size and make as this one. */
  simulate(estimate: Estimate, like: Sample, stream: RandomStream): Sample;
  readonly tests: readonly Pick<GoodnessTest, 'name' | 'statistic'>[];
  size(sample: Sample): number;
}

/** What the bootstrap says of one part. */
export interface Assessment {
  /** Standard deviations over the simulated samples, in the order of `numbers`; of nothing null. */
  readonly standardErrors: readonly (number | null)[];
  readonly tests: readonly GoodnessTest[];
}

export interface AssessmentOptions {
  readonly replications: number;
  readonly stream: RandomStream;
  /** False where the parameters were not estimated from this sample. */
  readonly estimated?: boolean;
  /** Called after each replication. */
  readonly advance?: () => void;
}

/** Judges an estimate against the sample that it was made from. */
export function assess<Sample, Estimate>(
  part: ModelPart<Sample, Estimate>,
  sample: Sample,
  estimate: Estimate,
  options: AssessmentOptions,
): Assessment {
  const { replications, stream } = options;
  const found = part.distances(sample, estimate);
  const numbers: (readonly number[])[] = [];
  const distances: (readonly number[])[] = [];
  for (let replication = 0; replication < replications; replication++) {
    const drawn = part.simulate(estimate, sample, stream);
    const again = options.estimated === false ? estimate : part.fit(drawn, estimate);
    numbers.push(part.numbers(again));
    distances.push(part.distances(drawn, again));
    options.advance?.();
  }
  return {
    standardErrors: part
      .numbers(estimate)
      .map((_, i) => spread(numbers.map((values) => values[i]!))),
    tests: part.tests.map((test, i) => {
      const drawn = sorted(distances.map((values) => values[i]!));
      let asLarge = 0;
      for (const value of drawn) if (value >= found[i]!) asLarge += 1;
      return {
        ...test,
        value: found[i]!,
        limit95: quantile(drawn, 0.95),
        // The data count as one of the samples, so that the test keeps its level.
        pValue: (1 + asLarge) / (1 + replications),
        replications,
        sample: part.size(sample),
      };
    }),
  };
}

function spread(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Quantile of the standard normal distribution at .975. */
const NORMAL_975 = 1.959_964;

/**
 * 95 % interval by the normal approximation, of its logarithm where it is positive without another
 * bound; within the bounds of the parameter.
 */
export function interval95(
  value: number,
  standardError: number | null,
  [least, most]: readonly [number, number] = [-Infinity, Infinity],
): readonly [number, number] | null {
  if (standardError === null) return null;
  const half = NORMAL_975 * standardError;
  if (least === 0 && most === Infinity && value > 0) {
    const factor = Math.exp(half / value);
    return [value / factor, value * factor];
  }
  return [Math.max(least, value - half), Math.min(most, value + half)];
}
