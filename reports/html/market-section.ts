/** What the run says to the prospectus' questions on its market, and what mechanisms hold. */
import type { Metrics } from '../../core/metrics/results.ts';
import type { Figure, MissingFigure } from '../charts/figures.ts';
import { marketAnswers } from '../findings/market-answers.ts';
import { renderFigures } from './figure-section.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { mechanismTable } from './mechanism-table.ts';
import { renderTable } from './table.ts';

export function marketSection(
  metrics: Metrics,
  figures: readonly (Figure | MissingFigure)[],
): Markup {
  const answers = marketAnswers(metrics).map(({ question, sentences, columns, rows, chart }) => {
    const own = figures.filter(({ name }) => name === chart);
    return markup`<h3>${question}</h3>
      <p>${sentences.join(' ')}</p>
      ${renderTable({ caption: question, columns, rows })}${renderFigures(own)}`;
  });
  const table = mechanismTable(metrics.mechanisms ?? []);
  const properties =
    table &&
    markup`<h3>What is claimed, and what was measured</h3>
      ${table}`;
  return markup`<section id="market">
    <h2>What the market answers</h2>
    <p>${introduction(answers.length)}</p>
    ${answers}${answers.length === 0 ? renderFigures(figures) : null}${properties}
  </section>\n`;
}

function introduction(answers: number): string {
  if (answers === 0) return 'No variant of this run trades.';
  return 'The open questions of the prospectus (chapter 4.2), answered by what this run measured.';
}
