/** Records that a reader sets aside: counted by reason, the first of them with their places. */

/** A place in a text file, both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** A record that was set aside, and why. */
export interface QuarantinedRecord extends TextPlace {
  readonly reason: string;
}

const KEPT_PLACES = 20;

export class SetAside {
  readonly #counts = new Map<string, number>();
  readonly #first: QuarantinedRecord[] = [];

  add(reason: string, place: TextPlace): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (this.#first.length >= KEPT_PLACES) return;
    this.#first.push({ reason, line: place.line, column: place.column });
  }

  /** Counts by reason, in the order of the alphabet. */
  get dropped(): Record<string, number> {
    const counts: Record<string, number> = Object.create(null);
    for (const reason of [...this.#counts.keys()].sort())
      counts[reason] = this.#counts.get(reason)!;
    return counts;
  }

  get quarantined(): readonly QuarantinedRecord[] {
    return this.#first;
  }
}
