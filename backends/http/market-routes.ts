/**
 * Every call of the market's API: method, path, and the command or query behind it. Orders are
 * looked at by the market itself, field by field; the schemas here only bound their size.
 */
import { EXCHANGE_COMMANDS } from '../../core/market/exchange/commands.ts';
import type { ExchangeState } from '../../core/market/exchange/state.ts';
import {
  EXCHANGE_ADMINISTRATOR_QUERIES,
  EXCHANGE_QUERIES,
  viewExchange,
} from '../../core/market/exchange/views.ts';
import type { ExchangeQuery, ExchangeQueryKind } from '../../core/market/exchange/views.ts';
import { ledgerImbalance } from '../../core/market/ledger.ts';
import type { CommitReceipt } from '../../core/market/sealing/protocol.ts';
import { change, pathOf } from './service-facade.ts';
import type { CommandRoute, QueryRoute, ServiceFacade } from './service-facade.ts';

const ORGANISATION = '/organisations/:organisation';
/** Ten thousand orders, which is as many as one organisation may have. */
const ORDERS_BYTES_MAXIMUM = 8 * 1024 * 1024;
const many = { bodyBytesMaximum: ORDERS_BYTES_MAXIMUM } as const;

type CommandKind = keyof typeof EXCHANGE_COMMANDS;

export const MARKET_COMMAND_ROUTES: readonly CommandRoute<CommandKind>[] = [
  change(201, 'POST /bids', 'PostBid'),
  change(201, 'POST /asks', 'PostAsk'),
  change(201, 'POST /orders', 'PostOrders', many),
  change(200, 'POST /withdrawals', 'WithdrawOrder'),
  change(201, 'POST /commitments', 'CommitOrders'),
  change(201, 'POST /reveals', 'RevealOrders', many),
  change(201, 'POST /options/:optionId/call', 'ExerciseOption'),
  change(200, 'PUT /pledges/:nodeClass', 'PledgeNodes'),
  change(200, 'PUT /attester', 'ChooseAttester'),
  change(200, 'POST /abandoned-rounds', 'AbandonRound'),
  change(200, 'POST /contracts/:contractId/void', 'VoidContract'),
  change(201, `POST ${ORGANISATION}/endowments`, 'Endow'),
  change(201, 'POST /endowments', 'ShareOut'),
];

export const MARKET_QUERY_ROUTES: readonly QueryRoute<ExchangeQueryKind>[] = [
  { path: '/market', query: 'MarketShow' },
  { path: '/rounds', query: 'RoundList' },
  { path: '/rounds/:roundId', query: 'RoundShow' },
  { path: '/prices', query: 'PriceList' },
  { path: '/contracts/:contractId', query: 'ContractShow' },
  { path: `${ORGANISATION}/orders`, query: 'OrderList' },
  { path: `${ORGANISATION}/contracts`, query: 'ContractList' },
  { path: `${ORGANISATION}/account`, query: 'AccountShow' },
  { path: `${ORGANISATION}/pledges`, query: 'PledgeList' },
  { path: `${ORGANISATION}/receipts/:roundId`, query: 'ReceiptShow' },
  { path: '/ledger', query: 'LedgerShow' },
];

/** @param sign signs receipts; the same receipt always alike */
export function marketFacade(
  sign: (receipt: CommitReceipt) => string,
): ServiceFacade<ExchangeState> {
  return {
    name: 'market',
    commands: MARKET_COMMAND_ROUTES,
    commandFields: EXCHANGE_COMMANDS,
    queries: MARKET_QUERY_ROUTES,
    queryFields: EXCHANGE_QUERIES,
    administratorQueries: EXCHANGE_ADMINISTRATOR_QUERIES,
    visibleBy: new Map([['contractId', ['ContractShow', 'contractId']]]),

    location({ command }, fields) {
      const { bid, ask } = fields as { bid?: OwnedOrder; ask?: OwnedOrder };
      const owner = (command === 'PostBid' ? bid : ask)?.organisation;
      return typeof owner === 'string' ? pathOf('organisations', owner, 'orders') : null;
    },

    view(state, _nowMs, query) {
      const answer = viewExchange(state, query as unknown as ExchangeQuery);
      if (query.kind !== 'ReceiptShow' || !('commitment' in answer)) return answer;
      return { ...answer, signature: sign(answer as CommitReceipt) };
    },

    gauges({ market, deliveries, requests }) {
      const gauge = (name: string, value: number) => ({ name: `ocx_${name}`, labels: '', value });
      return [
        gauge('contracts', market.contracts.size),
        gauge('deliveries', deliveries.size),
        gauge('requests_unanswered', requests.size),
        gauge('rounds_solving', market.pending ? 1 : 0),
        gauge('ledger_imbalance', ledgerImbalance(market.ledger)),
      ];
    },
  };
}

interface OwnedOrder {
  readonly organisation?: unknown;
}
