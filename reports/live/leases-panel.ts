/** Leases with the phase that each of their nodes is in, the latest first. */
import { markup, type Markup } from '../html/markup.ts';
import { renderTable } from '../html/table.ts';
import { instant } from './instant.ts';
import { toneOf } from './nodes-panel.ts';

export interface ShownLease {
  readonly leaseId: string;
  readonly owner: string;
  readonly lessee: string;
  readonly state: string;
  readonly securityLevel: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly nodeIds: readonly string[];
}

const SHOWN = 40;

/** @param stateOf node → its state, where the visitor may see it */
export function leasesPanel(
  leases: readonly ShownLease[],
  stateOf: ReadonlyMap<string, string>,
): Markup {
  if (leases.length === 0) return markup`<p class="none">There is no lease.</p>`;
  const table = renderTable({
    caption: 'Leases',
    columns: ['Lease', 'From', 'To', 'State', 'Nodes', 'Level', 'Begins', 'Ends'],
    rows: leases
      .slice(0, SHOWN)
      .map(({ leaseId, owner, lessee, state, nodeIds, securityLevel, startMs, endMs }) => [
        leaseId,
        owner,
        lessee,
        state,
        nodeIds.map((nodeId) => phase(nodeId, state === 'ended' ? null : stateOf.get(nodeId))),
        securityLevel,
        instant(startMs),
        instant(endMs),
      ]),
  });
  const left = leases.length - SHOWN;
  return left > 0 ? markup`${table}<p class="none">${left} older leases are not shown.</p>` : table;
}

function phase(nodeId: string, state: string | null | undefined): Markup {
  return state
    ? markup`<span class="phase ${toneOf(state)}">${nodeId}: ${state}</span> `
    : markup`<span class="phase">${nodeId}</span> `;
}
