/** Racks: every node that the visitor may see, with what is going on with it. */
import { markup, type Markup } from '../html/markup.ts';

export interface ShownNode {
  readonly nodeId: string;
  readonly owner: string | null;
  readonly nodeClass: string;
  readonly state: string;
  readonly organisation: string | null;
  readonly rack: string | null;
}

/** What a state means for somebody who looks from afar; the word itself is always shown too. */
const TONES: Readonly<Record<string, string>> = {
  free: 'idle',
  enrolled: 'idle',
  unregistered: 'idle',
  reserved: 'busy',
  active: 'used',
  allocated: 'busy',
  maintenance: 'out',
  offline: 'out',
  quarantined: 'bad',
  rejected: 'bad',
  broken: 'bad',
};

export function toneOf(state: string): string {
  return TONES[state] ?? 'busy';
}

export function nodesPanel(nodes: readonly ShownNode[], leftOut: number): Markup {
  if (nodes.length === 0) return markup`<p class="none">No node is there for you to see.</p>`;
  const racks = Map.groupBy(nodes, ({ rack, owner }) => rack ?? `of ${owner ?? 'the site'}`);
  return markup`${[...racks].map(
    ([rack, inRack]) =>
      markup`<section class="rack"><h3>${rack}</h3><ul>${inRack.map(tile)}</ul></section>`,
  )}${leftOut > 0 ? markup`<p class="none">${leftOut} more nodes are not shown.</p>` : null}`;
}

function tile({ nodeId, nodeClass, state, owner, organisation }: ShownNode): Markup {
  const user = organisation !== null && organisation !== owner ? `used by ${organisation}` : '';
  return markup`<li class="node ${toneOf(state)}"><strong>${nodeId}</strong><span class="state">${state}</span><span class="detail">${nodeClass}</span><span class="detail">${user}</span></li>`;
}
