/** A section of figures: each with the finding as its heading, its caption and its numbers. */
import type { Figure, MissingFigure } from '../charts/figures.ts';
import { keepUnits } from '../text/printable.ts';
import { markup, trusted } from './markup.ts';
import type { Child, Markup } from './markup.ts';
import { renderTable } from './table.ts';

/** A figure wherever it stands. */
export type PlainFigure = Omit<Figure, 'section'>;
type PlainMissing = Omit<MissingFigure, 'section'>;

export function figureSection(
  id: string,
  title: string,
  introduction: string,
  figures: readonly (Figure | MissingFigure)[],
  more: Child = null,
): Markup {
  return markup`<section id="${id}">
    <h2>${title}</h2>
    <p>${introduction}</p>
    ${renderFigures(figures)}${more}
  </section>\n`;
}

/** Each with its finding as heading, or the reason why there is none. */
export function renderFigures(figures: readonly (PlainFigure | PlainMissing)[]): Markup[] {
  return figures.map((figure) =>
    'missing' in figure ? renderMissing(figure) : renderFigure(figure),
  );
}

function renderFigure(figure: PlainFigure): Markup {
  const { name, story } = figure;
  return markup`<figure id="figure-${name}">
    <h3>${story.title}</h3>
    <div class="wide">${trusted(figure.wide)}</div>
    <div class="narrow">${trusted(figure.narrow)}</div>
    <figcaption>${keepUnits(story.caption)}</figcaption>
    <details>
      <summary>Numbers of this figure</summary>
      ${renderTable({ caption: `Numbers of: ${story.title}`, columns: story.table.columns, rows: story.table.rows })}
    </details>
  </figure>\n`;
}

function renderMissing(figure: PlainMissing): Markup {
  return markup`<p class="missing" id="figure-${figure.name}">
    No figure “${figure.name}”: ${figure.missing}
  </p>\n`;
}
