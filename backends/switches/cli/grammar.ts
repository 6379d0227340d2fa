/** What a command line's makers differ in. */
import type { PortReading, PortVlans } from '../port-vlans.ts';

/** The lines of one change. */
export interface CliChange {
  /** Into the configuration, and alone in it where the switch can do that. */
  readonly begin: readonly string[];
  readonly lines: readonly string[];
  /** Makes it be, and be there after a restart. */
  readonly commit: readonly string[];
  /** Out again, whatever has become of it. */
  readonly leave: readonly string[];
}

export interface CliGrammar {
  /** How ports are named. */
  readonly portName: RegExp;
  /** A first prompt; its first group is what all prompts begin with. */
  readonly prompt: RegExp;
  /** Said once: no pages. */
  readonly opening: readonly string[];
  /** Nothing of a change is there before the commit. */
  readonly isAtomic: boolean;
  /** What the switch said no with; null: it did not. */
  complaint(answer: string): string | null;
  /** Somebody else is in the configuration. */
  readonly locked: RegExp;
  readonly denied: RegExp;
  reading(portId: string): readonly string[];
  /** Null: the answers are none of this switch. */
  parse(answers: readonly string[], portId: string): PortReading | null;
  /** @param answers what `found` was read from */
  change(
    portId: string,
    wanted: PortVlans,
    found: PortReading,
    answers: readonly string[],
  ): CliChange;
}

/** `101,104-106`; null for what is no such list. `none` is none. */
export function parseVlanList(text: string): number[] | null {
  if (/^\s*(?:none)?\s*$/i.test(text)) return [];
  const ids: number[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) > 4095) return null;
    for (let id = Number(first); id <= Number(last); id++) ids.push(id);
  }
  return ids;
}

/** Lines of an answer, without what is around them. */
export function linesOf(answer: string): string[] {
  return answer
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '!');
}

/** What stands after the words, on each line that begins with them. */
export function valuesAfter(lines: readonly string[], words: string): string[] {
  return lines.flatMap((line) =>
    line.startsWith(`${words} `) ? [line.slice(words.length + 1).trim()] : [],
  );
}

/** The first line that complains. */
export function firstMatch(answer: string, pattern: RegExp): string | null {
  return linesOf(answer).find((line) => pattern.test(line)) ?? null;
}
