/** What exchanges sell is redeemed once, and no node is sold twice, however many exchanges. */
import test from 'ava';
import { smallSite, Site, END_MS, MARKET, START_MS, terms } from './site.ts';
import type { LeaseTerms } from '../../core/allocator/protocol.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { Sent } from './site.ts';

const OTHER: Principal = { role: 'service', name: 'other-market' };

/** A site whose owners sell on two exchanges. */
function twoExchanges(): Site {
  const site = smallSite();
  const organisations = site.organisations!.map((organisation) => ({
    ...organisation,
    delegations: [MARKET, OTHER].map(({ name }) => ({
      service: name,
      rights: ['leasing'] as const,
    })),
  }));
  return new Site({ ...site, organisations });
}

const redeem = (given: Partial<LeaseTerms> = {}): Sent => ({
  kind: 'LeaseCreate',
  terms: terms({ contractId: 'c1', ...given }),
});

test('a ticket is redeemed once, even when its lease was given back early', (t) => {
  const site = twoExchanges();
  site.done(MARKET, redeem());
  t.is(site.refused(MARKET, redeem()), 'CONFLICT_DUPLICATE');
  site.settle(MARKET, { kind: 'LeaseCancel', leaseId: 'lease-1' });
  t.is(site.state.leases.size, 0);
  t.is(site.refused(MARKET, redeem()), 'CONFLICT_TICKET');
  t.is(site.refused(MARKET, redeem({ leaseId: 'lease-2' })), 'CONFLICT_TICKET');
  // The other exchange numbers its contracts as it likes.
  site.done(OTHER, redeem({ leaseId: 'lease-2' }));
});

test('a ticket that was refused may still be redeemed', (t) => {
  const site = twoExchanges();
  t.is(site.refused(MARKET, redeem({ nodeIds: ['none'] })), 'NOT_FOUND_NODE');
  site.done(MARKET, redeem());
  t.pass();
});

test('a node that was sold on one exchange is refused to the other for that time', (t) => {
  const site = twoExchanges();
  site.done(MARKET, redeem());
  const sold = (given: Partial<LeaseTerms>) => redeem({ leaseId: 'lease-2', ...given });
  t.is(site.refused(OTHER, sold({})), 'CONFLICT_LEASE');
  t.is(site.refused(OTHER, sold({ startMs: END_MS - 1, endMs: END_MS + 1 })), 'CONFLICT_LEASE');
  t.is(site.refused(OTHER, sold({ startMs: START_MS - 1, endMs: START_MS + 1 })), 'CONFLICT_LEASE');
  site.done(OTHER, sold({ startMs: END_MS, endMs: END_MS + 1_000 }));
});

test('redeemed tickets are forgotten after their time, when there are many', (t) => {
  const site = twoExchanges();
  for (let index = 0; index < 200; index++) {
    const leaseId = `lease-${index}`;
    const startMs = site.nowMs + 10;
    site.done(
      MARKET,
      redeem({ leaseId, contractId: `c${index}`, startMs, endMs: startMs + 1_000 }),
    );
    site.settle(MARKET, { kind: 'LeaseCancel', leaseId });
  }
  t.true(site.state.redeemed.size <= 65, `${site.state.redeemed.size} are remembered`);
});
