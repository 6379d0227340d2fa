/** Tables for LaTeX with booktabs; untrusted text is escaped, so that it can run nothing. */
import { oneLine } from '../text/printable.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '`': '\\textasciigrave{}',
  "'": '\\textquotesingle{}',
  '-': '{-}',
  '[': '{[}',
  ']': '{]}',
  '\u00a0': '~',
  '\u2212': '\\ensuremath{-}',
  '\u2013': '--',
  '\u00d7': '\\ensuremath{\\times}',
  '\u2026': '\\dots{}',
};

/** Ready for the text of a document; needs LuaLaTeX or XeLaTeX for letters beyond Latin. */
export function escapeTex(text: string): string {
  return oneLine(text).replace(
    /[\\{}$&#%_^~<>|"`'\-[\]\u00a0\u2212\u2013\u00d7\u2026]/g,
    (character) => ESCAPES[character]!,
  );
}

export interface TexTable {
  /** A comment above the table. */
  readonly about: string;
  readonly columns: readonly string[];
  /** One letter a column: l, r, c. */
  readonly alignment: string;
  readonly rows: readonly (readonly string[])[];
}

/** A `tabular` to `\input` into a `table`; the preamble needs `\usepackage{booktabs}`. */
export function renderTex(table: TexTable): string {
  const line = (cells: readonly string[]) => `${cells.map(escapeTex).join(' & ')} \\\\`;
  return [
    `% ${oneLine(table.about)}`,
    '% Needs \\usepackage{booktabs} and \\usepackage{textcomp}.',
    `\\begin{tabular}{@{}${table.alignment}@{}}`,
    '\\toprule',
    line(table.columns),
    '\\midrule',
    ...table.rows.map(line),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}
