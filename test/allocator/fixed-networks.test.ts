/** Networks that are set aside, for gateways and services that stand at fixed ports. */
import { siteService } from '../../core/offers/service.ts';
import test from 'ava';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import { A, ADMIN, END_MS, Site, activate, smallSite, startedSite, terms } from './site.ts';

const SETTINGS = { networkIdFirst: 2, networkIdLast: 2999 };

function fixedSite(airlockNetworkId = 3001, enclaveNetworkId = 4000): IsolationConfiguration {
  const site = smallSite();
  return {
    ...site,
    settings: { ...site.settings, ...SETTINGS },
    organisations: site.organisations!.map((organisation) =>
      organisation.name === 'org-t' ? { ...organisation, enclaveNetworkId } : organisation,
    ),
    nodes: site.nodes!.map((node) => (node.nodeId === 'a1' ? { ...node, airlockNetworkId } : node)),
  };
}

const networksOf = (site: Site) =>
  site
    .deviceEffects('a1')
    .flatMap((effect) => (effect.kind === 'ConfigurePort' ? effect.attachments : []))
    .map(({ networkId }) => networkId);

test('a node comes into the networks that are set aside, lease after lease', (t) => {
  const site = startedSite({}, fixedSite());
  activate(site, 'a1');
  t.deepEqual(networksOf(site), [3001, 4000]);
  site.runUntil(END_MS + MINUTE_MS);
  t.is(site.node('a1').state, 'free');
  const again = { leaseId: 'lease-2', startMs: END_MS + 2 * MINUTE_MS, endMs: 2 * END_MS };
  site.done(A, { kind: 'LeaseCreate', terms: terms(again) });
  site.run(4 * MINUTE_MS);
  t.deepEqual(networksOf(site).slice(2), [3001]);
});

test('what is set aside nobody else gets, until its node is gone', (t) => {
  const site = new Site(fixedSite());
  const create = { kind: 'NetworkCreate', owner: null, access: null, isPublic: false } as const;
  const ask = (network: string) => ({ ...create, network, networkId: 3001 });
  t.is(site.refused(ADMIN, ask('mine')), 'CONFLICT_DUPLICATE');
  site.done(ADMIN, { kind: 'NodeWithdraw', nodeId: 'a1', state: 'maintenance' });
  site.run(MINUTE_MS);
  for (const { nicId, port } of [...site.node('a1').nics]) {
    site.done(ADMIN, { kind: 'PortUnwire', switchId: port!.switchId, portId: port!.portId });
    site.done(ADMIN, { kind: 'NicDelete', nodeId: 'a1', nicId });
  }
  site.done(ADMIN, { kind: 'NodeDelete', nodeId: 'a1' });
  site.done(ADMIN, ask('mine'));
});

for (const [airlock, enclave, why] of [
  [2, 4000, 'in the pool'],
  [4095, 4000, 'none'],
  [3001, 0, 'none'],
  [4000, 4000, 'in use'],
] as const) {
  test(`a site is refused that sets ${airlock} and ${enclave} aside`, (t) => {
    const error = t.throws(() => siteService.initial(fixedSite(airlock, enclave)), {
      code: 'INPUT_BAD_CONFIGURATION',
    });
    t.true(error.message.includes(why), error.message);
  });
}
