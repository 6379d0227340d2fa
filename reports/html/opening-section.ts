/** What stands at the top: the answers in one sentence, what they rest on, the key figures. */
import type { Manifest } from '../../core/metrics/manifest.ts';
import { isEstimate } from '../../core/metrics/estimate.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { estimateCells } from '../text/cells.ts';
import { headline, headlineSentence } from '../findings/headline.ts';
import { keyFigures } from '../findings/key-figures.ts';
import { staticVariant } from '../findings/records.ts';
import { warningsOf } from '../findings/warnings.ts';
import { columnUnit, formatNumber } from '../text/number.ts';
import { keepUnits } from '../text/printable.ts';
import { markup } from './markup.ts';
import type { Child, Markup } from './markup.ts';

export function openingSection(metrics: Metrics, manifest: Manifest): Markup {
  const answers = headline(metrics).map(
    ({ question, detail }) =>
      markup`<dt>${question}</dt>
        <dd>${detail}</dd>\n`,
  );
  return markup`<h1>Static partition against a market for bare-metal nodes: ${metrics.scenario}</h1>
    <p class="lead">${strengthen(headlineSentence(metrics))}</p>
    <p class="facts">${factsOf(metrics, manifest)}</p>
    ${warningsOf(metrics).map((text) => markup`<p class="warning" role="note">${text}</p>\n`)}
    <dl class="answers">${answers}</dl>\n`;
}

/** A figure with its interval, as `describeEstimate` writes it. */
const FIGURE = /([+\u2212]?\d[\d.,]*(?:\u00a0\S+)? \[[\d.,+\u2212\u00a0]+\])/;

/** Figures stand out, so that the sentence can be read at a glance. */
function strengthen(sentence: string): Child {
  return sentence
    .split(FIGURE)
    .map((part, index) => (index % 2 === 1 ? markup`<strong>${part}</strong>` : part));
}

/** One line on what the answers rest on. */
function factsOf(metrics: Metrics, manifest: Manifest): string {
  const days = (seconds: number) => formatNumber(seconds / 86_400, seconds % 86_400 === 0 ? 0 : 1);
  const labels = ['real', 'derived', 'synthetic'].flatMap((label) => {
    const count = manifest.inputs.filter((input) => input.label === label).length;
    return count > 0 ? [`${count} ${label}`] : [];
  });
  const before = staticVariant(metrics) ?? metrics.variants[0];
  const nodes = before?.organisations.reduce((sum, one) => sum + one.installedNodes, 0) ?? 0;
  const organisations = before?.organisations.length ?? 0;
  return [
    `${organisations} organisations with ${formatNumber(nodes, 0)} nodes`,
    `${days(metrics.horizonSeconds - metrics.warmUpSeconds)} days after ${days(metrics.warmUpSeconds)} of warm-up`,
    metrics.replications === 1 ? '1 replication' : `${metrics.replications} replications`,
    `seed ${metrics.seed}`,
    labels.length > 0 ? `inputs: ${labels.join(', ')}` : 'no inputs listed',
    keepUnits('brackets are 95 % intervals'),
  ].join(' · ');
}

export function keyFiguresSection(metrics: Metrics): Markup {
  const groups = keyFigures(metrics).map(({ question, figures }) => {
    const rows = figures.map(({ label, figure, unit }) => {
      const [mean, interval] = estimateCells(figure, unit);
      const rest = isEstimate(figure)
        ? markup`<td class="interval">${interval}</td><td>${columnUnit(unit)}</td>`
        : markup`<td colspan="2">${interval}</td>`;
      return markup`<tr>
        <th scope="row">${label}</th>
        <td class="number">${mean}</td>
        ${rest}
      </tr>\n`;
    });
    return markup`<tr class="group">
        <th scope="rowgroup" colspan="4">${question}</th>
      </tr>
      ${rows}`;
  });
  return markup`<section id="key-figures">
    <h2>Key figures</h2>
    <p>
      Each is a mean over replications that all saw the same traces, seeds and draws, with its
      95&nbsp;% interval. How every figure is defined is in <code>docs/METRICS.md</code>.
    </p>
    <div class="scroll" role="region" aria-label="Key figures" tabindex="0">
      <table>
        <caption>
          Key figures
        </caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" class="number">Mean</th>
            <th scope="col">95&nbsp;% interval</th>
            <th scope="col">Unit</th>
          </tr>
        </thead>
        <tbody>
          ${groups}
        </tbody>
      </table>
    </div>
  </section>\n`;
}
