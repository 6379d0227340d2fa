/** What every fit is told. */
export interface FitOptions {
  /** What the trace is called in outputs. */
  readonly name: string;
  readonly seed: number;
  /** Simulated samples a part. */
  readonly replications: number;
  /** Called after each of them. */
  readonly advance?: () => void;
}
