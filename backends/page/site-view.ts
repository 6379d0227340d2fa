/**
 * What the page shows of a site, read through the public API with the visitor's own token: the page
 * has no rights of its own, and shows to nobody what that token could not read.
 */
import { HOUR_MS } from '../../core/kernel/units.ts';
import { jsonOf, send, type Server } from '../peers/server.ts';

export interface NodeView {
  readonly nodeId: string;
  readonly owner: string | null;
  readonly nodeClass: string;
  readonly state: string;
  readonly organisation: string | null;
  readonly trouble: string | null;
  /** From the node's metadata; null where nobody has said it. */
  readonly rack: string | null;
}

export interface LeaseView {
  readonly leaseId: string;
  readonly owner: string;
  readonly lessee: string;
  readonly state: string;
  readonly securityLevel: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly nodeIds: readonly string[];
}

export interface PriceView {
  readonly horizon: string;
  readonly nodeClass: string;
  /** Null where there was nothing to have a price. */
  readonly millicreditsPerNodeHour: number | null;
}

export interface RoundView {
  readonly roundId: number;
  readonly horizon: string;
  readonly publishedMs: number;
  readonly contracts: number;
}

export interface OrderView {
  readonly orderId: string;
  readonly side: 'bid' | 'ask';
  readonly organisation: string;
  readonly roundId: number;
  readonly nodeClass: string;
  readonly nodes: number;
  /** Of a bid the worth of all of it, of an ask the reserve of one node over one slot. */
  readonly millicredits: number;
}

export interface SiteView {
  /** As the services know the visitor, e.g. `organisation org-a`. */
  readonly visitor: string;
  readonly nodes: readonly NodeView[];
  /** Nodes that there are beyond those shown. */
  readonly nodesLeftOut: number;
  readonly leases: readonly LeaseView[];
  /** Null where no market answers to this token. */
  readonly market: {
    readonly prices: readonly PriceView[];
    readonly rounds: readonly RoundView[];
    readonly orders: readonly OrderView[];
  } | null;
  /** Services that did not answer, by name, and why. */
  readonly silent: readonly { readonly service: string; readonly code: string }[];
}

/** Where the services answer. */
export interface SiteServers {
  readonly isolation: Server;
  readonly market: Server | null;
}

const NODES_SHOWN = 400;
const ROUNDS_SHOWN = 12;
const CALLS_AT_ONCE = 16;
const CALL_TIMEOUT_MS = 5_000;

interface WhoamiAnswer {
  readonly role: string;
  readonly name: string;
}

/** Whether the token is one of the isolation service's, as far as that answers. */
export async function isVisitor({ isolation }: SiteServers, token: string): Promise<boolean> {
  const api = new ReadingApi(isolation, token);
  await api.get<WhoamiAnswer>('/whoami');
  return api.refusal !== 'INPUT_UNAUTHENTICATED';
}

/** Null where the token is none of the isolation service's. */
export async function readSite(servers: SiteServers, token: string): Promise<SiteView | null> {
  const isolation = new ReadingApi(servers.isolation, token);
  const who = await isolation.get<WhoamiAnswer>('/whoami');
  if (isolation.refusal === 'INPUT_UNAUTHENTICATED') return null;
  const organisations = who ? await organisationsOf(isolation, who) : [];
  const [{ nodes, nodesLeftOut }, leases] = await Promise.all([
    readNodes(isolation),
    readLeases(isolation, organisations),
  ]);
  const market = servers.market && new ReadingApi(servers.market, token);
  const traded = market && (await readMarket(market, organisations));
  const silent = [
    ...(isolation.refusal === null ? [] : [{ service: 'isolation', code: isolation.refusal }]),
    ...(market?.refusal ? [{ service: 'market', code: market.refusal }] : []),
  ];
  const visitor = who ? `${who.role} ${who.name}` : 'unknown';
  return { visitor, nodes, nodesLeftOut, leases, market: traded, silent };
}

