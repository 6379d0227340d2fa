import test from 'ava';
import { HONEST } from '../../core/agents/agent.ts';
import { strategies } from '../../core/agents/registry.ts';
import type { ClusterView, MarketTerms } from '../../core/agents/view.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import type { Clearing, MarketRound } from '../../core/market/orders.ts';
import { pricesOf, UNIT_TERMS, unitView } from './support/unit-market.ts';
import type { Trader } from './support/unit-market.ts';

interface Player extends Trader {
  readonly strategy?: string;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly aliases?: readonly string[];
}

const NOTHING = { bidIds: [], askIds: [] };

function decide(
  player: Player,
  terms: MarketTerms = UNIT_TERMS,
  changes: Partial<ClusterView> = {},
) {
  const strategy = strategies.get(player.strategy ?? 'truthful')!;
  const { aliases = [], parameters = {} } = player;
  const view = { ...unitView(player, 0, 1), aliases, ...changes };
  return strategy.decide(view, terms, NOTHING, {}, parameters);
}

/** One round of these players; what each gains on its true values, and the price. */
function play(players: readonly Player[], mechanism = 'k-double-auction', terms = UNIT_TERMS) {
  const orders = players.map((player) => decide(player, terms).orders);
  const round: MarketRound = {
    roundId: 0,
    slotMs: HOUR_MS,
    horizonSlots: 1,
    bids: orders.flatMap(({ bids }) => bids),
    asks: orders.flatMap(({ asks }) => asks),
    seed: 'x',
  };
  const { clearing } = mechanisms.get(mechanism)!.clear(round, { k: 0.5 }, {});
  const gains = new Map(players.map((player) => [player.name, gainOf(player, round, clearing)]));
  const price = clearing.prices[0]?.millicreditsPerNodeSlot ?? null;
  return { gain: (name: string) => gains.get(name)!, price, clearing };
}

/** Own bids bring worth and cost money, own asks the other way round; a false buyer has no worth. */
function gainOf(player: Player, round: MarketRound, clearing: Clearing): number {
  const names = [player.name, ...(player.aliases ?? [])];
  const bids = new Map(round.bids.map((bid) => [bid.bidId, bid]));
  let gain = 0;
  for (const fill of clearing.fills) {
    const bid = bids.get(fill.bidId)!;
    if (names.includes(bid.organisation)) {
      gain += (player.side === 'buyer' ? player.limit * fill.nodes : 0) - fill.paymentMillicredits;
    }
    for (const { askId, nodes } of fill.parts) {
      const owner = round.asks.find((ask) => ask.askId === askId)!.organisation;
      const isSale = names.includes(owner) && !names.includes(bid.organisation);
      if (isSale) gain -= player.limit * nodes;
    }
  }
  for (const ask of round.asks) {
    if (names.includes(ask.organisation)) gain += clearing.receipts.get(ask.askId) ?? 0;
  }
  return gain;
}

const buyer = (name: string, limit: number, more: Partial<Player> = {}): Player => ({
  name,
  side: 'buyer',
  limit,
  ...more,
});
const seller = (name: string, limit: number, more: Partial<Player> = {}): Player => ({
  ...buyer(name, limit, more),
  side: 'seller',
});

/** Two trades, any price from 5,000 to 7,000 clears. */
const MARKET = [buyer('b1', 9000), buyer('b2', 7000), seller('s1', 3000), seller('s2', 5000)];

test('a shader who sets the price gains by it, one who overdoes it loses the trade', (t) => {
  const truth = play(MARKET);
  t.is(truth.price, 6000);
  const shading = (bid: number) =>
    play(
      MARKET.map((p) => (p.name === 'b2' ? { ...p, strategy: 'shader', parameters: { bid } } : p)),
    );
  const shaded = shading(0.8);
  t.is(shaded.price, 5300);
  t.is(shaded.gain('b2') - truth.gain('b2'), 700);
  t.is(shaded.gain('s1') - truth.gain('s1'), -700, 'at the sellers’ expense');
  t.true(shading(0.5).gain('b2') < truth.gain('b2'));
});

test('a large supplier gains by offering less than it has', (t) => {
  const buyers = [9000, 8000, 7000, 4000].map((limit, i) => buyer(`b${i}`, limit));
  const large = seller('large', 1000, { nodes: 4 });
  const truth = play([...buyers, large]);
  const withheld = play([
    ...buyers,
    { ...large, strategy: 'withholder', parameters: { share: 0.25 } },
  ]);
  t.is(truth.clearing.fills.length, 4);
  t.is(withheld.clearing.fills.length, 3);
  t.true(withheld.price! > truth.price!);
  t.true(withheld.gain('large') > truth.gain('large'));
  t.true(withheld.clearing.welfareMillicredits < truth.clearing.welfareMillicredits);
});

