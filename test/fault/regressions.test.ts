/** Bugs that the fault simulation has found, each as short as it can be told. */
import test from 'ava';
import { siteService } from '../../core/offers/service.ts';
import type { IsolationEvent } from '../../core/allocator/service.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { CONFIGURATION, IsolationScript, MINUTE_MS, organisation } from './isolation-script.ts';

function shared(script: IsolationScript, nodeId: string, otherId: string): number[] {
  const others = script.networksOf(otherId);
  return [...script.networksOf(nodeId)].filter((networkId) => others.has(networkId));
}

test('an airlock network is nobody else’s until its node was read back clean', (t) => {
  // A port that was moved out of the airlock may be moved back by a late copy of the first effect.
  const script = new IsolationScript();
  script.lease({ leaseId: 'first' });
  script.join('first', 'a1', 'tenant-x');
  script.lease({ leaseId: 'second', nodeIds: ['a2'] });
  t.deepEqual(shared(script, 'a1', 'a2'), [], 'while the first node is in its enclave');
  script.report('first', 'a1', 'rejected');
  script.run(5 * MINUTE_MS);
  t.is(script.state.nodes.get('a1')!.state, 'rejected');
  script.lease({ leaseId: 'third', owner: 'owner-b', nodeIds: ['b1'] });
  t.deepEqual(shared(script, 'a1', 'b1'), [], 'while the first node is withheld');
});

/** Tenant x sublets a1 to tenant y until `endMs`. */
function sublet(script: IsolationScript, endMs: number): void {
  script.lease({ leaseId: 'parent' });
  const terms = {
    leaseId: 'child',
    contractId: null,
    owner: 'tenant-x',
    lessee: 'tenant-y',
    nodeIds: ['a1'],
    startMs: script.nowMs,
    endMs,
    securityLevel: 'attested',
    attester: 'attester',
    recallNoticeMs: null,
  };
  script.command(organisation('tenant-x'), { kind: 'LeaseSublet', parentLeaseId: 'parent', terms });
  script.run(10 * MINUTE_MS);
}

test('what a sub-lease loses, the owner of the node learns of', (t) => {
  const script = new IsolationScript();
  sublet(script, 40 * MINUTE_MS);
  script.join('child', 'a1', 'tenant-y');
  script.report('child', 'a1', 'rejected');
  script.run(10 * MINUTE_MS);
  t.deepEqual(script.told('NodeWithheld', 'owner-a'), ['parent']);
});

test('where parent and sub-lease end together, the owner is told that its node is free', (t) => {
  const script = new IsolationScript();
  sublet(script, 60 * MINUTE_MS);
  script.run(90 * MINUTE_MS);
  t.is(script.state.nodes.get('a1')!.state, 'free');
  t.deepEqual(script.told('NodeFreed', 'owner-a'), ['parent']);
  t.deepEqual(script.told('NodeFreed', 'tenant-y'), ['child']);
});

test('a journal that was stored as text replays to the same states', (t) => {
  // A device in the same process answers with the very lists that it was told; a journal cannot.
  const script = new IsolationScript();
  const error = { code: 'DEVICE_TIMEOUT', message: 'no answer' };
  let changes = 0;
  script.outcomeOf = ({ kind }) => {
    if (kind !== 'ConfigurePort') return null;
    changes += 1;
    return changes % 2 === 1 ? { status: 'uncertain', error } : null;
  };
  script.lease({ leaseId: 'first', endMs: 20 * MINUTE_MS });
  script.run(60 * MINUTE_MS);
  script.lease({ leaseId: 'second', lessee: 'tenant-y' });
  script.run(120 * MINUTE_MS);
  const state = siteService.initial(CONFIGURATION);
  for (const { event, stateAfter } of script.journal) {
    siteService.step(state, JSON.parse(JSON.stringify(event)) as IsolationEvent);
    t.is(canonicalJson(state), stateAfter, event.kind);
  }
});

test('a late copy of an earlier report does not shorten what a newer one said', (t) => {
  const script = new IsolationScript();
  script.lease({ leaseId: 'lease' });
  script.join('lease', 'a1', 'tenant-x');
  script.command(organisation('tenant-x'), { kind: 'NodeActive', leaseId: 'lease', nodeId: 'a1' });
  script.report('lease', 'a1', 'trusted', script.nowMs + 5 * MINUTE_MS);
  script.run(15 * MINUTE_MS);
  t.is(script.state.nodes.get('a1')!.state, 'active');
});
