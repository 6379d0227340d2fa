/**
 * A sum that does not depend on the order of its terms: all of them are added without error and the
 * result is rounded once (Shewchuk, "Adaptive precision floating-point arithmetic and fast robust
 * geometric predicates", Discrete & Computational Geometry 18, 1997, grow-expansion).
 *
 * Finite terms only; the sum must not overflow.
 */
export class ExactSum {
  /** Parts that do not overlap, ascending; their exact sum is the sum. */
  #parts = new Float64Array(8);
  #count = 0;
  /** Whole numbers, which are added without error as long as the sum is below 2^53. */
  #whole = 0;

  add(term: number): void {
    const whole = this.#whole + term;
    if (Math.floor(term) === term && whole <= MOST_WHOLE && whole >= -MOST_WHOLE) {
      this.#whole = whole;
    } else this.#addToParts(term);
  }

  #addToParts(term: number): void {
    let rest = term;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const part = this.#parts[i]!;
      const sum = rest + part;
      // The rounding error of the larger one plus the smaller one.
      const isSmaller = (rest < 0 ? -rest : rest) < (part < 0 ? -part : part);
      const error = isSmaller ? rest - (sum - part) : part - (sum - rest);
      if (error !== 0) this.#parts[kept++] = error;
      rest = sum;
    }
    if (kept === this.#parts.length) this.#grow();
    this.#parts[kept] = rest;
    this.#count = kept + 1;
  }

  /** The double that is nearest to the sum; 0 without terms. */
  get value(): number {
    this.#addToParts(this.#whole);
    this.#whole = 0;
    const parts = this.#parts;
    let at = this.#count - 1;
    let high = parts[at]!;
    while (--at >= 0) {
      const before = high;
      high = before + parts[at]!;
      const error = parts[at]! - (high - before);
      if (error === 0) continue;
      // Half-way between two doubles, what comes below decides.
      const below = at > 0 ? parts[at - 1]! : 0;
      if (error * below > 0) {
        const rounded = high + 2 * error;
        if (rounded - high === 2 * error) return rounded;
      }
      return high;
    }
    return high;
  }

  #grow(): void {
    const parts = new Float64Array(this.#parts.length * 2);
    parts.set(this.#parts);
    this.#parts = parts;
  }
}

const MOST_WHOLE = Number.MAX_SAFE_INTEGER;
