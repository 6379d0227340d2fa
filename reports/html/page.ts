/** `report.markup`: one file that opens offline, without a script and without any other request. */
import type { Manifest } from '../../core/metrics/manifest.ts';
import type { Metrics } from '../../core/metrics/results.ts';
import type { Figure, MissingFigure } from '../charts/figures.ts';
import type { SectionName } from '../charts/registry.ts';
import { figureSection } from './figure-section.ts';
import { marketSection } from './market-section.ts';
import { markup, trusted } from './markup.ts';
import type { Child, Markup } from './markup.ts';
import { keyFiguresSection, openingSection } from './opening-section.ts';
import { inputsSection, reproduceSection, scopeSection } from './origin-sections.ts';
import { rareEmergenciesPart } from './rare-emergencies.ts';
import { mechanismSection, ownMeasuresTable, variantsTable } from './results-sections.ts';
import { contentSecurityPolicy, STYLE } from './style.ts';

const CONTENTS: readonly (readonly [string, string])[] = [
  ['key-figures', 'Key figures'],
  ['hardware', 'Hardware'],
  ['demand', 'Extra demand'],
  ['time', 'Over time'],
  ['organisations', 'Organisations'],
  ['provisioning', 'Provisioning'],
  ['security', 'Security'],
  ['market', 'Market'],
  ['mechanism', 'Mechanism'],
  ['inputs', 'Inputs'],
  ['scope', 'Scope'],
  ['reproduce', 'Make it again'],
];

export function renderPage(
  metrics: Metrics,
  manifest: Manifest,
  figures: readonly (Figure | MissingFigure)[],
): string {
  const links = CONTENTS.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>\n`);
  return renderDocument(
    `${metrics.scenario}: static partition against a market`,
    markup`<header>
        ${openingSection(metrics, manifest)}
        <nav aria-label="Contents">
          <ul>
            ${links}
          </ul>
        </nav>
      </header>
      <main>
        ${keyFiguresSection(metrics)}${sections(metrics, figures)}${marketSection(
          metrics,
          figures.filter(({ section }) => section === 'market'),
        )}${mechanismSection(metrics)}${inputsSection(manifest)}${scopeSection()}${reproduceSection(metrics, manifest)}
      </main>
      <footer>
        <p>
          Made by ocx ${manifest.ocxVersion} from <code>metrics.json</code> and
          <code>manifest.json</code> beside this file.
        </p>
      </footer>\n`,
  );
}

/** A whole document around a body. */
export function renderDocument(title: string, body: Markup): string {
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>${trusted(STYLE)}</style>
      </head>
      <body>
        ${body}
      </body>
    </html>\n`.text;
}

function sections(metrics: Metrics, figures: readonly (Figure | MissingFigure)[]): Child {
  const section = (id: SectionName, title: string, text: string, more: Child = null) => {
    const own = figures.filter((figure) => figure.section === id);
    return figureSection(id, title, text, own, more);
  };
  return [
    section(
      'hardware',
      'Hardware saved',
      'How much less hardware is needed when the organisations trade than when each is alone, ' +
        'for the same demand met.',
    ),
    section(
      'demand',
      'Extra demand met',
      'How much demand is met with the same nodes that static partition leaves unmet.',
      markup`<h3>Variants</h3>
        ${variantsTable(metrics)}${rareEmergenciesPart(metrics)}`,
    ),
    section(
      'time',
      'Supply, demand and price over time',
      'When nodes are lacking, when they are lent, and what they cost then.',
    ),
    section(
      'organisations',
      'Who trades and who gains',
      'What each organisation lends, borrows, gains and meets.',
      ownMeasuresTable(metrics),
    ),
    section(
      'provisioning',
      'What fast provisioning changes',
      'Network boot (BMI) against installation to disk (Foreman).',
    ),
    section(
      'security',
      'What attestation changes',
      'The price of nodes that can prove their state, and the demand of organisations that ' +
        'accept no others.',
    ),
  ];
}
