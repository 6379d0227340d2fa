/**
 * What parties may read of an exchange. Rounds and prices are everybody's; orders, contracts, accounts,
 * pledges and receipts are their owner's and an administrator's. What is somebody else's is answered
 * like what is not there.
 */
import type { Refusal } from '../../kernel/errors.ts';
import type { Principal } from '../../kernel/service.ts';
import { contractedNodeMs } from '../contracts.ts';
import type { LiveContract } from '../contracts.ts';
import { horizonOf } from '../horizons.ts';
import { balanceOf, ledgerImbalance } from '../ledger.ts';
import type { LedgerState } from '../ledger.ts';
import type { CommitReceipt } from '../sealing/protocol.ts';
import type { ExchangeState } from './state.ts';
import { ownContract } from './telling.ts';

export const EXCHANGE_QUERIES = {
  MarketShow: {},
  RoundList: {},
  RoundShow: { roundId: 'name' },
  PriceList: {},
  OrderList: { organisation: 'name' },
  ContractList: { organisation: 'name' },
  ContractShow: { contractId: 'name' },
  AccountShow: { organisation: 'name' },
  PledgeList: { organisation: 'name' },
  ReceiptShow: { organisation: 'name', roundId: 'name' },
  LedgerShow: {},
} as const;

export type ExchangeQueryKind = keyof typeof EXCHANGE_QUERIES;

export interface ExchangeQuery {
  readonly kind: ExchangeQueryKind;
  readonly from: Principal;
  readonly organisation?: string;
  readonly roundId?: string;
  readonly contractId?: string;
}

/** Queries that only an administrator may make. */
export const EXCHANGE_ADMINISTRATOR_QUERIES: ReadonlySet<string> = new Set(['LedgerShow']);

/** The answer, a fresh plain value, or a refusal. */
export function viewExchange(state: ExchangeState, query: ExchangeQuery): Refusal | object {
  const { kind, from } = query;
  if (!Object.hasOwn(VIEWS, kind)) {
    return { code: 'INPUT_UNKNOWN_QUERY', message: 'there is no such query' };
  }
  if (EXCHANGE_ADMINISTRATOR_QUERIES.has(kind) && from.role !== 'admin') {
    return { code: 'DENIED_NOT_ADMINISTRATOR', message: `${kind} is an administrator's` };
  }
  if ('organisation' in EXCHANGE_QUERIES[kind] && !mayRead(state, query)) {
    return { code: 'NOT_FOUND_ORGANISATION', message: 'there is no such member, or not for you' };
  }
  return VIEWS[kind](state, query);
}

function mayRead({ market }: ExchangeState, { from, organisation = '' }: ExchangeQuery): boolean {
  const isOwn = from.role === 'organisation' && from.name === organisation;
  return (isOwn || from.role === 'admin') && market.orderCounts.has(organisation);
}

type View = (state: ExchangeState, query: ExchangeQuery) => Refusal | object;

