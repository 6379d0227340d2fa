/** The market's table: org-a offers, org-t bids, org-b looks on; org-u is no member. */
import { marketFacade } from '../../../../backends/http/market-routes.ts';
import { canonicalJson } from '../../../../core/kernel/canonical-json.ts';
import type { Reply } from '../../../../core/kernel/service.ts';
import type { ExchangeEvent } from '../../../../core/market/exchange/protocol.ts';
import { viewExchange, type ExchangeQuery } from '../../../../core/market/exchange/views.ts';
import { plainAsk } from '../../../../core/market/order-check.ts';
import { commitmentOf } from '../../../../core/market/sealing/commitment.ts';
import {
  EPOCH_MS,
  exchangeConfiguration,
  TradedSite,
} from '../../../market/exchange/traded-site.ts';
import { ask, bid } from '../../../market/support/orders.ts';
import type { Case, ServiceTable, World } from './matrix.ts';

const ROLES = {
  admin: { role: 'admin', name: 'operator' },
  owner: { role: 'organisation', name: 'org-a' },
  tenant: { role: 'organisation', name: 'org-t' },
  member: { role: 'organisation', name: 'org-b' },
  stranger: { role: 'organisation', name: 'org-u' },
  isolation: { role: 'service', name: 'isolation' },
  'a service with the owner’s name': { role: 'service', name: 'org-a' },
  'an organisation with the operator’s name': { role: 'organisation', name: 'operator' },
} as const;
type Role = keyof typeof ROLES;
const EVERYBODY = Object.keys(ROLES) as Role[];
const MEMBERS = ['owner', 'tenant', 'member'] as const;

const BID = bid('want', { nodeClass: 'standard' }, { organisation: 'org-t' });
const ASK = ask('more', { organisation: 'org-a', nodeClass: 'standard' });
const SHEET = {
  ...{ agent: 'org-a', bids: [], nonce: '0'.repeat(32) },
  asks: [ask('spare', { organisation: 'org-a', nodeClass: 'standard' })].map(plainAsk),
};
const OWNER = ROLES.owner;

function worldOf(traded: TradedSite): World {
  return {
    give(from, command) {
      const header = { from, commandId: 'of-the-matrix', timeMs: traded.nowMs };
      const effects = traded.event({ ...command, ...header } as unknown as ExchangeEvent);
      return effects.find((effect): effect is Reply => effect.kind === 'Reply')!;
    },
    view: (query) => viewExchange(traded.state, query as unknown as ExchangeQuery),
    digest: () => canonicalJson(traded.state),
  };
}

function on(allowed: readonly Role[], fields: object = {}, open = () => new TradedSite()): Case {
  return { allowed, prepare: () => ({ world: worldOf(open()), fields }) };
}

function offered(): TradedSite {
  const traded = new TradedSite();
  traded.offer();
  return traded;
}

/** c1 is a contract of org-t's with org-a. */
function agreed(): TradedSite {
  const traded = new TradedSite();
  traded.offer({ endSlot: 4, reserveMillicredits: 400 });
  traded.want({ endSlot: 2, valueMillicredits: 1_600 });
  traded.runUntil(EPOCH_MS);
  return traded;
}

/** Its round is closed, and the solver is silent. */
function unsolved(): TradedSite {
  const traded = new TradedSite();
  traded.solve = () => null;
  traded.offer({ endSlot: 4 });
  traded.want({ endSlot: 2 });
  traded.runUntil(EPOCH_MS);
  return traded;
}

const sealed = () => new TradedSite(exchangeConfiguration({ sealing: { bondMillicredits: 500 } }));

/** org-a has committed to a sheet that it may reveal now. */
function revealing(): TradedSite {
  const traded = sealed();
  traded.command(OWNER, { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds: ['a1'] });
  const commitment = commitmentOf(SHEET);
  traded.command(OWNER, { kind: 'CommitOrders', roundId: 0, commitment });
  traded.runUntil(EPOCH_MS - 120_000);
  return traded;
}

const OF_OWNER = { organisation: 'org-a' } as const;

export const MARKET: ServiceTable = {
  facade: marketFacade(() => 'signed') as never,
  roles: ROLES,
  cases: {
    PostBid: on(['tenant'], { roundId: 0, bid: BID }),
    PostAsk: on(['owner'], { roundId: 0, ask: ASK }, offered),
    // Taken from everybody: those orders that are not the asker's are refused one by one.
    PostOrders: on(EVERYBODY, { roundId: 0, bids: [], asks: [ASK] }, offered),
    WithdrawOrder: on(['owner'], { roundId: 0, side: 'ask', orderId: 'spare' }, offered),
    CommitOrders: on(MEMBERS, { roundId: 0, commitment: 'a'.repeat(64) }, sealed),
    RevealOrders: {
      ...on(['owner'], { roundId: 0, bids: [], asks: SHEET.asks, nonce: SHEET.nonce }, revealing),
      refusal: /^(DENIED_NOT_MEMBER|MARKET_REVEAL_[A-Z]+)$/,
    },
    // There is none to be called, which members are told.
    ExerciseOption: {
      ...on([], { optionId: 'o1', nodes: 1, durationMs: 60_000 }),
      refusal: /^(DENIED_NOT_MEMBER|NOT_FOUND_OPTION)$/,
    },
    PledgeNodes: on(MEMBERS, { nodeClass: 'standard', nodeIds: ['a1'] }),
    ChooseAttester: on(MEMBERS, { attester: 'own' }),
    AbandonRound: on(['admin'], { roundId: 0 }, unsolved),
    VoidContract: on(['admin'], { contractId: 'c1' }, agreed),
    Endow: on(['admin'], { ...OF_OWNER, transferId: 'gift', amountMillicredits: 5 }),
    // This market shares nothing out, which its administrator is told.
    ShareOut: {
      ...on([], { transferId: 'gift', poolMillicredits: 5 }),
      refusal: /^(DENIED_NOT_ADMINISTRATOR|MARKET_ENDOWMENT_NONE)$/,
    },
    MarketShow: on(EVERYBODY),
    RoundList: on(EVERYBODY),
    RoundShow: on(EVERYBODY, { roundId: '0' }),
    PriceList: on(EVERYBODY),
    OrderList: on(['admin', 'owner'], OF_OWNER, offered),
    ContractList: on(['admin', 'owner'], OF_OWNER, agreed),
    ContractShow: on(['admin', 'owner', 'tenant'], { contractId: 'c1' }, agreed),
    AccountShow: on(['admin', 'owner'], OF_OWNER),
    PledgeList: on(['admin', 'owner'], OF_OWNER, offered),
    ReceiptShow: on(['admin', 'owner'], { ...OF_OWNER, roundId: '0' }, revealing),
    LedgerShow: on(['admin']),
  },
};
