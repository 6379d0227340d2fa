/** `ocx bid`: what an organisation wants on a live market. */
import type { Command } from 'commander';
import type { Bid } from '../core/market/orders.ts';
import { wholeNumber } from './command.ts';
import { defineCall, defineTalk, describe, pathOf, type LiveOptions } from './live-client.ts';
import { orderOptions, windowOf, type OrderOptions } from './order-window.ts';
import { formatTable } from './terminal/table.ts';

interface BidOptions extends OrderOptions {
  readonly value: number;
  readonly minimum?: number;
  readonly acceptRecall?: boolean;
}

export function registerBid(program: Command): void {
  const bid = program.command('bid').description('Bids at a live market.');
  defineTalk<BidOptions, object>(bid, 'post <bid>', 'Bid for nodes in the round that is open.', {
    async talk(ask, [bidId], options) {
      const { roundId, startSlot, endSlot } = await windowOf(ask, options);
      const { org, class: nodeClass, nodes, security, value, minimum = nodes } = options;
      const order = {
        ...{ bidId, organisation: org },
        options: [
          {
            ...{ nodeClass, nodes, minimumNodes: minimum, startSlot, endSlot },
            valueMillicredits: value,
          },
        ],
        securityLevel: security,
        acceptsRecall: options.acceptRecall === true,
      };
      await ask({ method: 'POST', path: '/bids', body: { roundId, bid: order } });
      return { roundId, ...order };
    },
    text: describe,
    extend: (command) =>
      orderOptions(command)
        .requiredOption(
          '--value <millicredits>',
          'worth of all nodes over the whole time',
          wholeNumber(0, Number.MAX_SAFE_INTEGER),
        )
        .option('--minimum <nodes>', 'fewest of use; else all', wholeNumber(1, 1_000_000))
        .option('--accept-recall', 'also nodes that their owner may take back'),
  });
  defineTalk<LiveOptions, { rounds: readonly { roundId: number; bids: readonly Bid[] }[] }>(
    bid,
    'list <organisation>',
    'List its bids in open rounds.',
    {
      talk: async (ask, [name]) =>
        (await ask({ method: 'GET', path: pathOf('organisations', name!, 'orders') })) as never,
      text: ({ rounds }) =>
        formatTable(
          [
            { head: 'round', align: 'right' },
            { head: 'bid' },
            { head: 'class' },
            { head: 'nodes', align: 'right' },
            { head: 'slots' },
            { head: 'value', align: 'right' },
            { head: 'level' },
          ],
          rounds.flatMap(({ roundId, bids }) =>
            bids.flatMap((order) =>
              order.options.map((option) => [
                roundId,
                order.bidId.slice(order.organisation.length + 1),
                ...[option.nodeClass, option.nodes, `${option.startSlot}–${option.endSlot}`],
                ...[option.valueMillicredits, order.securityLevel],
              ]),
            ),
          ),
        ),
    },
  );
  defineCall(bid, 'withdraw <round> <bid>', 'Take a bid back.', ([round, orderId]) => ({
    method: 'POST',
    path: '/withdrawals',
    body: { roundId: Number(round), side: 'bid', orderId },
  }));
}