test('a supplier that keeps nodes back for a time offers all of them before and after', (t) => {
  const parameters = { share: 1, fromHour: 48, hours: 24 };
  const player = seller('large', 3000, { strategy: 'withholder', parameters });
  const offered = (hour: number) => {
    const terms = { ...UNIT_TERMS, roundStartMs: hour * HOUR_MS };
    const spares = unitView(player, 0, 1).spares.map((spare) => ({
      ...spare,
      fromMs: terms.roundStartMs,
      untilMs: terms.roundStartMs + HOUR_MS,
    }));
    return decide(player, terms, { spares }).orders.asks.length;
  };
  t.deepEqual([47, 48, 71, 72].map(offered), [1, 0, 0, 1]);
});

test('a ring takes turns, and who is in turn buys cheaper than against its rivals', (t) => {
  const member = (place: number): Player =>
    buyer(`r${place}`, 9000, { strategy: 'ring', parameters: { members: 2, place, bid: 0.3 } });
  const sellers = [seller('s1', 3000), seller('s2', 5000)];
  const rivals = play([buyer('r0', 9000), buyer('r1', 9000), buyer('b', 6000), ...sellers]);
  const ringed = play([member(0), member(1), buyer('b', 6000), ...sellers]);
  t.true(ringed.price! < rivals.price!);
  t.true(ringed.gain('r0') > rivals.gain('r0'));
  const bidOf = (place: number, hour: number) => {
    const terms = { ...UNIT_TERMS, roundStartMs: hour * HOUR_MS };
    const wants = unitView(member(place), 0, 1).wants.map((want) => ({
      ...want,
      earliestStartMs: terms.roundStartMs,
      latestEndMs: terms.roundStartMs + HOUR_MS,
    }));
    return decide(member(place), terms, { wants }).orders.bids[0]!.options[0]!.valueMillicredits;
  };
  t.deepEqual([bidOf(0, 0), bidOf(1, 0)], [9000, 2700]);
  t.deepEqual([bidOf(0, 24), bidOf(1, 24)], [2700, 9000]);
});

test('a false bid of one’s own makes others pay more, and loses the sale when it wins', (t) => {
  const market = (factor: number) => [
    buyer('b1', 9000),
    seller('s1', 3000, {
      strategy: 'shill',
      parameters: { share: 1, factor },
      aliases: ['s1.alias-1'],
    }),
  ];
  const truth = play([buyer('b1', 9000), seller('s1', 3000)]);
  t.is(truth.price, 6000);
  const raised = play(market(2.6));
  t.is(raised.price, 8400, 'the false bid of 7,800 is the first that is not served');
  t.true(raised.gain('s1') > truth.gain('s1'));
  t.is(raised.gain('b1') - truth.gain('b1'), -2400);
  t.is(play(market(4)).gain('s1'), 0, 'it has bought its own node');
  const alone = { ...seller('s1', 3000), strategy: 'shill' };
  t.deepEqual(play([buyer('b1', 9000), alone]).price, truth.price, 'nobody to bid for it');
});

test('a splitter orders the same in all, under each of its names', (t) => {
  const names = ['org.alias-1', 'org.alias-2'];
  const big = buyer('org', 9000, { nodes: 7, strategy: 'false-name-splitter', aliases: names });
  const { bids } = decide(big).orders;
  t.deepEqual(
    bids.map(({ bidId, organisation, options }) => [
      bidId,
      organisation,
      options[0]!.nodes,
      options[0]!.valueMillicredits,
    ]),
    [
      ['org:unit', 'org', 3, 27_000],
      ['org.alias-1:unit', 'org.alias-1', 2, 18_000],
      ['org.alias-2:unit', 'org.alias-2', 2, 18_000],
    ],
  );
  const { asks } = decide({ ...big, side: 'seller', nodes: 2 }).orders;
  t.deepEqual(
    asks.map(({ askId, nodes }) => [askId, nodes]),
    [
      ['org:unit', 1],
      ['org.alias-1:unit', 1],
    ],
  );
  const gang = unitView(big, 0, 1).wants.map((want) => ({ ...want, minimumNodes: want.nodes }));
  t.is(decide(big, UNIT_TERMS, { wants: gang }).orders.bids.length, 1, 'a gang stays whole');
});

