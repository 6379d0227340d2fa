/** How many columns of a terminal a text takes, and texts cut or filled to so many. */

const COMBINING = /\p{Mark}/u;
/** Blocks whose characters take two columns, as in Unicode's East Asian Width W and F. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a printable text takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!COMBINING.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** At most so many columns; what is cut off ends in `…`. */
export function truncate(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    const next = width + textWidth(character);
    if (next > columns - 1) break;
    width = next;
    kept += character;
  }
  return `${kept}…`;
}

/** Filled with spaces to so many columns. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - textWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}
