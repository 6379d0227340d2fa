import test from 'ava';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import { MARKET, Site, activate, organisation, report, smallSite, terms } from './site.ts';

test('behaviour 91: a node walks from its owner to the tenant and back, in the right order', (t) => {
  const site = new Site(smallSite());
  site.done(MARKET, { kind: 'LeaseCreate', terms: terms() });
  t.is(site.node('a1').state, 'reserved');
  site.runUntil(1_000_000 + MINUTE_MS);
  t.is(site.node('a1').state, 'airlock');
  t.deepEqual(site.notices('NodeInAirlock'), [
    { kind: 'NodeInAirlock', leaseId: 'lease-1', nodeId: 'a1', fencingToken: 1 },
  ]);
  activate(site, 'lease-1', 'a1');
  t.is(site.node('a1').state, 'active');
  site.runUntil(5_000_000 + MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  t.deepEqual(
    site.deviceEffects('a1').map(({ kind }) => kind),
    [
      ...['PowerOff', 'RotateBmcToken', 'ConfigurePort', 'ConfigurePort'],
      ...['SetBootDevice', 'PowerOn', 'ConfigurePort', 'ConfigurePort'],
      ...['PowerOff', 'RotateBmcToken', 'ConfigurePort', 'ConfigurePort', 'WipeNode'],
      'ObserveNode',
    ] as never,
  );
  t.deepEqual(site.notices('LeaseEnded', 'org-a'), [{ kind: 'LeaseEnded', leaseId: 'lease-1' }]);
  t.is(site.state.leases.size, 0);
  t.is(site.node('a1').evidence?.disksErased, true);
});

test('behaviour 91: a rejected node is cut off, leaves the lease and stays rejected', (t) => {
  const site = new Site(smallSite());
  site.done(MARKET, { kind: 'LeaseCreate', terms: terms({ nodeIds: ['a1', 'a2'] }) });
  site.runUntil(1_000_000 + MINUTE_MS);
  const tenant = organisation('org-t');
  site.done(tenant, { kind: 'AirlockPowerOn', leaseId: 'lease-1', nodeId: 'a1' });
  site.run(MINUTE_MS);
  report(site, 'lease-1', 'a1', 'rejected');
  t.is(site.node('a1').state, 'rejected');
  site.run(MINUTE_MS);
  t.is(site.node('a1').state, 'rejected');
  t.deepEqual(site.observe('a1'), {
    power: 'off',
    ports: { 'a1-0': [], 'a1-1': [] },
    bmcGrantee: null,
  });
  t.is(
    site.refused(tenant, { kind: 'EnclaveJoin', leaseId: 'lease-1', nodeId: 'a1' }),
    'NOT_FOUND_NODE',
  );
  site.runUntil(5_000_000 + MINUTE_MS);
  t.is(site.state.leases.size, 0);
  t.is(site.node('a1').state, 'rejected');
  t.is(site.node('a2').state, 'free');
});
