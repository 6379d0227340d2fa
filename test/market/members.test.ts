import test from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { membersFault, weightsOf } from '../../core/market/members.ts';
import { roundInput } from '../../core/market/round-input.ts';
import { ask, bid, round } from './support/orders.ts';
import { DrivenMarket } from './support/market.ts';

const MEMBER = { organisation: 'alpha', contributedNodes: 4, priority: 1 };

test('a list of members is looked at field by field', (t) => {
  t.is(membersFault([MEMBER, { ...MEMBER, organisation: 'beta', kind: 'cloud' }]), null);
  const bad: [unknown, string][] = [
    [{}, 'members'],
    [new Array(1_001).fill(MEMBER), 'members'],
    [[null], 'members[0]'],
    [[MEMBER, MEMBER], 'members[1].organisation'],
    [[{ ...MEMBER, organisation: '' }], 'members[0].organisation'],
    [[{ ...MEMBER, contributedNodes: -1 }], 'members[0].contributedNodes'],
    [[{ ...MEMBER, contributedNodes: NaN }], 'members[0].contributedNodes'],
    [[{ ...MEMBER, contributedNodes: 2 ** 53 }], 'members[0].contributedNodes'],
    [[{ ...MEMBER, priority: 0.5 }], 'members[0].priority'],
    [[{ ...MEMBER, kind: 7 }], 'members[0].kind'],
  ];
  for (const [members, keyPath] of bad) t.is(membersFault(members)?.keyPath, keyPath);
});

test('a round says who takes part, from the configuration and from a document', (t) => {
  const market = new DrivenMarket({ members: [MEMBER] });
  market.ask(ask('a', { organisation: 'beta' }));
  market.bid(bid('b', {}, { organisation: 'alpha' }));
  t.deepEqual(market.close().round.members, [MEMBER]);

  const document = { schema: 'ocx-round/1', round: round([], [], { members: [MEMBER] }) };
  t.deepEqual(roundInput(document).round.members, [MEMBER]);
  const broken = {
    ...document,
    round: { ...document.round, members: [{ ...MEMBER, priority: -1 }] },
  };
  const error = t.throws(() => roundInput(broken), { instanceOf: OcxError });
  t.is(error.place?.keyPath, 'round.members[0].priority');
});

test('whoever brings nothing, or is no member, weighs as much as one node', (t) => {
  const orders = round([], [], {
    members: [MEMBER, { ...MEMBER, organisation: 'beta', contributedNodes: 0 }],
  });
  t.deepEqual([...weightsOf(orders, ['alpha', 'beta', 'gamma'])], [4, 1, 1]);
});
