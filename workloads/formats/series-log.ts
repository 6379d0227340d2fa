/** A log of values over time, in one or many series: prices, availability, utilisation. */
import { OcxError } from '../../core/kernel/errors.ts';
import { noRows } from '../delimited.ts';
import { SetAside, type QuarantinedRecord, type TextPlace } from '../set-aside.ts';

/** One series, ascending by time. */
export interface Series {
  /** As written: it has to be made printable. */
  readonly name: string;
  readonly seconds: Float64Array;
  readonly values: Float64Array;
}

export interface SeriesLog {
  readonly format: string;
  readonly unit: string;
  /** In order of their first appearance. */
  readonly series: readonly Series[];
  readonly points: number;
  /** Times count from 1970, not from the series' start. */
  readonly absolute: boolean;
  /** Nothing but a change is written: a value holds until the next one. */
  readonly holds: boolean;
  readonly derived: boolean;
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly QuarantinedRecord[];
  readonly suspicious: Readonly<Record<string, number>>;
  readonly oddities: readonly string[];
}

/** What a reader knows about the log as a whole. */
export interface SeriesFacts {
  readonly format: string;
  readonly unit: string;
  readonly absolute: boolean;
  readonly holds?: boolean;
  readonly derived?: boolean;
  readonly oddities?: readonly string[];
}

const MAXIMUM_SECONDS = 1e11;
const MAXIMUM_VALUE = 1e15;
const MAXIMUM_POINTS = 100_000_000;

/** Collects the points of one file: 20 bytes a point. */
export class SeriesRecorder {
  readonly aside = new SetAside();
  readonly #path: string;
  readonly #numbers = new Map<string, number>();
  readonly #odd = new Map<string, number>();
  #series = new Int32Array(1_024);
  #seconds = new Float64Array(1_024);
  #values = new Float64Array(1_024);
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Counts a point that is kept but odd. */
  odd(reason: string): void {
    this.#odd.set(reason, (this.#odd.get(reason) ?? 0) + 1);
  }

  /** Takes a point, or sets it aside: `timeUnknown`, `valueUnknown`, `outOfRange`. */
  add(name: string, seconds: number | null, value: number | null, place: TextPlace): void {
    if (seconds === null || Number.isNaN(seconds)) return this.aside.add('timeUnknown', place);
    if (value === null || Number.isNaN(value)) return this.aside.add('valueUnknown', place);
    if (Math.abs(seconds) > MAXIMUM_SECONDS || Math.abs(value) > MAXIMUM_VALUE) {
      return this.aside.add('outOfRange', place);
    }
    if (this.#count >= MAXIMUM_POINTS) {
      throw new OcxError({
        code: 'INPUT_TOO_LARGE',
        message: `the file holds more than ${MAXIMUM_POINTS} points`,
        place: { file: this.#path, ...place },
        remedy: 'split it',
      });
    }
    let number = this.#numbers.get(name);
    if (number === undefined) this.#numbers.set(name, (number = this.#numbers.size));
    if (this.#count === this.#series.length) this.#grow();
    this.#series[this.#count] = number;
    this.#seconds[this.#count] = seconds;
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  /** @throws OcxError INPUT_NO_ROWS where no point was taken */
  finish(facts: SeriesFacts): SeriesLog {
    const count = this.#count;
    if (count === 0) {
      const [first] = this.aside.quarantined;
      const why = first === undefined ? '' : `; the first record is set aside (${first.reason})`;
      throw noRows(this.#path, `the file holds no point in format ${facts.format}${why}`, first);
    }
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    order.sort(
      (a, b) =>
        this.#series[a]! - this.#series[b]! || this.#seconds[a]! - this.#seconds[b]! || a - b,
    );
    const series: Series[] = [];
    let from = 0;
    for (const name of this.#numbers.keys()) {
      const number = series.length;
      let to = from;
      while (to < count && this.#series[order[to]!] === number) to += 1;
      const rows = order.subarray(from, to);
      const seconds = Float64Array.from(rows, (row) => this.#seconds[row]!);
      for (let i = 1; i < seconds.length; i++) {
        if (seconds[i] === seconds[i - 1]) this.odd('timeRepeated');
      }
      series.push({ name, seconds, values: Float64Array.from(rows, (row) => this.#values[row]!) });
      from = to;
    }
    return {
      format: facts.format,
      unit: facts.unit,
      series,
      points: count,
      absolute: facts.absolute,
      holds: facts.holds ?? false,
      derived: facts.derived ?? false,
      dropped: this.aside.dropped,
      quarantined: this.aside.quarantined,
      suspicious: Object.fromEntries([...this.#odd].sort(([a], [b]) => (a < b ? -1 : 1))),
      oddities: facts.oddities ?? [],
    };
  }

  #grow(): void {
    const length = this.#series.length * 2;
    const grown = <Column extends Int32Array | Float64Array>(column: Column, into: Column) => {
      into.set(column);
      return into;
    };
    this.#series = grown(this.#series, new Int32Array(length));
    this.#seconds = grown(this.#seconds, new Float64Array(length));
    this.#values = grown(this.#values, new Float64Array(length));
  }
}
