/** The live page: what it is made of, as a whole and part by part. */
import { markup, trusted, type Markup } from '../html/markup.ts';
import { incidentsPanel, type TroubledNode } from './incidents-panel.ts';
import { leasesPanel, type ShownLease } from './leases-panel.ts';
import { ordersPanel, pricesPanel, type ShownMarket } from './market-panel.ts';
import { nodesPanel } from './nodes-panel.ts';

export interface ShownSite {
  readonly visitor: string;
  readonly nodes: readonly TroubledNode[];
  readonly nodesLeftOut: number;
  readonly leases: readonly ShownLease[];
  readonly market: ShownMarket | null;
  readonly silent: readonly { readonly service: string; readonly code: string }[];
}

interface Part {
  readonly name: string;
  readonly title: string;
  render(site: ShownSite): Markup;
}

const PARTS: readonly Part[] = [
  {
    name: 'incidents',
    title: 'Incidents',
    render: ({ nodes, silent }) => incidentsPanel(nodes, silent),
  },
  {
    name: 'racks',
    title: 'Racks',
    render: ({ nodes, nodesLeftOut }) => nodesPanel(nodes, nodesLeftOut),
  },
  {
    name: 'leases',
    title: 'Leases',
    render: ({ leases, nodes }) =>
      leasesPanel(leases, new Map(nodes.map(({ nodeId, state }) => [nodeId, state]))),
  },
  { name: 'prices', title: 'Prices', render: ({ market }) => pricesPanel(market) },
  { name: 'orders', title: 'Bids and asks', render: ({ market }) => ordersPanel(market) },
];

/** Parts by the name of the element that holds them. */
export function liveParts(site: ShownSite): ReadonlyMap<string, string> {
  return new Map(PARTS.map(({ name, render }) => [name, render(site).text]));
}

export function livePage(site: ShownSite): string {
  const sections = PARTS.map(
    ({ name, title, render }) =>
      markup`<section><h2>${title}</h2><div id="${name}">${render(site)}</div></section>\n`,
  );
  return livingDocument(
    markup`<header>
        <h1>Open Cloud eXchange</h1>
        <p>${site.visitor}</p>
        <p id="stream" aria-live="polite">as of now</p>
        <form method="post" action="/session/end"><button>Log out</button></form>
      </header>
      <main>
        ${sections}
      </main>
      <script src="/parts.js" defer></script>`,
  );
}

export function loginPage(wasWrong: boolean): string {
  return livingDocument(
    markup`<header><h1>Open Cloud eXchange</h1></header>
      <main>
        <h2>Log in</h2>
        ${wasWrong ? markup`<p class="warning">This token is none of this site's.</p>` : null}
        <form method="post" action="/session">
          <p><label for="token">Your bearer token, as it was made by <code>ocx token</code></label></p>
          <p><input id="token" name="token" type="password" autocomplete="off" required /></p>
          <p><button>Log in</button></p>
        </form>
        <p class="none">The page shows what the token may read, and changes nothing.</p>
      </main>`,
  );
}

function livingDocument(body: Markup): string {
  return markup`${trusted('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Open Cloud eXchange</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>\n`.text;
}