test('a defaulter orders as anybody and says only to the world what it will do', (t) => {
  const honest = decide(MARKET[0]!);
  const both = decide({ ...MARKET[0]!, strategy: 'defaulter' });
  t.deepEqual(both.orders, honest.orders);
  t.is(honest.conduct, undefined);
  t.deepEqual(both.conduct, { ...HONEST, takes: false, delivers: false });
  const buying = { strategy: 'defaulter', parameters: { sells: 0 } };
  t.deepEqual(decide({ ...MARKET[0]!, ...buying }).conduct, { ...HONEST, takes: false });
});

test('a misreporter offers plain nodes under the best class’s name, and hands over the plain', (t) => {
  const terms = { ...UNIT_TERMS, classSecurity: { standard: 'full', legacy: 'none' } } as const;
  const [unit] = unitView(seller('s1', 3000), 0, 1).spares;
  const spares = [unit!, { ...unit!, spareId: 'old', nodeClass: 'legacy' }];
  const liar = { ...seller('s1', 3000), strategy: 'hardware-misreporter' };
  const { orders, conduct } = decide(liar, terms, { spares });
  t.deepEqual(
    orders.asks.map(({ askId, nodeClass, securityLevel }) => [askId, nodeClass, securityLevel]),
    [
      ['s1:unit', 'standard', 'full'],
      ['s1:old', 'standard', 'full'],
    ],
  );
  t.deepEqual([...conduct!.substitutes], [['old', 'legacy']]);
  // Where all prove the same, what is cheaper is sold as what is dearer.
  const prices = ['slow', 'fast'].map((nodeClass, i) => ({
    nodeClass,
    millicreditsPerNodeSlot: 300 + i,
  }));
  const twins = { ...UNIT_TERMS, classSecurity: { fast: 'full', slow: 'full' } } as const;
  const slow = [{ ...unit!, nodeClass: 'slow' }];
  const sold = decide(liar, { ...twins, lastPrices: prices }, { spares: slow });
  t.is(sold.orders.asks[0]!.nodeClass, 'fast');
  t.is(decide(liar, twins, { spares: slow }).orders.asks[0]!.nodeClass, 'slow');
});

test('a sniper waits while it can, and then bids just above the last price', (t) => {
  const late = { ...buyer('b', 9000), strategy: 'sniper' };
  const terms = { ...UNIT_TERMS, horizonSlots: 24, lastPrices: pricesOf(4000) };
  const bidAt = (latestEndHours: number, price: number | null) => {
    const [unit] = unitView(late, 0, 1).wants;
    const wants = [{ ...unit!, latestEndMs: latestEndHours * HOUR_MS }];
    const decision = decide(late, { ...terms, lastPrices: pricesOf(price) }, { wants });
    return decision.orders.bids[0]?.options[0]!.valueMillicredits ?? null;
  };
  t.is(bidAt(4, 4000), null);
  t.is(bidAt(3, 4000), 4200);
  t.is(bidAt(3, 20_000), 9000, 'never above its value');
  t.is(bidAt(3, null), 9000);
  const ask = (price: number) =>
    decide({ ...seller('s', 3000), strategy: 'sniper' }, { ...terms, lastPrices: pricesOf(price) })
      .orders.asks[0]!.reserveMillicredits;
  t.deepEqual([ask(4000), ask(1000)], [3800, 3000]);
  t.true(decide(late, terms).conduct!.reveals);
  t.false(decide({ ...late, parameters: { silence: 1 } }, terms).conduct!.reveals);
});

test('a corner buys the class up, and others pay a multiple or go without', (t) => {
  const parameters = { nodes: 2, slots: 1, premium: 3, markup: 2 };
  const cornerer = { ...buyer('c', 1), nodes: 0, strategy: 'corner', parameters };
  const terms = { ...UNIT_TERMS, lastPrices: pricesOf(6000) };
  const first = play([...MARKET, { ...cornerer, nodes: 1 }], 'k-double-auction', terms);
  const bought = first.clearing.fills.filter(({ bidId }) => bidId.startsWith('c:hoard/'));
  t.is(
    bought.reduce((sum, { nodes }) => sum + nodes, 0),
    2,
  );
  const hoard = [
    { hoardId: 'hoard/c1', nodeClass: 'standard', nodes: 2, fromMs: 0, untilMs: HOUR_MS },
  ];
  const second = decide(cornerer, terms, { wants: [], hoard }).orders;
  t.deepEqual(second.bids, [], 'it holds what it wants');
  t.deepEqual(
    second.asks.map(({ askId, nodes, reserveMillicredits }) => [askId, nodes, reserveMillicredits]),
    [['c:hoard/c1', 2, 12_000]],
  );
});
