import test from 'ava';
import { DAY_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { LeaseTerms } from '../../core/allocator/protocol.ts';
import {
  A,
  ADMIN,
  B,
  END_MS,
  MARKET,
  START_MS,
  STRANGER,
  Site,
  TENANT,
  activate,
  activeSite,
  smallSite,
  startedSite,
  terms,
  type Sent,
} from './site.ts';

function create(given: Partial<LeaseTerms> = {}): Sent {
  return { kind: 'LeaseCreate', terms: terms(given) };
}
const SECOND = { leaseId: 'lease-2' } as const;
const SUBLEASE = {
  leaseId: 'sub-1',
  owner: 'org-t',
  lessee: 'org-u',
  startMs: START_MS + 500_000,
  endMs: START_MS + 1_500_000,
} as const;
function sublet(given: Partial<LeaseTerms> = {}, parentLeaseId = 'lease-1'): Sent {
  return { kind: 'LeaseSublet', parentLeaseId, terms: terms({ ...SUBLEASE, ...given }) };
}
const OFFER = {
  kind: 'OfferCreate',
  offerId: 'offer-1',
  nodeId: 'a1',
  startMs: 1_000,
  endMs: 10_000,
  lessee: null,
  recallNoticeMs: null,
  parentLeaseId: null,
} as const;
const CLAIM = {
  kind: 'OfferClaim',
  offerId: 'offer-1',
  leaseId: 'lease-1',
  lessee: 'org-t',
  startMs: 2_000,
  endMs: 3_000,
  securityLevel: 'none',
  attester: null,
} as const;

test('behaviour 63: a lease that does not end after its start is refused', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(A, create({ endMs: START_MS })), 'INPUT_TIME_RANGE');
  t.is(site.refused(A, create({ endMs: START_MS - 1 })), 'INPUT_TIME_RANGE');
  t.is(site.refused(A, create({ startMs: 0, endMs: 0 })), 'INPUT_TIME_RANGE');
  t.is(site.refused(A, { ...OFFER, endMs: 1_000 }), 'INPUT_TIME_RANGE');
  site.runUntil(END_MS);
  t.is(site.refused(A, create()), 'INPUT_TIME_RANGE', 'it would be over before it began');
});

test('behaviour 64: overlapping windows conflict, touching ones do not', (t) => {
  const site = new Site(smallSite());
  site.done(A, create({ startMs: 100, endMs: 200 }));
  for (const [startMs, endMs] of [
    [150, 160],
    [50, 101],
    [199, 300],
    [50, 300],
    [100, 200],
  ] as const) {
    t.is(site.refused(A, create({ ...SECOND, startMs, endMs })), 'CONFLICT_LEASE');
  }
  site.done(A, create({ ...SECOND, startMs: 200, endMs: 300 }));
  site.done(A, create({ leaseId: 'lease-3', startMs: 50, endMs: 100 }));
  t.deepEqual(site.node('a1').reservations, ['lease-3', 'lease-1', 'lease-2']);
});

test('leases that touch are both served, the node wiped between them', (t) => {
  const site = activeSite();
  site.done(A, create({ ...SECOND, lessee: 'org-u', startMs: END_MS, endMs: END_MS * 2 }));
  site.runUntil(END_MS + 5_000);
  t.is(site.state.leases.get('lease-2')!.state, 'running');
  t.not(site.node('a1').leaseId, 'lease-2', 'the node is still being released');
  site.run(2 * MINUTE_MS);
  t.is(site.node('a1').leaseId, 'lease-2');
  t.is(site.node('a1').state, 'airlock');
  t.is(site.hardware.get('a1')!.residueOf, null);
});

test('behaviour 65: a lease outside the window of its offer is refused', (t) => {
  const site = new Site(smallSite());
  site.done(A, OFFER);
  t.is(site.refused(TENANT, { ...CLAIM, startMs: 999 }), 'CONFLICT_WINDOW');
  t.is(site.refused(TENANT, { ...CLAIM, endMs: 10_001 }), 'CONFLICT_WINDOW');
  site.done(TENANT, CLAIM);
  t.like(site.state.leases.get('lease-1')!.terms, { owner: 'org-a', lessee: 'org-t' });
});

