/** Nodes that are out of service or had trouble since they were last clean, and services that are silent. */
import { markup, type Markup } from '../html/markup.ts';
import { renderTable } from '../html/table.ts';
import { toneOf, type ShownNode } from './nodes-panel.ts';

export interface TroubledNode extends ShownNode {
  /** Code of what went wrong. */
  readonly trouble: string | null;
}

export function incidentsPanel(
  nodes: readonly TroubledNode[],
  silent: readonly { readonly service: string; readonly code: string }[],
): Markup {
  const troubled = nodes.filter(
    ({ state, trouble }) => trouble !== null || toneOf(state) === 'bad' || toneOf(state) === 'out',
  );
  if (troubled.length === 0 && silent.length === 0) {
    return markup`<p class="none">All nodes are well, all services answer.</p>`;
  }
  return markup`${silent.map(
    ({ service, code }) =>
      markup`<p class="warning">The ${service} service does not answer: ${code}</p>`,
  )}${
    troubled.length === 0
      ? null
      : renderTable({
          caption: 'Nodes in trouble',
          columns: ['Node', 'State', 'Why', 'Owner'],
          rows: troubled.map(({ nodeId, state, trouble, owner }) => [
            nodeId,
            markup`<span class="phase ${toneOf(state)}">${state}</span>`,
            trouble ?? '–',
            owner ?? 'the site',
          ]),
        })
  }`;
}
