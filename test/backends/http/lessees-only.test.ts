import test from 'ava';
import { lesseesOnly } from '../../../backends/http/lessees-only.ts';
import { change } from '../../../backends/http/service-facade.ts';
import { serverOf } from '../../../backends/peers/server.ts';
import type { Principal } from '../../../core/kernel/service.ts';
import { FakePeer, problem } from '../peers/fake-peer.ts';

const ATTEST = change(202, 'POST /leases/:leaseId/nodes/:nodeId/attestation', 'AttestNode');
const FORGET = change(200, 'POST /leases/:leaseId/nodes/:nodeId/attestation/forget', 'ForgetNode');
const LESSEE: Principal = { role: 'organisation', name: 'org-t' };
const FIELDS = { leaseId: 'l/1', nodeId: 'n1', policyId: 'mine' };

test('a node is attested for the lessee of the lease that has it, at the lease’s attester, alone', async (t) => {
  const isolation = await FakePeer.open(t);
  const lease = { lessee: 'org-t', attester: 'attester', nodeIds: ['n1', 'n2'] };
  isolation.answer = (_, response) => response.end(JSON.stringify(lease));
  const options = { isolation: serverOf(isolation.url), token: 'ocx_attester' };
  const admit = lesseesOnly({ ...options, attester: 'attester', orchestrators: ['orchestrator'] });
  await t.notThrowsAsync(admit(ATTEST, LESSEE, FIELDS));
  t.like(isolation.calls[0], { path: '/v1/leases/l%2F1', token: 'Bearer ocx_attester' });
  await t.notThrowsAsync(admit(ATTEST, { role: 'service', name: 'orchestrator' }, FIELDS));
  await t.notThrowsAsync(admit(ATTEST, { role: 'admin', name: 'operator' }, FIELDS));
  for (const [what, from, fields] of [
    ['another organisation', { role: 'organisation', name: 'org-u' }, FIELDS],
    ['a service of that name', { role: 'service', name: 'org-t' }, FIELDS],
    ['a node of another lease', LESSEE, { ...FIELDS, nodeId: 'n3' }],
  ] as const) {
    await t.throwsAsync(admit(ATTEST, from, fields), { code: 'DENIED_LEASE' }, what);
  }
  lease.attester = 'another';
  await t.throwsAsync(admit(ATTEST, LESSEE, FIELDS), { code: 'DENIED_LEASE' });
  isolation.answer = problem(404, 'NOT_FOUND');
  await t.notThrowsAsync(admit(FORGET, LESSEE, FIELDS), 'also where the lease is over');
});

test('where the isolation service does not say, nothing is decided', async (t) => {
  const isolation = await FakePeer.open(t);
  const options = { isolation: serverOf(isolation.url), token: 'ocx_attester' };
  const admit = lesseesOnly({ ...options, attester: 'attester', orchestrators: [] });
  for (const answer of [
    problem(503, 'RESOURCE_STOPPING'),
    problem(401, 'INPUT_UNAUTHENTICATED'),
    problem(404, 'NOT_FOUND'),
  ]) {
    isolation.answer = answer;
    await t.throwsAsync(admit(ATTEST, LESSEE, FIELDS), { code: 'RESOURCE_PEER' });
  }
  isolation.answer = (_, response) => response.destroy();
  await t.throwsAsync(admit(ATTEST, LESSEE, FIELDS), { code: 'RESOURCE_PEER' });
});
