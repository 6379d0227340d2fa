/**
 * Named random streams. Each (seed, replication, entity, purpose) has a stream of its own, so
 * that a policy which draws more or less often does not shift anybody else's draws: two variants
 * of one replication see the same workload, failures and latencies (common random numbers).
 *
 * Generator: Alea (Baagøe), from `seedrandom`.
 */
import seedrandom from 'seedrandom';

export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, exclusiveEnd). */
  integer(exclusiveEnd: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Standard normal by Box–Muller; two uniforms a draw, none kept. */
  normal(): number;
  /** Gamma with shape and scale; Marsaglia & Tsang (2000). */
  gamma(shape: number, scale: number): number;
  /** Where it stands: `resumedStream` goes on from there. */
  state(): StreamState;
}

/** The generator's registers; plain data. */
export type StreamState = Readonly<Record<'s0' | 's1' | 's2' | 'c', number>>;

export interface StreamName {
  readonly seed: number;
  readonly replication: number;
  readonly entity: string;
  readonly purpose: string;
}

export function randomStream(name: StreamName): RandomStream {
  const key = JSON.stringify([name.seed, name.replication, name.entity, name.purpose]);
  return streamOver(seedrandom.alea(key, { state: true }));
}

/** A stream that draws what the one whose state it is would draw next. */
export function resumedStream(state: StreamState): RandomStream {
  return streamOver(seedrandom.alea('', { state }));
}

function streamOver(generator: seedrandom.StatefulPRNG<seedrandom.State.Alea>): RandomStream {
  const uniform: () => number = generator;
  const stream: RandomStream = {
    uniform,
    integer: (exclusiveEnd) => Math.floor(uniform() * exclusiveEnd),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    normal: () => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    },
    gamma: (shape, scale) => gamma(stream, shape, scale),
    state: () => ({ ...generator.state() }),
  };
  return stream;
}

function gamma(stream: RandomStream, shape: number, scale: number): number {
  if (shape < 1) {
    // Boost: G(shape) = G(shape + 1) · U^(1/shape).
    const boost = Math.exp(Math.log(1 - stream.uniform()) / shape);
    return gamma(stream, shape + 1, scale) * boost;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    if (Math.log(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return d * v * scale;
    }
  }
}