test('behaviour 66: of two creates for one node exactly one wins', (t) => {
  const site = new Site(smallSite());
  site.done(A, create());
  t.is(site.refused(MARKET, create({ ...SECOND, lessee: 'org-u' })), 'CONFLICT_LEASE');
  t.is(site.refused(A, create({ nodeIds: ['a2'] })), 'CONFLICT_DUPLICATE');
});

test('behaviour 67: the availabilities of an offer are the complement of its leases', (t) => {
  const site = new Site(smallSite());
  site.done(A, OFFER);
  const available = () =>
    site.view(STRANGER, { kind: 'OfferShow', offerId: 'offer-1' })['availabilities'];
  t.deepEqual(available(), [[1_000, 10_000]]);
  site.done(TENANT, CLAIM);
  site.done(TENANT, { ...CLAIM, leaseId: 'lease-2', startMs: 5_000, endMs: 6_000 });
  site.done(TENANT, { ...CLAIM, leaseId: 'lease-3', startMs: 6_000, endMs: 7_000 });
  t.deepEqual(available(), [
    [1_000, 2_000],
    [3_000, 5_000],
    [7_000, 10_000],
  ]);
  site.runUntil(1_500);
  t.deepEqual((available() as number[][])[0], [1_500, 2_000], 'the past is not available');
  site.runUntil(2_500);
  t.deepEqual((available() as number[][])[0], [3_000, 5_000], 'during a lease');
  site.done(TENANT, { ...CLAIM, leaseId: 'lease-4', startMs: 9_000, endMs: 10_000 });
  t.deepEqual((available() as number[][]).at(-1), [7_000, 9_000]);
});

test('behaviour 68: an offer to an organisation is open to it and those below it only', (t) => {
  const configuration = smallSite();
  const organisations = [
    ...configuration.organisations!,
    { name: 'child', parent: 'org-t' },
    { name: 'grandchild', parent: 'child' },
  ];
  const site = new Site({ ...configuration, organisations });
  site.done(A, { ...OFFER, lessee: 'org-t' });
  const shown = (name: string) =>
    site.view({ role: 'organisation', name }, { kind: 'OfferShow', offerId: 'offer-1' });
  for (const name of ['org-t', 'child', 'grandchild', 'org-a'])
    t.is(shown(name)['code'], undefined);
  t.is(shown('org-u')['code'], 'NOT_FOUND_OFFER');
  t.deepEqual(site.view(STRANGER, { kind: 'OfferList' }), { offers: [] });
  t.is(site.refused(STRANGER, { ...CLAIM, lessee: 'org-u' }), 'NOT_FOUND_OFFER');
  t.is(site.refused(TENANT, { ...CLAIM, lessee: 'org-u' }), 'DENIED_AUTHORIZATION');
  site.done({ role: 'organisation', name: 'grandchild' }, { ...CLAIM, lessee: 'grandchild' });
});

test('offers of one node do not overlap, are withdrawn by their owner, and expire', (t) => {
  const site = new Site(smallSite());
  t.is(site.refused(B, OFFER), 'DENIED_AUTHORIZATION');
  site.done(MARKET, OFFER);
  t.is(site.refused(A, OFFER), 'CONFLICT_DUPLICATE');
  t.is(site.refused(A, { ...OFFER, offerId: 'offer-2' }), 'CONFLICT_OFFER');
  t.is(site.refused(A, { ...OFFER, offerId: 'offer-2', nodeId: 'x' }), 'NOT_FOUND_NODE');
  site.done(A, { ...OFFER, offerId: 'offer-2', startMs: 10_000, endMs: 11_000 });
  const remove = { kind: 'OfferDelete', offerId: 'offer-2' } as const;
  t.is(site.refused(TENANT, remove), 'DENIED_AUTHORIZATION');
  site.done(A, remove);
  t.is(site.refused(A, remove), 'NOT_FOUND_OFFER');
  site.runUntil(10_000);
  t.is(site.state.offers.size, 0);
  t.deepEqual(site.node('a1').offerIds, []);
  t.is(site.refused(TENANT, CLAIM), 'NOT_FOUND_OFFER');
});

