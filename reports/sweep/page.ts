/** The page of a sweep: its question, the pass marks with their verdicts, the chart, all figures. */
import type { JudgedMark, MarkVerdict, SweepResults } from '../../core/metrics/sweep/results.ts';
import { markup, trusted } from '../html/markup.ts';
import type { Child, Markup } from '../html/markup.ts';
import { mechanismTable } from '../html/mechanism-table.ts';
import { renderDocument } from '../html/page.ts';
import { renderTable } from '../html/table.ts';
import { describeValue, formatNumber } from '../text/number.ts';
import {
  cellColumns,
  cellRows,
  describeElsewhere,
  describeEnds,
  describeLevels,
  describeMark,
  describeStopping,
  describeValues,
  unitOf,
} from './tables.ts';
import { VARIANCE_COLUMNS, varianceRows } from './variance.ts';

export interface SweepPictures {
  /** SVG documents. */
  readonly wide: string;
  readonly narrow: string;
  /** Of what matters; null where nothing could be analysed. */
  readonly variance: { readonly wide: string | null; readonly narrow: string | null };
}

export function renderSweepPage(results: SweepResults, pictures: SweepPictures): string {
  return renderDocument(
    `${results.name}: ${results.question}`,
    markup`<header>
        <h1>${results.question}</h1>
        <p class="lead">${verdictSentence(results)}</p>
        <p class="facts">${factsOf(results)}</p>
        ${warningsOf(results)}
      </header>
      <main>
        ${marksSection(results)}
        <section id="chart">
          <h2>All cells</h2>
          <p>Each mark is a mean over paired replications with its 95&nbsp;% interval.</p>
          <figure id="figure-sweep">
            <div class="wide">${trusted(pictures.wide)}</div>
            <div class="narrow">${trusted(pictures.narrow)}</div>
          </figure>
        </section>
        ${varianceSection(results, pictures)} ${stoppingSection(results)} ${propertiesSection(results)}
        <section id="figures">
          <h2>Figures</h2>
          ${renderTable({ caption: 'Figures of every cell', columns: cellColumns(results), rows: cellRows(results) })}
        </section>
      </main>
      <footer>
        <p>
          Made by ocx from <code>sweep.json</code> beside this file. Each cell is a comparison of
          its own; the settings of every level are in <code>manifest.json</code>.
        </p>
      </footer>\n`,
  );
}

function verdictSentence({ marks }: SweepResults): string {
  if (marks.length === 0) return 'No pass mark was set for this experiment.';
  const count = (wanted: MarkVerdict) => marks.filter(({ verdict }) => verdict === wanted).length;
  const passed = `${count('pass')} of ${marks.length} pass marks met`;
  const failed = count('fail') > 0 ? `, ${count('fail')} not met` : '';
  const unknown = count('not measured') > 0 ? `, ${count('not measured')} not measured` : '';
  return `${passed}${failed}${unknown}.`;
}

function factsOf(results: SweepResults): string {
  const axes = results.axes.map(({ name, levels }) => `${levels.length} × ${name}`);
  const scenarios = [...new Set(results.cells.map(({ scenario }) => scenario))];
  return [
    `${formatNumber(results.cells.length, 0)} cells: ${axes.join(', ')}`,
    results.stopping
      ? `${Math.min(...results.cells.map(({ stopped }) => stopped?.replications ?? results.replications))} to ${results.replications} replications`
      : `${results.replications} replications`,
    `seed ${results.seed}`,
    `scenario ${scenarios.join(', ')}`,
    ...(results.changes ? [`changed with ${results.changes.join(' ')}`] : []),
  ].join(' · ');
}

function warningsOf({ cells }: SweepResults): Child {
  const broken = cells.filter((cell) => cell.invariantViolations > 0 || cell.ledgerImbalance !== 0);
  if (broken.length === 0) return null;
  return markup`<p class="warning" role="note">
    Do not use these results: ${broken.length} of ${cells.length} cells break an invariant, first
    ${describeLevels(broken[0]!.levels)}.
  </p>`;
}

function marksSection(results: SweepResults): Child {
  const { marks } = results;
  if (marks.length === 0) return null;
  return markup`<section id="marks">
    <h2>Pass marks</h2>
    <p>
      Set before the run. “Elsewhere” is the same figure in the other cells: where it passes there
      too, what distinguishes the cells has made no difference to this mark.
    </p>
    ${renderTable({
      caption: 'Pass marks',
      columns: ['Mark', 'Verdict', 'Asked', 'Where', 'Measured', 'Elsewhere'],
      rows: marks.map((mark) => [
        mark.name,
        verdictOf(mark),
        describeMark(mark),
        describeLevels(mark.at),
        describeValues(mark.cells, unitOf(results, mark)),
        describeElsewhere(mark, unitOf(results, mark)),
      ]),
    })}
  </section>`;
}

function varianceSection(results: SweepResults, { variance }: SweepPictures): Child {
  if (variance.wide === null || variance.narrow === null) return null;
  return markup`<section id="variance">
    <h2>What matters</h2>
    <p>${describeAnalysis(results)}</p>
    <figure id="figure-variance">
      <div class="wide">${trusted(variance.wide)}</div>
      <div class="narrow">${trusted(variance.narrow)}</div>
    </figure>
    <p>
      “Less chance” takes off what an axis would get by chance alone. F is tested against how the
      term differs from replication to replication; p is how often chance gives such an F. With many
      rows, some are small by chance.
    </p>
    ${renderTable({
      caption: 'Share of the variance by measure and axis',
      columns: VARIANCE_COLUMNS,
      rows: varianceRows(results),
    })}
  </section>`;
}

function describeAnalysis({ screen }: SweepResults): string {
  const split =
    'Each bar is the variance of a measure over all cells and replications, split by what goes with it: axes by themselves, axes together (the one matters more or less by the other), what a replication does to all cells alike, and chance, which is the rest.';
  if (!screen) return split;
  const clear = screen.foldover
    ? 'no interaction of two axes passes for an axis'
    : 'an interaction of two axes may pass for an axis';
  return `${split} Cells are a screening design: each axis at its first and last level, and ${clear}.`;
}

function stoppingSection({ stopping, measures, axes, cells }: SweepResults): Child {
  if (!stopping) return null;
  const unit = measures.find(({ name }) => name === stopping.measure)?.unit ?? 'count';
  return markup`<section id="replications">
    <h2>Replications</h2>
    <p>
      Each cell was replicated until a target was met: ${describeStopping(stopping, measures)}.
      ${describeEnds(cells)}. Intervals that end a run by being narrow cover somewhat less than
      95&nbsp;%.
    </p>
    ${renderTable({
      caption: 'Replications of every cell',
      columns: [...axes.map(({ name }) => name), 'Replications', 'Half-width', 'Stopped by'],
      rows: cells.map(({ levels, stopped }) => [
        ...axes.map(({ name }) => levels[name] ?? ''),
        stopped?.replications ?? '–',
        typeof stopped?.halfWidth === 'number' ? describeValue(stopped.halfWidth, unit) : '–',
        stopped?.by ?? '–',
      ]),
    })}
  </section>`;
}

function propertiesSection({ mechanisms }: SweepResults): Child {
  const table = mechanismTable(mechanisms);
  if (!table) return null;
  return markup`<section id="properties">
    <h2>What is claimed, and what was measured</h2>
    ${table}
  </section>`;
}

function verdictOf({ verdict }: JudgedMark): Markup | string {
  return verdict === 'fail' ? markup`<span class="bad">fail</span>` : verdict;
}
