/**
 * How long things live when not every life was seen whole: the estimator of Kaplan and Meier (JASA
 * 53, 1958) with delayed entry. A life is at risk from the age at which it came into sight, so that
 * those that ended before that, and were never seen, do not make lives look long; one that was still
 * going on counts up to where it was seen. The variance is Greenwood's.
 */

/** Lives in columns, in any order. */
export interface ObservedLives {
  /** Age at which each came into sight; 0 where its begin was seen. */
  readonly entryAge: ArrayLike<number>;
  /** Age at which each was seen last, above the age of entry. */
  readonly exitAge: ArrayLike<number>;
  /** 1 where it ended then, 0 where it went on. */
  readonly ended: ArrayLike<number>;
}

/** Survival as a step function. */
export interface SurvivalCurve {
  /** Ages at which lives ended, ascending. */
  readonly age: readonly number[];
  /** Share that lives longer than this age. */
  readonly alive: readonly number[];
  /** Standard error of that share; 0 where nobody is left, of which Greenwood says nothing. */
  readonly error: readonly number[];
}

/** The curve; empty where nothing ended. */
export function survivalCurve({ entryAge, exitAge, ended }: ObservedLives): SurvivalCurve {
  const entries = Float64Array.from(entryAge).sort();
  const rows = Uint32Array.from({ length: exitAge.length }, (_, row) => row).sort(
    (a, b) => exitAge[a]! - exitAge[b]! || a - b,
  );
  const curve = { age: [] as number[], alive: [] as number[], error: [] as number[] };
  let entered = 0;
  let alive = 1;
  let variance = 0;
  for (let at = 0; at < rows.length;) {
    const age = exitAge[rows[at]!]!;
    // At risk at an age are those that came into sight before it and were not lost before it.
    while (entered < entries.length && entries[entered]! < age) entered += 1;
    const atRisk = entered - at;
    let deaths = 0;
    for (; at < rows.length && exitAge[rows[at]!] === age; at++) deaths += ended[rows[at]!]!;
    if (deaths === 0) continue;
    alive *= 1 - deaths / atRisk;
    if (deaths < atRisk) variance += deaths / (atRisk * (atRisk - deaths));
    curve.age.push(age);
    curve.alive.push(alive);
    curve.error.push(alive * Math.sqrt(variance));
  }
  return curve;
}

/** Age beyond which only this share lives; NaN where the curve does not fall so low. */
export function survivalQuantile({ age, alive }: SurvivalCurve, share: number): number {
  const at = alive.findIndex((value) => value <= 1 - share);
  return at < 0 ? NaN : age[at]!;
}

/** Two-sided 95 % of the normal distribution. */
const NORMAL_95 = 1.96;

/**
 * Ages that a quantile cannot be told from (Brookmeyer & Crowley, Biometrics 38, 1982): where the
 * curve is within 1.96 standard errors of it. NaN where the curve ends before.
 */
export function quantileInterval(curve: SurvivalCurve, share: number): [number, number] {
  const { age, alive, error } = curve;
  const low = alive.findIndex((value, at) => value - NORMAL_95 * error[at]! <= 1 - share);
  const high = alive.findIndex((value, at) => value + NORMAL_95 * error[at]! < 1 - share);
  return [low < 0 ? NaN : age[low]!, high < 0 ? NaN : age[high]!];
}
