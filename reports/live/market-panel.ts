/** Published prices, the last rounds, and the visitor's own orders in rounds that are open. */
import { markup, type Markup } from '../html/markup.ts';
import { renderTable } from '../html/table.ts';
import { instant } from './instant.ts';

export interface ShownMarket {
  readonly prices: readonly {
    readonly horizon: string;
    readonly nodeClass: string;
    readonly millicreditsPerNodeHour: number | null;
  }[];
  readonly rounds: readonly {
    readonly roundId: number;
    readonly horizon: string;
    readonly publishedMs: number;
    readonly contracts: number;
  }[];
  readonly orders: readonly {
    readonly orderId: string;
    readonly side: 'bid' | 'ask';
    readonly organisation: string;
    readonly roundId: number;
    readonly nodeClass: string;
    readonly nodes: number;
    readonly millicredits: number;
  }[];
}

const ORDERS_SHOWN = 40;

export function pricesPanel(market: ShownMarket | null): Markup {
  if (market === null) return markup`<p class="none">No market answers here.</p>`;
  const { prices, rounds } = market;
  return markup`${
    prices.length === 0
      ? markup`<p class="none">No round has set a price yet.</p>`
      : renderTable({
          caption: 'Prices of the last round',
          columns: ['Class', 'Horizon', 'Credits per node-hour'],
          numeric: [2],
          rows: prices.map(({ nodeClass, horizon, millicreditsPerNodeHour }) => [
            nodeClass,
            horizon,
            millicreditsPerNodeHour === null ? '–' : credits(millicreditsPerNodeHour),
          ]),
        })
  }${
    rounds.length === 0
      ? null
      : renderTable({
          caption: 'Rounds',
          columns: ['Round', 'Horizon', 'Closed', 'Contracts'],
          numeric: [3],
          rows: rounds.map(({ roundId, horizon, publishedMs, contracts }) => [
            roundId,
            horizon,
            instant(publishedMs),
            contracts,
          ]),
        })
  }`;
}

export function ordersPanel(market: ShownMarket | null): Markup {
  if (market === null) return markup`<p class="none">No market answers here.</p>`;
  const { orders } = market;
  if (orders.length === 0)
    return markup`<p class="none">No order of yours is in an open round.</p>`;
  const table = renderTable({
    caption: 'Orders in open rounds',
    columns: ['Order', 'Side', 'Organisation', 'Class', 'Round', 'Nodes', 'Credits'],
    numeric: [4, 5, 6],
    rows: orders
      .slice(0, ORDERS_SHOWN)
      .map(({ orderId, side, organisation, nodeClass, roundId, nodes, millicredits }) => [
        ...[orderId, side, organisation, nodeClass, roundId, nodes],
        credits(millicredits),
      ]),
  });
  const left = orders.length - ORDERS_SHOWN;
  return left > 0 ? markup`${table}<p class="none">${left} more orders are not shown.</p>` : table;
}

function credits(millicredits: number): string {
  return (millicredits / 1_000).toFixed(millicredits % 1_000 === 0 ? 0 : 3);
}
