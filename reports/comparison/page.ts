/** The page of several runs side by side. */
import { headlineSentence } from '../findings/headline.ts';
import { warningsOf } from '../findings/warnings.ts';
import { markup, trusted } from '../html/markup.ts';
import type { Markup } from '../html/markup.ts';
import { renderDocument } from '../html/page.ts';
import { renderTable } from '../html/table.ts';
import { describeEstimate } from '../text/number.ts';
import type { ComparedFigure, ComparedRun } from './runs.ts';
import type { DrawnFigure } from './write.ts';

export function renderComparisonPage(
  runs: readonly ComparedRun[],
  figures: readonly ComparedFigure[],
  drawn: readonly DrawnFigure[],
): string {
  const body = markup`<header>
      <h1>${runs.length} runs side by side</h1>
      <p class="lead">${leadOf(runs)}</p>
    </header>
    <main>
      <section id="runs">
        <h2>Runs</h2>
        ${runs.map(renderRun)}
      </section>
      <section id="figures">
        <h2>Figures</h2>
        <p>
          Means over the replications of each run with 95&nbsp;% intervals, on the same axis. Zero
          is always shown.
        </p>
        ${drawn.map(renderFigure)}
      </section>
      <section id="table">
        <h2>All key figures</h2>
        ${renderTable({
          caption: 'Key figures of all runs',
          columns: ['Figure', ...runs.map(({ name }) => name)],
          rows: figures.map((figure) => [
            figure.label,
            ...figure.figures.map((own) => (own ? describeEstimate(own, figure.unit) : '–')),
          ]),
        })}
      </section>
      <section id="reproduce">
        <h2>Make them again</h2>
        ${runs.map(
          ({ name, metrics, manifest }) =>
            markup`<h3>${name}</h3>
              <pre><code>${manifest.command}</code></pre>
              <p class="facts">
                ocx ${manifest.ocxVersion}, Node.js ${manifest.nodeVersion}, digest
                ${metrics.digest}, scenario ${manifest.scenarioHash}
              </p>`,
        )}
      </section>
    </main>
    <footer><p>Made by ocx from the stored results of each run.</p></footer>`;
  return renderDocument(`${runs.length} runs side by side`, body);
}

function leadOf(runs: readonly ComparedRun[]): string {
  const same = <Value>(pick: (run: ComparedRun) => Value) => new Set(runs.map(pick)).size === 1;
  if (same(({ metrics }) => metrics.digest)) {
    return 'All runs have the same digest: they are the same history.';
  }
  const sameDraws =
    same(({ metrics }) => metrics.seed) && same(({ metrics }) => metrics.replications);
  return sameDraws
    ? 'The runs share seed and replications. Where two intervals lie apart there is a ' +
        'difference; where they overlap, a paired comparison of the two would be needed to tell.'
    : 'The runs were made with different seeds or numbers of replications, so they are not paired: ' +
        'where two intervals lie apart there is a difference, where they overlap nothing is shown.';
}

function renderRun({ name, metrics, manifest }: ComparedRun): Markup {
  const count = (label: string) => manifest.inputs.filter((one) => one.label === label).length;
  const inputs = ['real', 'derived', 'synthetic'].map((label) => `${count(label)} ${label}`);
  return markup`<h3>${name}</h3>
    <p>${headlineSentence(metrics)}</p>
    <p class="facts">
      Scenario ${metrics.scenario}, seed ${metrics.seed}, ${metrics.replications} replications;
      inputs: ${inputs.join(', ')}.
    </p>
    ${warningsOf(metrics).map((text) => markup`<p class="warning" role="note">${text}</p>`)}`;
}

function renderFigure({ figure, name, wide, narrow }: DrawnFigure): Markup {
  return markup`<figure id="figure-${name}">
    <h3>${figure.label}</h3>
    <div class="wide">${trusted(wide)}</div>
    <div class="narrow">${trusted(narrow)}</div>
  </figure>`;
}
