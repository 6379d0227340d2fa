/** Several sweeps side by side: the pass marks of all, e.g. of the crash experiments. */
import type { JudgedMark, MarkVerdict, SweepResults } from '../../core/metrics/sweep/results.ts';
import { markup } from '../html/markup.ts';
import type { Child } from '../html/markup.ts';
import { renderDocument } from '../html/page.ts';
import { renderTable } from '../html/table.ts';
import { renderCsv } from '../tables/csv.ts';
import type { Cell } from '../tables/csv.ts';
import {
  describeElsewhere,
  describeLevels,
  describeMark,
  describeValues,
  unitOf,
} from './tables.ts';

/** Relative path → contents. Pure. */
export function renderSweepOverview(sweeps: readonly SweepResults[]): Map<string, string> {
  return new Map([
    ['report.html', renderPage(sweeps)],
    ['comparison.csv', renderMarksCsv(sweeps)],
  ]);
}

function renderPage(sweeps: readonly SweepResults[]): string {
  const marks = sweeps.flatMap((sweep) => sweep.marks);
  const count = (wanted: MarkVerdict) => marks.filter(({ verdict }) => verdict === wanted).length;
  const verdicts = (['pass', 'fail', 'not measured'] as const)
    .map((verdict) => `${count(verdict)} ${verdict}`)
    .join(', ');
  const columns = ['Experiment', 'Mark', 'Verdict', 'Asked', 'Where', 'Measured', 'Elsewhere'];
  return renderDocument(
    `Pass marks of ${sweeps.length} experiments`,
    markup`<header>
        <h1>Pass marks of ${sweeps.length} experiments</h1>
        <p class="lead">Of ${marks.length} marks: ${verdicts}.</p>
      </header>
      <main>
        <section id="marks">
          <h2>Pass marks</h2>
          <p>
            “Elsewhere” is the same figure in the other cells, for instance without the safeguard:
            where it would pass there too, the safeguard has made no difference to this mark.
          </p>
          ${renderTable({ caption: 'Pass marks', columns, rows: sweeps.flatMap(rowsOf) })}
        </section>
        <section id="questions">
          <h2>Questions</h2>
          ${renderTable({
            caption: 'Questions of the experiments',
            columns: ['Experiment', 'Question', 'Cells', 'Replications'],
            rows: sweeps.map(({ name, question, cells, replications }) => [
              name,
              question,
              cells.length,
              replications,
            ]),
          })}
        </section>
      </main>\n`,
  );
}

function rowsOf(sweep: SweepResults): Child[][] {
  return sweep.marks.map((mark) => {
    const unit = unitOf(sweep, mark);
    return [
      sweep.name,
      mark.name,
      mark.verdict === 'fail' ? markup`<span class="bad">fail</span>` : mark.verdict,
      describeMark(mark),
      describeLevels(mark.at),
      describeValues(mark.cells, unit),
      describeElsewhere(mark, unit),
    ];
  });
}

/** Tidy: one row for each mark and cell. */
function renderMarksCsv(sweeps: readonly SweepResults[]): string {
  const columns = [
    'experiment',
    'mark',
    'asked',
    'threshold',
    'cell',
    'isAsked',
    'value',
    'verdict',
  ];
  const rows = sweeps.flatMap(({ name, marks }) =>
    marks.flatMap((mark) => [
      ...cellRows(name, mark, mark.cells, true),
      ...cellRows(name, mark, mark.elsewhere, false),
    ]),
  );
  return renderCsv(columns, rows);
}

function cellRows(
  experiment: string,
  mark: JudgedMark,
  cells: JudgedMark['cells'],
  isAsked: boolean,
): Cell[][] {
  return cells.map(({ levels, value, verdict }) => [
    experiment,
    mark.name,
    describeMark(mark),
    mark.threshold,
    describeLevels(levels),
    isAsked,
    value,
    verdict,
  ]);
}
