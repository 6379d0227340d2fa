/** Where the results come from: inputs, what is modelled, how to make them again. */
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import { formatNumber } from '../text/number.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { renderTable } from './table.ts';

export function inputsSection(manifest: Manifest): Markup {
  const rows = manifest.inputs.map((input) => [
    input.organisation,
    markup`${input.name}${input.sha256 === null ? null : markup`<br /><span class="hash">SHA-256 ${input.sha256}</span>`}`,
    markup`<span class="label ${input.label}">${input.label}</span>`,
    input.treatment,
    describeDropped(input.droppedRecords),
  ]);
  return markup`<section id="inputs">
    <h2>Inputs</h2>
    <p>
      Real: a recorded trace as published. Derived: computed from records of something else.
      Synthetic: drawn from a model. Records that could not be used are counted by reason; none was
      dropped silently.
    </p>
    ${renderTable({ caption: 'Inputs', columns: ['Organisation', 'Input', 'Label', 'Treatment', 'Records left out'], rows })}
  </section>\n`;
}

function describeDropped(dropped: Readonly<Record<string, number>>): string {
  const parts = Object.entries(dropped)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${formatNumber(count, 0)} × ${reason}`);
  return parts.length === 0 ? 'none' : parts.join('; ');
}

const MODELLED = [
  'Queues and schedulers of batch clusters, load of a cloud, gangs and deadlines of a testbed, emergencies of a government cluster, each on the nodes that it really has at that time.',
  'The whole walk of a lease: hand-over, airlock, attestation, provisioning, use, recall or end, sanitizing and verification. A borrowed node counts only once it is ready.',
  'Bids and offers by agents that see their own cluster, their own fills and published prices; rounds, contracts, deposits, penalties and a ledger that sums to zero.',
  'Failures of nodes, management controllers, switches and storage at the rates of the scenario.',
];
const NOT_MODELLED = [
  'How fast the same work runs on another owner’s nodes: a node of a class counts as equal everywhere, and data is where it is needed.',
  'The network between owners, its bandwidth and its price; electricity, staff and floor space.',
  'Owners that enter or leave during the run, and ways to cheat other than the strategies that the scenario gives them.',
  'What demand would become if it knew of the market: the demand is that of the inputs.',
];

export function scopeSection(): Markup {
  const list = (items: readonly string[]) =>
    markup`<ul class="plain">
      ${items.map((item) => markup`<li>${item}</li>\n`)}
    </ul>\n`;
  return markup`<section id="scope">
    <h2>What is modelled and what is not</h2>
    <h3>Modelled</h3>
    ${list(MODELLED)}
    <h3>Not modelled</h3>
    ${list(NOT_MODELLED)}
  </section>\n`;
}

export function reproduceSection(metrics: Metrics, manifest: Manifest): Markup {
  const facts: [string, string][] = [
    ['Scenario', manifest.scenarioFile],
    ['Scenario, SHA-256 of its resolved form', manifest.scenarioHash],
    ['Seed and replications', `${metrics.seed}, ${metrics.replications}`],
    ['Digest of all events', metrics.digest],
    ['ocx', manifest.ocxVersion],
    ['Commit', manifest.gitCommit ?? 'not run from a checkout'],
    ['Node.js', manifest.nodeVersion],
    [
      'Run',
      `${manifest.startedAt}, ${formatNumber(manifest.durationSeconds, 1)} s with ` +
        `${manifest.host.workers} of ${manifest.host.cpus} processors on ${manifest.host.platform}`,
    ],
    ['Invariant violations', formatNumber(metrics.invariantViolations, 0)],
    ['Imbalance of the ledger', `${metrics.ledgerImbalance}`],
  ];
  return markup`<section id="reproduce">
    <h2>Make it again</h2>
    <p>
      The same version, inputs, seed and command give the same bytes in <code>metrics.json</code>,
      on any number of processors.
    </p>
    <pre><code>${manifest.command}</code></pre>
    <dl class="plain-list">
      ${facts.map(
        ([name, value]) =>
          markup`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>\n`,
      )}
    </dl>
  </section>\n`;
}
