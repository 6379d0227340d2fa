/**
 * The header of a Standard Workload Format log: comment lines `; Label: value`.
 *
 * Real headers repeat labels, continue lines without a label, put free text into numbers
 * (`MaxNodes: 338 (batch partition; 512 total)`) and contradict themselves, so every field is
 * read leniently and what was ignored is reported.
 */

import { zoneNamed, zoneOfOffset, type Zone } from '../calendar.ts';

/** What a header says; null where it does not say it (or not legibly). */
export interface SwfHeader {
  readonly version: string | null;
  readonly computer: string | null;
  readonly installation: string | null;
  readonly acknowledge: string | null;
  readonly unixStartSeconds: number | null;
  /** IANA name; the one to use. */
  readonly timeZone: string | null;
  /** Deprecated `TimeZone` label: seconds east of UTC; a fallback only. */
  readonly timeZoneOffsetSeconds: number | null;
  readonly maxJobs: number | null;
  readonly maxRecords: number | null;
  readonly maxNodes: number | null;
  readonly maxProcs: number | null;
  readonly maxRuntimeSeconds: number | null;
  readonly preemption: string | null;
  readonly notes: readonly string[];
  /** Queue and partition names by number. */
  readonly queues: ReadonlyMap<number, string>;
  readonly partitions: ReadonlyMap<number, string>;
  /** Sentences about what is odd in the header. */
  readonly oddities: readonly string[];
  /** The lines as they stand, without their semicolons. */
  readonly lines: readonly string[];
}

/** Labels of SWF 2.2; anything else before a colon is free text. */
const LABELS = new Set(
  (
    'Version Computer Installation Acknowledge Information Conversion MaxJobs MaxRecords ' +
    'Preemption UnixStartTime TimeZone TimeZoneString StartTime EndTime MaxNodes MaxProcs ' +
    'MaxRuntime MaxMemory AllowOveruse MaxQueues Queues Queue MaxPartitions Partitions ' +
    'Partition Note'
  ).split(' '),
);

const MANY = new Set(['Note', 'Queue', 'Partition', 'Information', 'Acknowledge', 'Conversion']);
const MAXIMUM_LINES = 10_000;
const MAXIMUM_TEXT = 500;
/** Headers of the archive have some kilobytes. */
const MAXIMUM_KEPT = 1 << 20;

/** Collects header lines while a log is scanned. */
export class SwfHeaderReader {
  readonly #values = new Map<string, string[]>();
  readonly #oddities: string[] = [];
  #last: string | null = null;
  readonly #kept: string[] = [];
  #keptSize = 0;
  #lines = 0;

  /** @param line one comment line, without its semicolon */
  add(line: string): void {
    this.#lines += 1;
    if (this.#lines > MAXIMUM_LINES) return;
    this.#keptSize += line.length;
    if (this.#keptSize <= MAXIMUM_KEPT) this.#kept.push(line);
    const colon = line.indexOf(':');
    const label = colon < 0 ? '' : line.slice(0, colon).trim();
    const value = line
      .slice(colon + 1)
      .trim()
      .slice(0, MAXIMUM_TEXT);
    if (!LABELS.has(label)) {
      const text = line.trim().slice(0, MAXIMUM_TEXT);
      // A continuation: it belongs to the label above, but never changes a number.
      if (text && this.#last && MANY.has(this.#last)) this.#values.get(this.#last)!.push(text);
      if (!text) this.#last = null;
      return;
    }
    this.#last = label;
    const known = this.#values.get(label);
    if (known === undefined) this.#values.set(label, [value]);
    else if (MANY.has(label)) known.push(value);
    else if (known[0] !== value) this.#odd(`${label} is given twice; the first one counts`);
  }

  finish(): SwfHeader {
    const timeZone = this.#text('TimeZoneString');
    const header: Omit<SwfHeader, 'oddities' | 'lines'> = {
      version: this.#text('Version'),
      computer: this.#text('Computer'),
      installation: this.#text('Installation'),
      acknowledge: this.#text('Acknowledge'),
      unixStartSeconds: this.#number('UnixStartTime'),
      timeZone,
      timeZoneOffsetSeconds: this.#number('TimeZone'),
      maxJobs: this.#number('MaxJobs'),
      maxRecords: this.#number('MaxRecords'),
      maxNodes: this.#positive('MaxNodes'),
      maxProcs: this.#positive('MaxProcs'),
      maxRuntimeSeconds: this.#positive('MaxRuntime'),
      preemption: this.#text('Preemption'),
      notes: this.#values.get('Note') ?? [],
      queues: this.#numbered('Queue'),
      partitions: this.#numbered('Partition'),
    };
    if (this.#lines > MAXIMUM_LINES)
      this.#odd(`only the first ${MAXIMUM_LINES} header lines count`);
    return { ...header, oddities: this.#oddities, lines: this.#kept };
  }

  #odd(sentence: string): void {
    if (this.#oddities.length < 20 && !this.#oddities.includes(sentence)) {
      this.#oddities.push(sentence);
    }
  }

  #text(label: string): string | null {
    return this.#values.get(label)?.find((value) => value !== '') ?? null;
  }

  /** The leading integer of the first value, with whatever stands after it reported. */
  #number(label: string): number | null {
    const text = this.#text(label);
    if (text === null) return null;
    const match = /^([+-]?\d{1,15})(?![\d.])\s*(.*)$/.exec(text);
    if (match === null) {
      this.#odd(`${label} is not a number: ${text}`);
      return null;
    }
    if (match[2]) this.#odd(`${label} has text after its number: ${text}`);
    return Number(match[1]);
  }

  #positive(label: string): number | null {
    const value = this.#number(label);
    if (value === null || (value >= 1 && value <= MAXIMUM_COUNT)) return value;
    if (value !== -1) this.#odd(`${label} is out of range: ${value}`);
    return null;
  }

  #numbered(label: string): Map<number, string> {
    const named = new Map<number, string>();
    for (const value of this.#values.get(label) ?? []) {
      const match = /^(-?\d{1,9})\s+(.+)$/.exec(value);
      if (match && !named.has(Number(match[1]))) named.set(Number(match[1]), match[2]!.trim());
      else if (value) this.#odd(`${label} line not understood: ${value}`);
    }
    return named;
  }
}

/** No machine has more processors; a larger number is a damaged field. */
export const MAXIMUM_COUNT = 50_000_000;

/** Logs that `ocx trace generate` wrote say so. */
export const SYNTHETIC_NOTE = 'Synthetic';

export function isSynthetic(header: SwfHeader): boolean {
  return header.notes.some((note) => note.startsWith(SYNTHETIC_NOTE));
}

/** `TimeZoneString`, else `TimeZone`, else UTC. */
export function zoneOf(header: SwfHeader): Zone {
  if (header.timeZone !== null) {
    try {
      return zoneNamed(header.timeZone);
    } catch {
      // An unknown name: the deprecated offset is the next best.
    }
  }
  return zoneOfOffset(header.timeZoneOffsetSeconds ?? 0);
}
