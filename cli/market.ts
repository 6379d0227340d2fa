/** `ocx market`: rounds, prices, contracts and accounts of a live market. */
import type { Command } from 'commander';
import type { OpenRound, OwnContract } from '../core/market/exchange/protocol.ts';
import type { PublishedRound } from '../core/market/exchange/state.ts';
import { wholeNumber } from './command.ts';
import { defineCall, defineTalk, pathOf, type LiveOptions } from './live-client.ts';
import { formatTable } from './terminal/table.ts';

interface ShownContract extends OwnContract {
  readonly state: string;
  readonly delivery: { readonly leaseId: string; readonly nodeIds: readonly string[] } | null;
}

interface ShownRounds {
  readonly open: readonly OpenRound[];
  readonly published: readonly PublishedRound[];
}

export function registerMarket(program: Command): void {
  const market = program.command('market').description('A live market.');
  defineCall(market, 'show', 'Show its horizons and terms.', () => get('/market'));
  defineTalk<LiveOptions, ShownRounds>(market, 'rounds', 'List rounds and what they came to.', {
    talk: async (ask) => (await ask(get('/rounds'))) as never,
    text: rounds,
  });
  defineCall(market, 'prices', 'Show the last prices.', () => get('/prices'));
  defineTalk<LiveOptions, { contracts: readonly ShownContract[] }>(
    market,
    'contracts <organisation>',
    'List its contracts that are not settled.',
    {
      talk: async (ask, [name]) =>
        (await ask(get(pathOf('organisations', name!, 'contracts')))) as never,
      text: contracts,
    },
  );
  defineCall(market, 'account <organisation>', 'Show what it has, free and deposited.', ([name]) =>
    get(pathOf('organisations', name!, 'account')),
  );
  defineCall(market, 'ledger', 'Show all balances; they add up to 0.', () => get('/ledger'));
  defineCall<LiveOptions & { money?: boolean }>(
    market,
    'endow <organisation> <millicredits> <transfer>',
    'Give an organisation credits; a transfer of one name is done once.',
    ([name, amount, transferId], { money = false }) => ({
      method: 'POST',
      path: pathOf('organisations', name!, 'endowments'),
      body: {
        transferId,
        amountMillicredits: amountOf(amount!),
        ...(money ? { currency: 'money' } : {}),
      },
    }),
    (command) => command.option('--money', 'money, for outsiders'),
  );
  defineCall(
    market,
    'attester [service]',
    'Choose whose verdict opens your enclave.',
    ([name]) => ({
      method: 'PUT',
      path: '/attester',
      body: { attester: name ?? null },
    }),
  );
  defineCall(market, 'void <contract>', 'End a contract without delivery and blame.', ([id]) => ({
    method: 'POST',
    path: pathOf('contracts', id!, 'void'),
  }));
}

function get(path: string) {
  return { method: 'GET', path } as const;
}

const amountOf = wholeNumber(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

function rounds({ open, published }: ShownRounds): string {
  const columns = [
    { head: 'round', align: 'right' as const },
    { head: 'horizon' },
    { head: 'closes or closed' },
    { head: 'contracts', align: 'right' as const },
    { head: 'prices for a node-slot, millicredits' },
  ];
  const closed = published.map(({ roundId, horizon, startMs, contracts: count, prices }) => [
    ...[roundId, horizon, timeOf(startMs), count],
    prices.map((price) => `${price.nodeClass} ${price.millicreditsPerNodeSlot ?? '–'}`).join(', '),
  ]);
  const now = open.map(({ roundId, horizon, closesMs }) => [
    ...[roundId, horizon, timeOf(closesMs), 'open', ''],
  ]);
  return formatTable(columns, [...closed, ...now]);
}

function contracts({ contracts: list }: { readonly contracts: readonly ShownContract[] }): string {
  return formatTable(
    [
      { head: 'contract' },
      { head: 'side' },
      { head: 'order' },
      { head: 'class' },
      { head: 'nodes', align: 'right' },
      { head: 'from' },
      { head: 'to' },
      { head: 'millicredits', align: 'right' },
      { head: 'state' },
      { head: 'lease' },
    ],
    list.map((one) => [
      ...[one.contractId, one.side, one.orderId, one.nodeClass, one.nodes],
      ...[timeOf(one.startMs), timeOf(one.endMs), one.millicredits, one.state],
      one.delivery?.leaseId ?? '–',
    ]),
  );
}

/** To the second, in the time zone that does not depend on who reads it. */
function timeOf(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
