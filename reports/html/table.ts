/**
 * Tables of a page. Wide ones scroll in their own frame, so that the page itself never does; on a
 * phone, tables of words with more than three columns become a list, one entry a row.
 */
import { keepUnits } from '../text/printable.ts';
import { markup } from './markup.ts';
import type { Child, Markup } from './markup.ts';

export interface HtmlTable {
  /** For people who do not see it; also names the frame that scrolls. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Child[])[];
  /** Columns whose cells are numbers, counted from 0. */
  readonly numeric?: readonly number[];
}

export function renderTable(table: HtmlTable): Markup {
  const numeric = new Set(table.numeric ?? []);
  const stacks = table.columns.length > 3 && numeric.size === 0;
  const heads = table.columns
    .map(keepUnits)
    .map((name, index) =>
      numeric.has(index)
        ? markup`<th scope="col" class="number">${name}</th>`
        : markup`<th scope="col">${name}</th>`,
    );
  const rows = table.rows.map((cells) => {
    const rendered = cells.map((cell, index) => {
      if (index === 0) return markup`<th scope="row">${cell}</th>`;
      if (numeric.has(index)) return markup`<td class="number">${cell}</td>`;
      return stacks
        ? markup`<td data-column="${table.columns[index]!}">${cell}</td>`
        : markup`<td>${cell}</td>`;
    });
    return markup`<tr>
      ${rendered}
    </tr>\n`;
  });
  return markup`<div class="scroll" role="region" aria-label="${table.caption}" tabindex="0">
    <table class="${stacks ? 'stacks' : 'plain'}">
      <caption>
        ${table.caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>\n`;
}
