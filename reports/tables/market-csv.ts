/** `leases.csv` and `prices.csv`. */
import { renderCsv } from './csv.ts';
import type { LeaseRow, PriceRow } from './rows.ts';

export function renderLeasesCsv(rows: readonly LeaseRow[]): string {
  return renderCsv(
    [
      'variant',
      'replication',
      'lease_id',
      'owner',
      'borrower',
      'node_class',
      'nodes',
      'start_seconds',
      'ready_seconds',
      'end_seconds',
      'paid_credits',
      'recallable',
      'outcome',
    ],
    rows.map((row) => [
      row.variant,
      row.replication,
      row.leaseId,
      row.owner,
      row.borrower,
      row.nodeClass,
      row.nodes,
      row.startSeconds,
      row.readySeconds,
      row.endSeconds,
      row.paidCredits,
      row.recallable,
      row.outcome,
    ]),
  );
}

export function renderPricesCsv(rows: readonly PriceRow[]): string {
  return renderCsv(
    ['variant', 'replication', 'round', 'time_seconds', 'node_class', 'credits_per_node_hour'],
    rows.map((row) => [
      row.variant,
      row.replication,
      row.round,
      row.timeSeconds,
      row.nodeClass,
      row.creditsPerNodeHour,
    ]),
  );
}