test('behaviour 69: a sub-lease needs a running parent and stays inside it, one level deep', (t) => {
  const site = new Site(smallSite());
  site.done(A, create());
  t.is(site.refused(TENANT, sublet()), 'CONFLICT_STATE', 'the parent has not begun');
  site.runUntil(START_MS + MINUTE_MS);
  t.is(site.refused(TENANT, sublet({ startMs: START_MS - 1 })), 'CONFLICT_WINDOW');
  t.is(site.refused(TENANT, sublet({ endMs: END_MS + 1 })), 'CONFLICT_WINDOW');
  t.is(site.refused(A, sublet()), 'DENIED_AUTHORIZATION', 'the owner has leased it out');
  t.is(site.refused(STRANGER, sublet()), 'NOT_FOUND_LEASE');
  t.is(site.refused(A, sublet({ owner: 'org-a' })), 'CONFLICT_PROJECT_MISMATCH');
  t.is(site.refused(TENANT, sublet({ nodeIds: ['a2'] })), 'CONFLICT_PROJECT_MISMATCH');
  site.done(TENANT, sublet());
  t.is(site.refused(TENANT, sublet({ leaseId: 'sub-2' })), 'CONFLICT_LEASE');
  site.runUntil(SUBLEASE.startMs + 2 * MINUTE_MS);
  const deeper = sublet(
    { leaseId: 'sub-2', owner: 'org-u', lessee: 'org-b', endMs: SUBLEASE.endMs },
    'sub-1',
  );
  t.is(site.refused(STRANGER, deeper), 'CONFLICT_SUBLEASE');
  site.runUntil(END_MS);
  t.is(site.refused(TENANT, sublet({ leaseId: 'sub-3', endMs: END_MS + 10 })), 'CONFLICT_STATE');
});

test('behaviour 69: when a sub-lease ends, its parent has the node again, clean', (t) => {
  const site = activeSite();
  site.done(TENANT, sublet());
  site.runUntil(SUBLEASE.startMs + 2 * MINUTE_MS);
  t.is(site.node('a1').leaseId, 'sub-1');
  t.is(site.node('a1').state, 'airlock');
  activate(site, 'a1', 'sub-1');
  site.runUntil(SUBLEASE.endMs + 2 * MINUTE_MS);
  t.is(site.node('a1').leaseId, 'lease-1');
  t.is(site.node('a1').state, 'airlock');
  t.is(site.hardware.get('a1')!.residueOf, null);
  t.deepEqual(site.told('LeaseEnded'), ['org-u sub-1', 'org-t sub-1', 'attester sub-1']);
  activate(site, 'a1');
  site.runUntil(END_MS + MINUTE_MS);
  t.is(site.node('a1').state, 'free');
});

test('behaviour 69: the end of a parent, however it comes, ends its sub-leases first', (t) => {
  const ends: [string, (site: Site) => void][] = [
    ['expiry', (site) => site.runUntil(END_MS)],
    [
      'returned',
      (site) => site.done(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: null }),
    ],
    [
      'returned',
      (site) => site.done(TENANT, { kind: 'LeaseReturn', leaseId: 'lease-1', nodeIds: ['a1'] }),
    ],
    ['cancelled', (site) => site.done(ADMIN, { kind: 'LeaseCancel', leaseId: 'lease-1' })],
    ['recall', (site) => site.done(A, { kind: 'LeaseRecall', leaseId: 'lease-1' })],
  ];
  for (const [reason, end] of ends) {
    for (const subleaseMs of [SUBLEASE.startMs, END_MS - 100_000]) {
      const site = activeSite({ recallNoticeMs: MINUTE_MS });
      site.done(TENANT, sublet({ startMs: subleaseMs, endMs: END_MS }));
      site.runUntil(SUBLEASE.startMs + 2 * MINUTE_MS);
      end(site);
      site.run(3 * MINUTE_MS);
      t.is(site.node('a1').state, 'free', reason);
      t.is(site.state.leases.size, 0, reason);
      const ended = site.told('LeaseEnded').filter((told) => told.startsWith('org-t'));
      t.deepEqual(ended, ['org-t sub-1', 'org-t lease-1'], 'children first');
    }
  }
});