const VIEWS: Readonly<Record<ExchangeQueryKind, View>> = {
  MarketShow({ configuration, clocks }) {
    const { name, market, releaseMs, setupMs, nodeClasses, clocks: terms } = configuration;
    return {
      ...{ name, releaseMs, setupMs, nodeClasses },
      isSealed: market.sealing !== undefined,
      sealBondMillicredits: market.sealing?.bondMillicredits ?? 0,
      horizons: terms.map(({ everyMs, leadMs }, index) => {
        const {
          name: horizon,
          mechanism,
          parameters,
          slotMs,
          horizonSlots,
          option,
        } = horizonOf(market, index);
        const shown = { horizon, mechanism, parameters, slotMs, horizonSlots, everyMs, leadMs };
        return { ...shown, option: option ?? null, round: clocks[index]?.round ?? null };
      }),
    };
  },

  RoundList: ({ clocks, published, market }) => ({
    open: clocks.map(({ round }) => round),
    solving: market.pending?.roundId ?? null,
    published,
  }),

  RoundShow({ clocks, published }, { roundId }) {
    const number = Number(roundId);
    const open = clocks.find(({ round }) => round.roundId === number);
    const found = published.find((round) => round.roundId === number) ?? open?.round;
    return found ?? { code: 'NOT_FOUND_ROUND', message: 'there is no such round any more' };
  },

  PriceList: ({ configuration, lastPrices }) => ({
    horizons: lastPrices.map((prices, index) => ({
      horizon: horizonOf(configuration.market, index).name,
      prices,
    })),
  }),

  OrderList({ market }, { organisation }) {
    const isOwn = (order: { readonly organisation: string }) => order.organisation === organisation;
    return {
      rounds: [...market.books].map(([roundId, { bids, asks }]) => ({
        roundId,
        bids: [...bids.values()].filter(isOwn),
        asks: [...asks.values()].filter(isOwn),
      })),
    };
  },

  ContractList: (state, { organisation }) => ({
    contracts: [...state.market.contracts.values()].flatMap((live) => {
      const { buyer, seller } = live.contract;
      return buyer === organisation || seller === organisation
        ? [describe(state, live, organisation!)]
        : [];
    }),
  }),

  ContractShow(state, { from, contractId = '' }) {
    const live = state.market.contracts.get(contractId);
    const isSide =
      from.role === 'organisation' &&
      (live?.contract.buyer === from.name || live?.contract.seller === from.name);
    if (!live || !(isSide || from.role === 'admin')) {
      return { code: 'NOT_FOUND_CONTRACT', message: 'there is no such contract of yours' };
    }
    if (from.role !== 'admin') return describe(state, live, from.name);
    const { delivery } = describe(state, live, live.contract.buyer);
    return { ...live.contract, state: live.state, delivery };
  },

  AccountShow({ market }, { organisation = '' }) {
    const { ledger, moneyLedger, contracts, clearingHouse, options } = market;
    let creditsDeposited = 0;
    let moneyDeposited = 0;
    for (const live of contracts.values()) {
      const { buyer, seller, currency } = live.contract;
      const own =
        (buyer === organisation ? live.buyerDepositMillicredits : 0) +
        (seller === organisation ? live.sellerDepositMillicredits : 0);
      if (currency) moneyDeposited += own;
      else creditsDeposited += own;
    }
    for (const { option, writerDepositMillicredits } of options.live.values()) {
      if (option.writer === organisation) creditsDeposited += writerDepositMillicredits;
    }
    return {
      organisation,
      freeMillicredits: balanceOf(ledger, organisation),
      depositedMillicredits: creditsDeposited,
      fundShareMillicredits: clearingHouse?.shares.get(organisation) ?? 0,
      isSuspended: clearingHouse?.suspended.has(organisation) ?? false,
      money: moneyLedger && {
        free: balanceOf(moneyLedger, organisation),
        deposited: moneyDeposited,
      },
    };
  },

  PledgeList: ({ pledges, attesters }, { organisation = '' }) => ({
    pledges: [...(pledges.get(organisation) ?? [])].map(([nodeClass, nodeIds]) => {
      return { nodeClass, nodeIds };
    }),
    attester: attesters.get(organisation) ?? null,
  }),

  ReceiptShow(state, { organisation = '', roundId }) {
    const receipt = receiptOf(state, organisation, Number(roundId));
    return receipt ?? { code: 'NOT_FOUND_RECEIPT', message: 'there is no such commitment' };
  },

  LedgerShow: ({ market }) => ({
    credits: describeLedger(market.ledger),
    money: market.moneyLedger && describeLedger(market.moneyLedger),
    contracts: market.contracts.size,
    counts: { ...market.counts },
  }),
};

function describe(state: ExchangeState, live: LiveContract, organisation: string) {
  const { contract } = live;
  const isBuyer = contract.buyer === organisation;
  const delivery = state.deliveries.get(contract.contractId);
  return {
    ...ownContract(contract, isBuyer ? 'bought' : 'sold'),
    state: live.state,
    nodeMs: contractedNodeMs(contract),
    depositMillicredits: isBuyer ? live.buyerDepositMillicredits : live.sellerDepositMillicredits,
    delivery: delivery
      ? {
          leaseId: delivery.leaseId,
          isolation: delivery.service,
          state: delivery.state,
          nodeIds: delivery.nodeIds,
        }
      : null,
  };
}

/** While the round is open; afterwards it is among what its holder was told. */
function receiptOf(
  { market }: ExchangeState,
  organisation: string,
  roundId: number,
): CommitReceipt | null {
  const sealed = market.sealedRounds?.get(roundId);
  const commitment = sealed?.commitments.get(organisation);
  if (!sealed || commitment === undefined) return null;
  const place = [...sealed.commitments.keys()].indexOf(organisation);
  return { roundId, organisation, commitment, place, head: sealed.head };
}

function describeLedger(ledger: LedgerState): object {
  return {
    balances: Object.fromEntries(ledger.balances),
    imbalance: ledgerImbalance(ledger),
    entries: ledger.entries,
    digest: ledger.digest,
  };
}
