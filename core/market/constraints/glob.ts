/**
 * Patterns that a bidder may send: `*` stands for any run of characters, `?` for any one, and the
 * whole text must match. Never a regular expression: that of a bidder can take for ever.
 *
 * Each text character is looked at once: the places of the pattern that may come next are the bits
 * of one number (Baeza-Yates & Gonnet, CACM 35 (1992)).
 */

/** Most characters other than `*`: one bit each and one for the end. */
export const MAXIMUM_GLOB_LENGTH = 30;

export interface Glob {
  /** By character: the places at which it may stand. */
  readonly places: ReadonlyMap<string, number>;
  /** Places of `?`. */
  readonly any: number;
  /** Places before which a `*` stands. */
  readonly runs: number;
  readonly length: number;
}

/** The pattern ready for use, or null where it is none or too long. */
export function parseGlob(pattern: unknown): Glob | null {
  if (typeof pattern !== 'string' || pattern.length > 2 * MAXIMUM_GLOB_LENGTH + 1) return null;
  const places = new Map<string, number>();
  let any = 0;
  let runs = 0;
  let length = 0;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    const bit = 1 << length;
    if (character === '*') {
      runs |= bit;
      continue;
    }
    if (length === MAXIMUM_GLOB_LENGTH) return null;
    if (character === '?') any |= bit;
    else places.set(character, (places.get(character) ?? 0) | bit);
    length += 1;
  }
  return { places, any, runs, length };
}

/** Whether the whole text matches; linear in its length. */
export function matchesGlob({ places, any, runs, length }: Glob, text: string): boolean {
  let next = 1;
  for (let i = 0; i < text.length && next !== 0; i++) {
    const here = (places.get(text[i]!) ?? 0) | any;
    next = ((next & here) << 1) | (next & runs);
  }
  return (next & (1 << length)) !== 0;
}
