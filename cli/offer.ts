/** `ocx offer`: nodes of an organisation on a live market. */
import type { Command } from 'commander';
import { HOUR_MS, MINUTE_MS } from '../core/kernel/units.ts';
import type { Ask as MarketAsk } from '../core/market/orders.ts';
import { collect, wholeNumber } from './command.ts';
import { defineCall, defineTalk, describe, pathOf, type LiveOptions } from './live-client.ts';
import { orderOptions, windowOf, type OrderOptions } from './order-window.ts';
import { formatTable } from './terminal/table.ts';

interface OfferOptions extends OrderOptions {
  readonly reserve: number;
  readonly recallMinutes?: number;
  readonly recallPenalty: number;
}

const MOST = Number.MAX_SAFE_INTEGER;

export function registerOffer(program: Command): void {
  const offer = program.command('offer').description('Nodes on offer at a live market.');
  definePost(offer);
  defineList(offer);
  defineCall(offer, 'withdraw <round> <offer>', 'Take an offer back.', ([round, orderId]) => ({
    method: 'POST',
    path: '/withdrawals',
    body: { roundId: Number(round), side: 'ask', orderId },
  }));
  defineCall<LiveOptions & { node?: readonly string[] }>(
    offer,
    'back <class>',
    'Say which nodes stand behind offers of a class; none takes them away.',
    ([nodeClass], { node: nodeIds = [] }) => ({
      method: 'PUT',
      path: pathOf('pledges', nodeClass!),
      body: { nodeIds },
    }),
    (command) => command.option('--node <node>', 'may be repeated', collect),
  );
}

function definePost(offer: Command): void {
  defineTalk<OfferOptions, object>(
    offer,
    'post <offer>',
    'Offer nodes in the round that is open.',
    {
      async talk(ask, [askId], options) {
        const { roundId, slotMs, startSlot, endSlot } = await windowOf(ask, options);
        const { org, class: nodeClass, nodes, security, reserve, recallMinutes } = options;
        const order = {
          ...{ askId, organisation: org, nodeClass, nodes, startSlot, endSlot },
          reserveMillicredits: Math.ceil((reserve * slotMs) / HOUR_MS),
          recall:
            recallMinutes === undefined
              ? null
              : {
                  noticeMs: recallMinutes * MINUTE_MS,
                  penaltyPartsPerMillion: options.recallPenalty * 10_000,
                },
          securityLevel: security,
        };
        await ask({ method: 'POST', path: '/asks', body: { roundId, ask: order } });
        return { roundId, ...order };
      },
      text: describe,
      extend: (command) =>
        orderOptions(command)
          .requiredOption(
            '--reserve <millicredits>',
            'least for a node over an hour',
            wholeNumber(0, MOST),
          )
          .option(
            '--recall-minutes <number>',
            'the right to take them back with this notice',
            wholeNumber(0, 500_000),
          )
          .option(
            '--recall-penalty <percent>',
            'of the rest of the price, where they are taken back',
            wholeNumber(0, 100),
            0,
          ),
    },
  );
}

function defineList(offer: Command): void {
  defineTalk<LiveOptions, { rounds: readonly { roundId: number; asks: readonly MarketAsk[] }[] }>(
    offer,
    'list <organisation>',
    'List its offers in open rounds.',
    {
      talk: async (ask, [name]) =>
        (await ask({ method: 'GET', path: pathOf('organisations', name!, 'orders') })) as never,
      text: ({ rounds }) =>
        formatTable(
          [
            { head: 'round', align: 'right' },
            { head: 'offer' },
            { head: 'class' },
            { head: 'nodes', align: 'right' },
            { head: 'slots' },
            { head: 'reserve', align: 'right' },
            { head: 'recall' },
          ],
          rounds.flatMap(({ roundId, asks }) =>
            asks.map((order) => [
              roundId,
              order.askId.slice(order.organisation.length + 1),
              ...[order.nodeClass, order.nodes, `${order.startSlot}–${order.endSlot}`],
              order.reserveMillicredits,
              order.recall ? `${order.recall.noticeMs / MINUTE_MS} min` : 'firm',
            ]),
          ),
        ),
    },
  );
}
