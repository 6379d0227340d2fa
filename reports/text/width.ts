/**
 * How wide text will be. Charts are drawn without a browser, so the width of a label is computed
 * from the advance widths of Helvetica (Adobe Core 14 font metrics; Arial and Liberation Sans have
 * the same); labels are then cut or placed so that nothing overlaps.
 */
import { oneLine } from './printable.ts';

/** Advance widths of the printable ASCII characters from space on, in thousandths of an em. */
const ADVANCES = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
  556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
  611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
  667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
  222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/** A Latin, Greek or Cyrillic letter outside ASCII: about the widest common one. */
const OTHER_ADVANCE = 722;
/** Ideographs, syllables, symbols and emoji fill an em. */
const FULL_ADVANCE = 1_000;
const FULL_WIDTH_FROM = 0x1100;
/** Spaces and punctuation between the letters and the full-width ranges: “ ” − … and such. */
const PUNCTUATION_FROM = 0x2000;
const PUNCTUATION_TO = 0x2300;
/** Helvetica Bold's mean excess over Helvetica on English text, rounded up. */
const BOLD_FACTOR = 1.08;
const NO_BREAK_SPACE = 0xa0;

export const ELLIPSIS = '…';

/** Width in pixels at a font size in pixels. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let thousandths = 0;
  for (const character of text) thousandths += advanceOf(character.codePointAt(0)!);
  return (thousandths * fontSize * (bold ? BOLD_FACTOR : 1)) / 1_000;
}

function advanceOf(codePoint: number): number {
  if (codePoint === NO_BREAK_SPACE) return ADVANCES[0]!;
  const ascii = ADVANCES[codePoint - 0x20];
  if (ascii !== undefined) return ascii;
  if (codePoint >= PUNCTUATION_FROM && codePoint < PUNCTUATION_TO) return FULL_ADVANCE;
  return codePoint >= FULL_WIDTH_FROM ? FULL_ADVANCE : OTHER_ADVANCE;
}

/** The text on one line, cut with an ellipsis where it would be wider than `width` pixels. */
export function fitText(text: string, width: number, fontSize: number, bold = false): string {
  const line = oneLine(text);
  if (textWidth(line, fontSize, bold) <= width) return line;
  let kept = '';
  for (const character of line) {
    if (textWidth(`${kept}${character}${ELLIPSIS}`, fontSize, bold) > width) break;
    kept += character;
  }
  return `${kept.trimEnd()}${ELLIPSIS}`;
}

/**
 * A name on one line, cut in the middle where it would be wider than `width` pixels: what tells
 * names of a kind apart stands at their ends as often as at their beginnings.
 */
export function fitName(name: string, width: number, fontSize: number, bold = false): string {
  const line = oneLine(name);
  if (textWidth(line, fontSize, bold) <= width) return line;
  const letters = Array.from(line);
  let [head, tail] = ['', ''];
  for (let [from, to] = [0, letters.length - 1]; from <= to;) {
    // Two letters of the beginning for one of the end.
    const atEnd = tail.length * 2 < head.length;
    const longer = atEnd
      ? `${head}${ELLIPSIS}${letters[to]}${tail}`
      : `${head}${letters[from]}${ELLIPSIS}${tail}`;
    if (textWidth(longer, fontSize, bold) > width) break;
    if (atEnd) tail = letters[to--] + tail;
    else head += letters[from++];
  }
  return `${head.trimEnd()}${ELLIPSIS}${tail.trimStart()}`;
}
