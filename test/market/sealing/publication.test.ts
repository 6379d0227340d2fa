import test from 'ava';
import { leakedCells } from '../../../core/market/sealing/publication.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { ask, bid, option, round } from '../support/orders.ts';

const clear = (of: ReturnType<typeof round>) =>
  mechanisms.get('exchange-threshold')!.clear(of, {}, {}).clearing;

test('a bid that is served alone gives all its cells away, one that loses none', (t) => {
  const bids = [
    bid('small', { nodes: 2, minimumNodes: 2, endSlot: 3, valueMillicredits: 9_000 }),
    bid('large', { nodes: 9, minimumNodes: 9, endSlot: 4, valueMillicredits: 100 }),
  ];
  const of = round(bids, [ask('s', { nodes: 2, endSlot: 8 })]);
  t.deepEqual(leakedCells(of, clear(of)), { cells: 7, sealed: 3, bands: 3 });
});

test('a number of nodes in a band with others is not given away', (t) => {
  const of = round(
    [bid('b', { nodes: 3, minimumNodes: 3, endSlot: 2, valueMillicredits: 9_000 })],
    [ask('s', { nodes: 3, endSlot: 8 })],
  );
  t.deepEqual(leakedCells(of, clear(of)), { cells: 2, sealed: 2, bands: 0 });
});

test('what another bid of the same organisation wants hides the cell', (t) => {
  const own = { organisation: 'one' };
  const bids = [
    bid('served', { valueMillicredits: 9_000 }, own),
    bid('lost', { nodes: 5, minimumNodes: 5, endSlot: 2 }, own),
  ];
  const of = round(bids, [ask('s', { nodes: 1 })]);
  t.deepEqual(leakedCells(of, clear(of)), { cells: 2, sealed: 0, bands: 0 });
});

test('options of one bid are one demand; those not served stay hidden', (t) => {
  const options = [option(), option({ startSlot: 0, endSlot: 3 })];
  const of = round([{ ...bid('b'), options }], [ask('s', { nodes: 1 })]);
  t.deepEqual(leakedCells(of, clear(of)), { cells: 3, sealed: 1, bands: 1 });
});