test('behaviour 70: a lease is extended by its owner where nothing follows, and shortened', (t) => {
  const site = startedSite();
  const update = { kind: 'LeaseUpdate', leaseId: 'lease-1' } as const;
  site.done(A, create({ ...SECOND, startMs: END_MS + 1_000, endMs: END_MS + 2_000 }));
  t.is(site.refused(TENANT, { ...update, endMs: END_MS + 1 }), 'DENIED_AUTHORIZATION');
  t.is(site.refused(A, { ...update, endMs: END_MS + 1_001 }), 'CONFLICT_LEASE');
  site.done(A, { ...update, endMs: END_MS + 1_000 });
  t.is(site.refused(A, { ...update, endMs: END_MS }), 'DENIED_AUTHORIZATION', 'it is firm');
  t.is(site.refused(TENANT, { ...update, endMs: START_MS }), 'INPUT_TIME_RANGE');
  site.done(TENANT, { ...update, endMs: START_MS + 200_000 });
  t.is(site.refused(STRANGER, { ...update, endMs: END_MS }), 'NOT_FOUND_LEASE');
  const others = { ...update, endMs: END_MS, startMs: 0 } as Sent;
  t.is(site.refused(A, others), 'INPUT_BAD_ARGUMENT', 'other fields cannot be changed');
  site.runUntil(START_MS + 200_000 + MINUTE_MS);
  t.is(site.node('a1').state, 'reserved');
});

test('behaviour 70: a sub-lease is not extended past its parent, nor a parent cut before it', (t) => {
  const site = startedSite();
  site.done(TENANT, sublet());
  const update = { kind: 'LeaseUpdate' } as const;
  const past = { ...update, leaseId: 'sub-1', endMs: END_MS + 1 };
  t.is(site.refused(TENANT, past), 'CONFLICT_WINDOW');
  site.done(TENANT, { ...past, endMs: END_MS });
  const cut = { ...update, leaseId: 'lease-1', endMs: END_MS - 1 };
  t.is(site.refused(TENANT, cut), 'CONFLICT_BLOCKED');
});

test('behaviour 70: an owner shortens a recallable lease only with the notice', (t) => {
  const site = startedSite({ recallNoticeMs: 10 * MINUTE_MS });
  const update = { kind: 'LeaseUpdate', leaseId: 'lease-1' } as const;
  const early = { ...update, endMs: site.nowMs + 10 * MINUTE_MS - 1 };
  t.is(site.refused(A, early), 'DENIED_AUTHORIZATION');
  site.done(A, { ...early, endMs: early.endMs + 1 });
});

test('behaviour 71: only an administrator makes a lease that is longer than allowed', (t) => {
  const site = new Site(smallSite({ maximumLeaseMs: DAY_MS }));
  const long = create({ endMs: START_MS + DAY_MS + 1 });
  t.is(site.refused(A, long), 'CONFLICT_LEASE_LENGTH');
  t.is(site.refused(MARKET, long), 'CONFLICT_LEASE_LENGTH');
  site.done(A, create({ endMs: START_MS + DAY_MS }));
  const update = { kind: 'LeaseUpdate', leaseId: 'lease-1', endMs: START_MS + DAY_MS + 1 } as const;
  t.is(site.refused(A, update), 'CONFLICT_LEASE_LENGTH');
  site.done(ADMIN, update);
});

test('behaviour 72: a device that fails at the start or the end makes the lease wait', (t) => {
  for (const phase of ['start', 'end'] as const) {
    const site = phase === 'start' ? new Site(smallSite()) : activeSite();
    if (phase === 'start') site.done(A, create());
    site.behaviour = () => 'lost';
    site.runUntil((phase === 'start' ? START_MS : END_MS) + 5 * MINUTE_MS);
    t.is(site.node('a1').state, 'quarantined');
    t.true(site.state.leases.has('lease-1'));
    site.behaviour = () => 'obey';
    site.run(10 * MINUTE_MS);
    t.is(site.node('a1').state, phase === 'start' ? 'airlock' : 'free');
  }
});

