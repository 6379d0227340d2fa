/** A part of the validation: what it prints, what it holds, and when it is left out. */

export interface SectionReport {
  /** Markdown for its marked block in docs/results/validation.md. */
  readonly text: string;
  /** One sentence for each thing that is not as it must be. */
  readonly failures: readonly string[];
}

export interface Skipped {
  /** Why, and what it needs. */
  readonly skipped: string;
}

export interface Section {
  /** Names its marked block. */
  readonly name: string;
  /** Left out unless it is named: it needs programs of others. */
  readonly onlyByName?: boolean;
  run(): SectionReport | Skipped;
}

/** A Markdown table. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

/** A number with commas at the thousands, in plain digits. */
export function grouped(value: number, digits: number): string {
  const [whole, rest] = value.toFixed(digits).split('.');
  const commas = whole!.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? commas : `${commas}.${rest}`;
}