/** Reads one service; the first refusal or failure is kept, and what depends on it is left out. */
class ReadingApi {
  refusal: string | null = null;
  readonly #server: Server;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(server: Server, token: string) {
    this.#server = server;
    this.#headers = { authorization: `Bearer ${token}` };
  }

  async get<Value>(path: string): Promise<Value | null> {
    try {
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      const sending = { method: 'GET', headers: this.#headers, signal } as const;
      const response = await send(this.#server, { ...sending, path: `/v1${path}` });
      const value = (await jsonOf(response)) as (Value & { code?: string }) | null;
      if (response.statusCode === 200 && value) return value;
      // What is gone between two calls is no failure of the service.
      if (response.statusCode !== 404) this.refusal ??= value?.code ?? 'BACKEND_FAILED';
    } catch {
      this.refusal ??= 'BACKEND_UNREACHABLE';
    }
    return null;
  }
}

async function organisationsOf(
  api: ReadingApi,
  { role, name }: WhoamiAnswer,
): Promise<readonly string[]> {
  if (role === 'organisation') return [name];
  if (role !== 'admin') return [];
  const all = await api.get<{ organisations: string[] }>('/organisations');
  return all?.organisations ?? [];
}

async function readNodes(api: ReadingApi): Promise<Pick<SiteView, 'nodes' | 'nodesLeftOut'>> {
  const all = (await api.get<{ nodes: string[] }>('/nodes'))?.nodes ?? [];
  const shown = await inTurn(all.slice(0, NODES_SHOWN), (nodeId) =>
    api.get<NodeAnswer>(`/nodes/${encodeURIComponent(nodeId)}`),
  );
  return {
    nodes: shown.flatMap((node) => (node ? [nodeView(node)] : [])),
    nodesLeftOut: Math.max(0, all.length - NODES_SHOWN),
  };
}

type NodeAnswer = Omit<NodeView, 'rack' | 'trouble'> & {
  /** Only where it is told. */
  readonly trouble?: NodeView['trouble'];
  readonly metadata?: Readonly<Record<string, unknown>>;
};

function nodeView({ metadata, ...node }: NodeAnswer): NodeView {
  const { nodeId, owner, nodeClass, state, organisation, trouble = null } = node;
  const rack = metadata?.['rack'];
  return {
    ...{ nodeId, owner, nodeClass, state, organisation, trouble },
    rack: typeof rack === 'string' ? rack : null,
  };
}

async function readLeases(
  api: ReadingApi,
  organisations: readonly string[],
): Promise<readonly LeaseView[]> {
  const answers = await inTurn(organisations, (name) =>
    api.get<{ leases: LeaseView[] }>(`/organisations/${encodeURIComponent(name)}/leases`),
  );
  const leases = new Map<string, LeaseView>();
  for (const answer of answers) {
    for (const lease of answer?.leases ?? []) leases.set(lease.leaseId, lease);
  }
  return [...leases.values()].sort((a, b) => b.startMs - a.startMs);
}

interface RoundsAnswer {
  readonly published: readonly RoundView[];
}
interface MarketAnswer {
  readonly horizons: readonly { readonly horizon: string; readonly slotMs: number }[];
}
interface PricesAnswer {
  readonly horizons: readonly {
    readonly horizon: string;
    readonly prices: readonly { nodeClass: string; millicreditsPerNodeSlot: number | null }[];
  }[];
}
interface OrdersAnswer {
  readonly rounds: readonly {
    readonly roundId: number;
    readonly bids: readonly BidAnswer[];
    readonly asks: readonly AskAnswer[];
  }[];
}
interface BidAnswer {
  readonly bidId: string;
  readonly organisation: string;
  readonly options: readonly {
    readonly nodeClass: string;
    readonly nodes: number;
    readonly valueMillicredits: number;
  }[];
}
interface AskAnswer {
  readonly askId: string;
  readonly organisation: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly reserveMillicredits: number;
}

async function readMarket(
  api: ReadingApi,
  organisations: readonly string[],
): Promise<SiteView['market']> {
  const [market, rounds, prices] = await Promise.all([
    api.get<MarketAnswer>('/market'),
    api.get<RoundsAnswer>('/rounds'),
    api.get<PricesAnswer>('/prices'),
  ]);
  if (!market || !rounds || !prices) return null;
  const slotMs = new Map(market.horizons.map((one) => [one.horizon, one.slotMs]));
  const orders = await inTurn(organisations, (name) =>
    api.get<OrdersAnswer>(`/organisations/${encodeURIComponent(name)}/orders`),
  );
  return {
    prices: prices.horizons.flatMap(({ horizon, prices: classes }) =>
      classes.map(({ nodeClass, millicreditsPerNodeSlot }) => ({
        ...{ horizon, nodeClass },
        millicreditsPerNodeHour:
          millicreditsPerNodeSlot === null
            ? null
            : (millicreditsPerNodeSlot * HOUR_MS) / (slotMs.get(horizon) ?? HOUR_MS),
      })),
    ),
    rounds: rounds.published.slice(-ROUNDS_SHOWN).toReversed(),
    orders: orders.flatMap((answer) => (answer ? ordersOf(answer) : [])),
  };
}

function ordersOf({ rounds }: OrdersAnswer): OrderView[] {
  return rounds.flatMap(({ roundId, bids, asks }) => [
    ...bids.map(({ bidId, organisation, options }): OrderView => {
      // Alternatives of one bid: the first stands for it.
      const [first] = options;
      const { nodeClass = '', nodes = 0, valueMillicredits = 0 } = first ?? {};
      const millicredits = valueMillicredits;
      return { orderId: bidId, side: 'bid', organisation, roundId, nodeClass, nodes, millicredits };
    }),
    ...asks.map(({ askId, organisation, nodeClass, nodes, reserveMillicredits }): OrderView => ({
      ...{ orderId: askId, side: 'ask', organisation, roundId, nodeClass, nodes },
      millicredits: reserveMillicredits,
    })),
  ]);
}

/** A few calls at a time, in the order of the items. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await call(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker));
  return results;
}