test('behaviour 73: a node whose lease is stuck or in trouble refuses every new lease', (t) => {
  const site = activeSite();
  site.behaviour = () => 'lost';
  site.runUntil(END_MS + 30 * MINUTE_MS);
  t.is(site.node('a1').state, 'quarantined');
  const later = create({ ...SECOND, startMs: END_MS * 3, endMs: END_MS * 4 });
  t.is(site.refused(A, later), 'CONFLICT_BLOCKED');
  t.is(site.refused(ADMIN, later), 'CONFLICT_BLOCKED');
  t.is(
    site.refused(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' }),
    'CONFLICT_BLOCKED',
  );
  site.behaviour = () => 'obey';
  site.run(10 * MINUTE_MS);
  site.done(A, later);
});

test('behaviour 73: a release that had to be tried again refuses leases until it is verified', (t) => {
  const site = activeSite();
  let failures = 0;
  site.behaviour = (effect) =>
    effect.kind === 'WipeNode' && failures++ === 0
      ? { status: 'noEffect', error: { code: 'DEVICE_BUSY', message: 'busy' } }
      : 'obey';
  site.runUntil(END_MS + 11_000);
  t.is(site.node('a1').state, 'sanitizing');
  const later = create({ ...SECOND, startMs: END_MS * 3, endMs: END_MS * 4 });
  t.is(site.refused(A, later), 'CONFLICT_BLOCKED');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  site.done(A, later);
});

test('behaviour 74: nothing of a tenant is left for the next one', (t) => {
  const site = activeSite();
  const seen: (string | null)[] = [];
  site.done(A, create({ ...SECOND, lessee: 'org-u', startMs: END_MS, endMs: END_MS * 2 }));
  site.behaviour = () => {
    const { leaseId } = site.node('a1');
    if (leaseId === 'lease-2') seen.push(site.hardware.get('a1')!.residueOf);
    return 'obey';
  };
  site.runUntil(END_MS + 2 * MINUTE_MS);
  t.true(seen.length >= 4);
  t.deepEqual([...new Set(seen)], [null]);
});

test('a lease is cancelled before it begins, by either side or the market, without a trace', (t) => {
  for (const from of [A, TENANT, MARKET, ADMIN]) {
    const site = new Site(smallSite());
    site.done(A, create());
    t.is(site.refused(STRANGER, { kind: 'LeaseCancel', leaseId: 'lease-1' }), 'NOT_FOUND_LEASE');
    site.done(from, { kind: 'LeaseCancel', leaseId: 'lease-1' });
    t.is(site.node('a1').state, 'free');
    t.deepEqual(site.deviceEffects('a1'), []);
    site.runUntil(END_MS);
    t.deepEqual(site.deviceEffects('a1'), []);
  }
});

test('a lease that has begun is cancelled by administrators only', (t) => {
  const site = activeSite();
  const cancel = { kind: 'LeaseCancel', leaseId: 'lease-1' } as const;
  for (const from of [A, TENANT, MARKET]) t.is(site.refused(from, cancel), 'CONFLICT_STATE');
  site.settle(ADMIN, cancel);
  t.is(site.node('a1').state, 'free');
});

test('what the terms of a lease get wrong is refused, each by its own code', (t) => {
  const site = new Site(smallSite());
  const wrong: [Partial<LeaseTerms>, string][] = [
    [{ nodeIds: [] }, 'INPUT_BAD_ARGUMENT'],
    [{ nodeIds: ['a1', 'a1'] }, 'INPUT_BAD_ARGUMENT'],
    [{ nodeIds: ['a1', 'x'] }, 'NOT_FOUND_NODE'],
    [{ nodeIds: ['a1', 'b1'] }, 'CONFLICT_PROJECT_MISMATCH'],
    [{ lessee: 'x' }, 'NOT_FOUND_ORGANISATION'],
    [{ owner: 'x' }, 'NOT_FOUND_ORGANISATION'],
    [{ attester: null }, 'INPUT_BAD_ARGUMENT'],
    [{ securityLevel: 'none', attester: 'attester' }, 'INPUT_BAD_ARGUMENT'],
    [{ owner: 'org-b', nodeIds: ['b1'] }, 'CONFLICT_CAPABILITY'],
    [{ startMs: 0.5 }, 'INPUT_BAD_ARGUMENT'],
    [{ endMs: Number.MAX_VALUE }, 'INPUT_BAD_ARGUMENT'],
    [{ recallNoticeMs: -1 }, 'INPUT_BAD_ARGUMENT'],
    [{ leaseId: 'a b' }, 'INPUT_BAD_ARGUMENT'],
    [{ surprise: 1 } as Partial<LeaseTerms>, 'INPUT_BAD_ARGUMENT'],
  ];
  for (const [given, code] of wrong) t.is(site.refused(ADMIN, create(given)), code);
  t.is(site.refused(B, create()), 'DENIED_AUTHORIZATION');
  t.is(site.refused(TENANT, create()), 'DENIED_AUTHORIZATION');
});

test('a node without a wired NIC, and a lessee without a network id, get no lease', (t) => {
  const site = new Site(smallSite({ networkIdFirst: 2, networkIdLast: 2 }));
  for (const nic of [0, 1]) {
    site.done(ADMIN, { kind: 'PortUnwire', switchId: `switch-${nic}`, portId: `a1-${nic}` });
  }
  t.is(site.refused(A, create()), 'CONFLICT_BLOCKED');
  site.done(A, create({ nodeIds: ['a2'] }));
  t.is(
    site.refused(A, create({ ...SECOND, nodeIds: ['a2'], lessee: 'org-u' })),
    'CONFLICT_ALLOCATION',
  );
});

test('a lease that begins on a withheld node says so, and is served if it comes back', (t) => {
  const site = new Site(smallSite());
  site.done(A, create());
  site.settle(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'broken' });
  site.runUntil(START_MS + MINUTE_MS);
  t.deepEqual(site.told('NodeWithheld'), ['org-t a1', 'org-a a1']);
  site.done(ADMIN, { kind: 'NodeReturn', nodeId: 'a1' });
  site.run(2 * MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
});

test('leases are shown to their parties', (t) => {
  const site = startedSite();
  const show = { kind: 'LeaseShow', leaseId: 'lease-1' } as const;
  t.like(site.view(A, show), { leaseId: 'lease-1', state: 'running', openNodeIds: ['a1'] });
  t.like(site.view(TENANT, show), { leaseId: 'lease-1' });
  t.is(site.view(STRANGER, show)['code'], 'NOT_FOUND_LEASE');
  const list = { kind: 'LeaseList', organisation: 'org-t' } as const;
  t.is((site.view(TENANT, list)['leases'] as unknown[]).length, 1);
  t.is(site.view(STRANGER, list)['code'], 'DENIED_AUTHORIZATION');
});

test('a node is offered on by its lessee inside its own lease, one level deep', (t) => {
  const site = activeSite();
  const inside = { startMs: START_MS + 500_000, endMs: END_MS };
  const offer = { ...OFFER, ...inside, parentLeaseId: 'lease-1' } as const;
  t.is(site.refused(A, offer), 'DENIED_AUTHORIZATION');
  t.is(site.refused(TENANT, { ...offer, endMs: END_MS + 1 }), 'CONFLICT_WINDOW');
  t.is(site.refused(TENANT, { ...offer, nodeId: 'a2' }), 'NOT_FOUND_LEASE');
  site.done(TENANT, offer);
  const claim = { ...CLAIM, leaseId: 'sub-1', lessee: 'org-u' } as const;
  site.done(STRANGER, { ...claim, startMs: START_MS + 600_000, endMs: START_MS + 1_200_000 });
  site.runUntil(START_MS + 600_000 + 2 * MINUTE_MS);
  t.is(site.node('a1').leaseId, 'sub-1');
  const deeper = { ...offer, offerId: 'offer-2', parentLeaseId: 'sub-1' } as const;
  t.is(site.refused(STRANGER, deeper), 'CONFLICT_SUBLEASE');
});
