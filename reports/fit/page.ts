/** `fit.html`: what was fitted, how well, and what the model cannot say. Opens offline. */
import type { FittedParameter, GoodnessTest, ModelFit } from '../../core/demand/model-fit.ts';
import { renderFigures } from '../html/figure-section.ts';
import type { PlainFigure } from '../html/figure-section.ts';
import { markup } from '../html/markup.ts';
import type { Child, Markup } from '../html/markup.ts';
import { renderDocument } from '../html/page.ts';
import { renderTable } from '../html/table.ts';
import { describePlain, formatNumber } from '../text/number.ts';
import { renderModelToml } from './model-toml.ts';

/** @param figures drawn ones, in the order of the page */
export function renderFitPage(fit: ModelFit, figures: readonly PlainFigure[]): string {
  const { trace } = fit;
  const records = fit.samples
    .map(({ what, count }) => `${formatNumber(count, 0)} ${what}`)
    .join(', ');
  return renderDocument(
    `${fit.model} fitted to ${trace.name}`,
    markup`<header>
        <h1>${fit.model} fitted to ${trace.name}</h1>
        <p class="lead">${leadOf(fit)}</p>
        <p class="facts">
          ${records} over ${describePlain(trace.spanDays)} days · format ${trace.format} ·
          <span class="label ${trace.label}">${trace.label}</span>${machine(fit)} · seed ${fit.seed}
        </p>
      </header>
      <main>
        ${modelSection(fit)}${parametersSection(fit.parameters)}${testsSection(fit.tests)}
        <section id="figures">
          <h2>Trace and model</h2>
          ${comparisonTable(fit)}${renderFigures(figures)}
        </section>
        ${limitsSection(fit)}
      </main>
      <footer>
        <p>Made by ocx from <code>fit.json</code> beside this file, and from nothing else.</p>
      </footer>\n`,
  );
}

function machine({ trace }: ModelFit): string {
  return trace.processors === null ? '' : ` · ${formatNumber(trace.processors, 0)} processors`;
}

/** Below this a test rejects, as is usual. */
const LEVEL = 0.05;

function leadOf({ tests, distributions }: ModelFit): string {
  const rejected = tests.filter(({ pValue }) => pValue < LEVEL).length;
  const apart = distributions.map(
    ({ title, distance }) => `${title.toLowerCase()} ${formatNumber(100 * distance, 0)} %`,
  );
  const verdict =
    tests.length === 0
      ? 'Nothing was tested.'
      : rejected === 0
        ? `None of ${tests.length} tests can tell the trace from the fitted model.`
        : `${rejected} of ${tests.length} tests can tell the trace from the fitted model: the ` +
          'model is an approximation.';
  const far = apart.length === 0 ? '' : ` Largest differences: ${apart.join(', ')}.`;
  return verdict + far;
}

function modelSection(fit: ModelFit): Markup {
  return markup`<section id="model">
    <h2>The model</h2>
    <p>This is <code>model.toml</code>, ready to be put into a scenario.</p>
    <pre><code>${renderModelToml(fit)}</code></pre>
  </section>`;
}

function parametersSection(parameters: readonly FittedParameter[]): Markup {
  const number = (value: number | null) => (value === null ? '–' : describePlain(value));
  return markup`<section id="parameters">
    <h2>Parameters</h2>
    <p>
      Intervals of 95&nbsp;% and standard errors are of samples that the fitted model made, each
      fitted anew: they hold as far as the model does.
    </p>
    ${renderTable({
      caption: 'Parameters',
      columns: ['Parameter', 'Value', '95 % interval', 'Without a fit', 'Meaning'],
      rows: parameters.map(({ key, value, interval95, published, meaning }) => [
        breakable(key),
        number(value),
        interval95 === null ? '–' : `${number(interval95[0])} to ${number(interval95[1])}`,
        number(published),
        meaning,
      ]),
    })}
  </section>`;
}

/** A key may be broken after each of its dots. */
function breakable(key: string): Markup {
  const parts = key.split('.');
  return markup`${parts.map((part, i) => (i === 0 ? markup`${part}` : markup`.<wbr />${part}`))}`;
}

function testsSection(tests: readonly GoodnessTest[]): Child {
  if (tests.length === 0) return null;
  return markup`<section id="tests">
    <h2>Tests</h2>
    <p>
      The p-value is the share of samples of the fitted model, each fitted anew, that are as far
      from their fit as the trace is from its own. Below .05 the trace is unlikely to be such a
      sample. With many records small differences are enough for that: the distance says how large
      they are.
    </p>
    ${renderTable({
      caption: 'Tests of goodness of fit',
      columns: ['What', 'Statistic', 'Distance', '95 of 100 samples stay below', 'p-value'],
      rows: tests.map(({ name, statistic, value, limit95, pValue, replications }) => [
        name,
        statistic,
        describePlain(Number(value.toPrecision(4))),
        describePlain(Number(limit95.toPrecision(4))),
        describeP(pValue, replications),
      ]),
    })}
  </section>`;
}

/** A p-value as far as so many samples can tell it. */
export function describeP(pValue: number, replications: number): string {
  const least = 1 / (1 + replications);
  if (pValue <= least + 1e-12) return `at most ${formatNumber(least, 3)}`;
  return formatNumber(pValue, 2);
}

function comparisonTable(fit: ModelFit): Markup {
  const number = (value: number | null) => (value === null ? '–' : describePlain(value));
  return markup`<p>
      The model’s figures are of a workload that was generated from the table above; what a short
      one has by chance, it has, too.
    </p>
    ${renderTable({
      caption: 'Figures of the trace and of the fitted model',
      columns: ['Figure', 'Unit', 'Trace', 'Model'],
      numeric: [2, 3],
      rows: fit.comparison.map(({ name, unit, trace, model }) => [
        name,
        unit,
        number(trace),
        number(model),
      ]),
    })}`;
}

function limitsSection({ limits, disclosed, setAside }: ModelFit): Markup {
  const items = (texts: readonly string[]) => texts.map((text) => markup`<li>${text}</li>\n`);
  const aside = Object.entries(setAside).map(([reason, count]) => `${reason} ${count}`);
  return markup`<section id="limits">
    <h2>What the model cannot represent</h2>
    <ul class="plain">
      ${items(limits)}
    </ul>
    <h2>What these files tell of the trace</h2>
    <ul class="plain">
      ${items(disclosed)}
    </ul>
    <p>Records that were set aside: ${aside.length === 0 ? 'none' : aside.join(', ')}.</p>
  </section>`;
}
