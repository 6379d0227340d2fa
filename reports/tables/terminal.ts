/** The headline table for a terminal. */
import type { Metrics } from '../../core/metrics/results.ts';
import { estimateCells } from '../text/cells.ts';
import { headline } from '../findings/headline.ts';
import type { Finding } from '../findings/headline.ts';
import { keyFigures } from '../findings/key-figures.ts';
import { warningsOf } from '../findings/warnings.ts';
import { isEstimate } from '../../core/metrics/estimate.ts';
import { columnUnit } from '../text/number.ts';
import { oneLine } from '../text/printable.ts';

export interface TerminalOptions {
  /** Columns. */
  readonly width: number;
  readonly colour: boolean;
}

const NARROWEST = 40;
const WIDEST = 100;
const GAP = 2;
const LARGEST_MEAN = 20;

type Paint = (text: string) => string;

/** ECMA-48 SGR sequences around text that is printable already. */
function painter(colour: boolean): Record<'bold' | 'dim' | 'good' | 'bad' | 'warn', Paint> {
  const sgr = (code: number) => (text: string) =>
    colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: sgr(1), dim: sgr(2), good: sgr(32), bad: sgr(31), warn: sgr(33) };
}

/** The four answers and the key figures, at most `width` columns wide; ends with a line feed. */
export function renderHeadlineTable(metrics: Metrics, options: TerminalOptions): string {
  const width = Math.max(NARROWEST, Math.min(options.width, WIDEST));
  const paint = painter(options.colour);
  const lines: string[] = [];
  for (const text of warningsOf(metrics)) {
    lines.push(...wrap(`Warning: ${text}`, width).map(paint.warn));
  }
  if (lines.length > 0) lines.push('');
  for (const finding of headline(metrics)) {
    const mark = markOf(finding.verdict, paint);
    wrap(finding.short, width - 2).forEach((line, index) =>
      lines.push(`${index === 0 ? mark : ' '} ${line}`),
    );
  }
  const rows = keyFigures(metrics).map((group) => ({
    question: group.question,
    cells: group.figures.map(({ label, figure, unit }) => {
      const [mean, interval] = estimateCells(figure, unit);
      const named = isEstimate(figure) ? `${interval} ${columnUnit(unit)}`.trimEnd() : interval;
      return [oneLine(label), mean, named] as const;
    }),
  }));
  const all = rows.flatMap((group) => group.cells);
  const meanWidth = Math.min(LARGEST_MEAN, Math.max(0, ...all.map(([, mean]) => widthOf(mean))));
  const longest = Math.max(0, ...all.map(([label]) => widthOf(label) + 2));
  const labelWidth = Math.min(longest, Math.floor(width * 0.42));
  const restWidth = width - labelWidth - meanWidth - 2 * GAP;
  for (const { question, cells } of rows) {
    lines.push('', paint.bold(question));
    for (const [label, mean, rest] of cells) {
      const left = padEnd(cut(`  ${label}`, labelWidth), labelWidth + GAP);
      const middle = padStart(cut(mean, meanWidth), meanWidth);
      lines.push(`${left}${middle}${' '.repeat(GAP)}${paint.dim(cut(rest, restWidth))}`.trimEnd());
    }
  }
  return `${lines.join('\n')}\n`;
}

function markOf(verdict: Finding['verdict'], paint: ReturnType<typeof painter>): string {
  switch (verdict) {
    case 'positive':
      return paint.good('+');
    case 'negative':
      return paint.bad('-');
    case 'missing':
      return paint.dim('.');
    default:
      return paint.warn('?');
  }
}

/** Columns of a terminal: two for ideographs and emoji, one for the rest. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text)
    width += character.codePointAt(0)! >= 0x1100 && !isNarrow(character) ? 2 : 1;
  return width;
}

/** Punctuation and symbols above U+1100 that terminals show in one column: `–`, `…`, `−`, `×`. */
function isNarrow(character: string): boolean {
  const codePoint = character.codePointAt(0)!;
  return codePoint >= 0x1e00 && codePoint < 0x2e80;
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept) + widthOf(character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
    while (widthOf(line) > width) {
      const head = cut(line, width + 1).replace(/…$/, '');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}
