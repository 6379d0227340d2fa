import test from 'ava';
import type { LeaseNotice } from '../../core/allocator/protocol.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type { EnclavePlan, OrchestratorEffect, Request } from '../../core/leasing/protocol.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import type { OrchestratorConfiguration } from '../../core/leasing/state.ts';
import { Driver, kinds, only, organisation } from './driver.ts';

const GHENT = organisation('ghent');
const ABOUT = { leaseId: 'lease', nodeId: 'n1' } as const;
const TIMER = 'node/5:lease:n1';
const PATIENT = { requestTimeoutMs: 60_000 };

function orchestrator(changes: Partial<OrchestratorConfiguration> = {}) {
  return new Driver(orchestratorService, { ...ORCHESTRATOR_DEFAULTS, name: 'o', ...changes });
}

type Orchestrator = ReturnType<typeof orchestrator>;

function plan(service: Orchestrator, changes: Partial<EnclavePlan> = {}) {
  const { securityLevel = 'none' } = changes;
  return service.send({
    kind: 'EnclavePlan',
    leaseId: 'lease',
    securityLevel,
    method: 'diskless',
    imageId: 'golden',
    policyId: 'strict',
    attester: securityLevel === 'none' ? null : 'attester',
    provisioner: 'provisioner',
    ...changes,
  });
}

function told(service: Orchestrator, notice: object) {
  return service.send({ kind: 'NoticeReceived', notice: notice as LeaseNotice });
}

function airlock(service: Orchestrator, fencingToken = 1, nodeId = 'n1') {
  return told(service, { kind: 'NodeInAirlock', leaseId: 'lease', nodeId, fencingToken });
}

function powered(service: Orchestrator, bootCount = 1) {
  return told(service, { kind: 'NodePowered', ...ABOUT, bootCount });
}

function inEnclave(service: Orchestrator) {
  return told(service, { kind: 'NodeInEnclave', ...ABOUT });
}

function judged(service: Orchestrator, asked: readonly OrchestratorEffect[], changes: object = {}) {
  const { commandId } = request(asked, 'AttestNode');
  return told(service, {
    kind: 'AttestationVerdict',
    commandId,
    ...ABOUT,
    bootCount: 1,
    verdict: 'trusted',
    validUntilMs: Number.MAX_SAFE_INTEGER,
    code: null,
    severity: 'none',
    ...changes,
  });
}

function provisioned(service: Orchestrator, asked: readonly OrchestratorEffect[]) {
  const { commandId } = request(asked, 'ProvisionNode');
  return told(service, { kind: 'NodeProvisioned', ...ABOUT, commandId });
}

function failed(service: Orchestrator, asked: readonly OrchestratorEffect[]) {
  const { commandId } = request(asked, 'ProvisionNode');
  return told(service, { kind: 'ProvisionFailed', ...ABOUT, commandId, code: 'DEVICE_FULL' });
}

/** The command of that kind that was sent; throws where it was not. */
function request<Kind extends Request['command']['kind']>(
  effects: readonly OrchestratorEffect[],
  kind: Kind,
): Extract<Request['command'], { kind: Kind }> {
  const found = effects.find(
    (effect) => effect.kind === 'Request' && effect.command.kind === kind,
  ) as Request | undefined;
  if (!found) throw new Error(`no ${kind} among ${kinds(effects)}`);
  return found.command as Extract<Request['command'], { kind: Kind }>;
}

function answer(
  service: Orchestrator,
  asked: readonly OrchestratorEffect[],
  kind: Request['command']['kind'],
  code: string | null,
) {
  const { commandId } = request(asked, kind);
  const refusal = code === null ? null : { code, message: 'planted' };
  const reply = { kind: 'Reply', commandId, to: GHENT, refusal, result: null } as const;
  return service.send({ kind: 'ReplyReceived', reply });
}

/** Walks node n1 of an attested lease to its provisioning; what was asked last. */
function walkToProvisioning(service: Orchestrator, changes: Partial<EnclavePlan> = {}) {
  plan(service, { securityLevel: 'attested', ...changes });
  airlock(service);
  judged(service, powered(service));
  return inEnclave(service);
}

function isForgotten(service: Orchestrator): boolean {
  const { leases, nodes, requests, early } = service.state;
  return leases.size + nodes.size + requests.size + early.size === 0;
}

test('level none: the enclave first, then power, then the system', (t) => {
  const service = orchestrator();
  plan(service);
  t.deepEqual(kinds(airlock(service)), ['PrepareNode', 'EnclaveJoin']);
  t.deepEqual(kinds(inEnclave(service)), ['AirlockPowerOn']);
  const asked = powered(service);
  t.deepEqual(kinds(asked), ['ProvisionNode']);
  t.like(request(asked, 'ProvisionNode'), { fromAttestedFirmware: false, securityLevel: 'none' });
  t.deepEqual(kinds(provisioned(service, asked)), ['NodeReady', 'NodeActive']);
});

for (const securityLevel of ['attested', 'full'] as const) {
  test(`level ${securityLevel}: power, verdict, enclave, then the system`, (t) => {
    const service = orchestrator();
    plan(service, { securityLevel });
    t.deepEqual(kinds(airlock(service, 5)), ['PrepareNode', 'AirlockPowerOn']);
    let asked = powered(service);
    t.like(request(asked, 'AttestNode'), { bootCount: 1, policyId: 'strict', fencingToken: 5 });
    t.deepEqual(kinds(judged(service, asked)), ['EnclaveJoin']);
    asked = inEnclave(service);
    t.like(request(asked, 'ProvisionNode'), { fromAttestedFirmware: true, securityLevel });
    t.deepEqual(kinds(provisioned(service, asked)), ['NodeReady', 'NodeActive']);
  });
}

test('every request goes to the service that the plan names', (t) => {
  const service = orchestrator();
  const asked = walkToProvisioning(service, { provisioner: 'of-ghent' });
  t.is(only(asked, 'Request').service, 'of-ghent');
  const active = provisioned(service, asked).filter(({ kind }) => kind === 'Request');
  t.is(only(active, 'Request').service, 'isolation');
});

test('a diskful node has nothing prepared', (t) => {
  const service = orchestrator();
  plan(service, { method: 'diskful' });
  t.deepEqual(kinds(airlock(service)), ['EnclaveJoin']);
});

test('parked disks are resumed, one on each node, before anything is cloned', (t) => {
  const service = orchestrator();
  plan(service, { resumeDiskIds: ['disk-7'] });
  t.deepEqual(kinds(airlock(service)), ['EnclaveJoin']);
  t.deepEqual(kinds(airlock(service, 2, 'n2')), ['PrepareNode', 'EnclaveJoin']);
  inEnclave(service);
  t.is(request(powered(service), 'ProvisionNode').resumeDiskId, 'disk-7');
});

test('the end: goodbye to provisioner and attester once the node is cut off, and nothing is kept', (t) => {
  const service = orchestrator();
  provisioned(service, walkToProvisioning(service, { parkDisks: true }));
  const ending = { kind: 'LeaseEnding', leaseId: 'lease', atMs: 0, reason: 'expiry' };
  t.deepEqual(kinds(told(service, ending)), ['NodeEnding']);
  t.deepEqual(told(service, ending), [], 'once');
  const asked = told(service, { kind: 'NodeCutOff', ...ABOUT });
  t.deepEqual(kinds(asked), ['DeprovisionNode', 'ForgetNode']);
  t.true(request(asked, 'DeprovisionNode').park);
  told(service, { kind: 'LeaseEnded', leaseId: 'lease' });
  t.true(isForgotten(service));
  t.deepEqual(airlock(service, 1), [], 'a late copy brings nothing back');
  t.true(isForgotten(service));
});

test('notices that come twice, late or out of turn change nothing', (t) => {
  const service = orchestrator();
  plan(service, { securityLevel: 'attested' });
  t.deepEqual(inEnclave(service), [], 'of a node that is not here');
  airlock(service, 4);
  t.deepEqual(airlock(service, 4), []);
  t.deepEqual(airlock(service, 3), []);
  const asked = powered(service, 1);
  t.deepEqual(powered(service, 1), []);
  t.deepEqual(powered(service, 0), []);
  judged(service, asked);
  t.deepEqual(judged(service, asked), []);
  const wish = inEnclave(service);
  t.deepEqual(inEnclave(service), []);
  provisioned(service, wish);
  t.deepEqual(provisioned(service, wish), []);
  t.deepEqual(failed(service, wish), []);
  t.deepEqual(told(service, { kind: 'LeaseStarted', leaseId: 'nobody' }), []);
});

test('a node that comes before its plan waits for it, and leaves with its lease', (t) => {
  const service = orchestrator();
  t.deepEqual(airlock(service), []);
  t.deepEqual(kinds(plan(service)), ['PrepareNode', 'EnclaveJoin']);
  const other = orchestrator();
  airlock(other, 1, 'n1');
  airlock(other, 1, 'n2');
  told(other, { kind: 'NodeCutOff', ...ABOUT });
  told(other, { kind: 'LeaseEnded', leaseId: 'lease' });
  t.true(isForgotten(other));
  airlock(other, 1, 'n2');
  t.true(isForgotten(other));
});

test('a verdict on an earlier boot, or on an earlier question, does not count', (t) => {
  const service = orchestrator();
  plan(service, { securityLevel: 'attested' });
  airlock(service);
  const first = powered(service, 1);
  const second = powered(service, 2);
  t.deepEqual(judged(service, first), []);
  t.deepEqual(judged(service, first, { bootCount: 2 }), [], 'asked about the boot before');
  const expired = judged(service, second, { bootCount: 2, validUntilMs: 0 });
  t.deepEqual(kinds(expired), ['AttestNode'], 'one that is over is asked for again');
  t.deepEqual(kinds(judged(service, expired, { bootCount: 2 })), ['EnclaveJoin']);
});

test('verdicts that are over when they come are not asked for again for ever', (t) => {
  const service = orchestrator({ requestAttempts: 3 });
  plan(service, { securityLevel: 'attested' });
  airlock(service);
  let asked = powered(service);
  for (let attempt = 1; attempt < 3; attempt++) asked = judged(service, asked, { validUntilMs: 0 });
  const last = judged(service, asked, { validUntilMs: 0 });
  t.is(only(last, 'NodeLost').code, 'ATTEST_STALE');
});

test('a rejected or stale verdict loses the node and gives it back', (t) => {
  for (const verdict of ['rejected', 'stale'] as const) {
    const service = orchestrator();
    plan(service, { securityLevel: 'attested' });
    airlock(service);
    const effects = judged(service, powered(service), { verdict, code: 'ATTEST_X' });
    t.is(only(effects, 'NodeLost').code, 'ATTEST_X');
    t.deepEqual(request(effects, 'LeaseReturn').nodeIds, ['n1']);
    t.deepEqual(inEnclave(service), [], 'and nothing leads on');
  }
});

test('provisioning is tried again after a new verdict only, and not for ever', (t) => {
  const service = orchestrator({ provisioningAttempts: 3 });
  let asked = walkToProvisioning(service);
  for (let attempt = 1; attempt < 3; attempt++) {
    const again = failed(service, asked);
    t.deepEqual(kinds(again), ['AttestNode']);
    t.deepEqual(failed(service, asked), [], 'one failure counts once');
    asked = judged(service, again);
    t.deepEqual(kinds(asked), ['ProvisionNode']);
  }
  const last = failed(service, asked);
  t.is(only(last, 'NodeLost').code, 'DEVICE_FULL');
  t.deepEqual(kinds(last), ['NodeLost', 'LeaseReturn']);
});

test('level none: provisioning is tried again at once', (t) => {
  const service = orchestrator();
  plan(service);
  airlock(service);
  inEnclave(service);
  t.deepEqual(kinds(failed(service, powered(service))), ['ProvisionNode']);
});

test('an enclave that does not open is asked for again after a new verdict', (t) => {
  const service = orchestrator({ requestAttempts: 3 });
  plan(service, { securityLevel: 'attested' });
  airlock(service);
  let asked = judged(service, powered(service));
  for (let attempt = 1; attempt < 3; attempt++) {
    const again = answer(service, asked, 'EnclaveJoin', 'ATTEST_STALE');
    t.deepEqual(kinds(again), ['AttestNode']);
    asked = judged(service, again);
  }
  const last = answer(service, asked, 'EnclaveJoin', 'ATTEST_STALE');
  t.is(only(last, 'NodeLost').code, 'ATTEST_STALE');
});

test('a refusal without time to wait loses the node; an accepted request waits for its notice', (t) => {
  const service = orchestrator();
  plan(service, { securityLevel: 'attested' });
  const asked = airlock(service);
  t.deepEqual(answer(service, asked, 'AirlockPowerOn', null), []);
  const other = orchestrator();
  plan(other, { securityLevel: 'attested' });
  const refused = answer(other, airlock(other), 'AirlockPowerOn', 'CONFLICT_STATE');
  t.deepEqual(kinds(refused), ['NodeLost', 'LeaseReturn']);
});

test('a request without result is made again, the system only after a new verdict', (t) => {
  const service = orchestrator(PATIENT);
  plan(service, { securityLevel: 'attested' });
  airlock(service);
  t.deepEqual(kinds(service.fire(TIMER)), ['AirlockPowerOn']);
  const asked = powered(service);
  t.deepEqual(kinds(service.fire(TIMER)), ['AttestNode']);
  t.deepEqual(judged(service, asked), [], 'the answer to the first question is too old');
  t.deepEqual(kinds(judged(service, service.fire(TIMER))), ['EnclaveJoin']);
  inEnclave(service);
  t.deepEqual(kinds(service.fire(TIMER)), ['AttestNode']);
});

test('a request that nobody answers is not made for ever', (t) => {
  const service = orchestrator({ ...PATIENT, requestAttempts: 3 });
  plan(service);
  airlock(service);
  t.deepEqual(kinds(service.fire(TIMER)), ['EnclaveJoin']);
  t.deepEqual(kinds(service.fire(TIMER)), ['EnclaveJoin']);
  const effects = service.fire(TIMER);
  t.is(only(effects, 'NodeLost').code, 'CONFLICT_NO_ANSWER');
  t.deepEqual(kinds(service.fire(TIMER)), ['LeaseReturn']);
  t.deepEqual(kinds(service.fire(TIMER)), ['LeaseReturn']);
  t.deepEqual(service.fire(TIMER), []);
});

test('goodbyes are said until they are answered', (t) => {
  const service = orchestrator(PATIENT);
  provisioned(service, walkToProvisioning(service));
  const first = told(service, { kind: 'NodeCutOff', ...ABOUT });
  const second = service.fire(TIMER);
  t.deepEqual(kinds(second), ['DeprovisionNode', 'ForgetNode']);
  answer(service, first, 'ForgetNode', null);
  answer(service, second, 'DeprovisionNode', null);
  told(service, { kind: 'LeaseEnded', leaseId: 'lease' });
  t.false(isForgotten(service), 'only the answer to the latest counts');
  answer(service, second, 'ForgetNode', 'CONFLICT_LATE');
  t.true(isForgotten(service));
});

test('a lease of which nothing more is heard ends by the clock', (t) => {
  const service = orchestrator(PATIENT);
  const timer = only(plan(service, { endMs: 1_000_000 }), 'SetTimer');
  t.is(timer.atMs, 1_060_000);
  airlock(service);
  service.nowMs = timer.atMs;
  const asked = service.fire(timer.timerId);
  t.deepEqual(kinds(asked), ['NodeLost', 'DeprovisionNode']);
  answer(service, asked, 'DeprovisionNode', null);
  t.true(isForgotten(service));
});

test('a node that is thrown back to the airlock starts over; one that was ready is lost', (t) => {
  const service = orchestrator();
  const wish = walkToProvisioning(service);
  t.deepEqual(kinds(airlock(service, 2)), ['AirlockPowerOn']);
  t.deepEqual(provisioned(service, wish), [], 'the system of before is gone');
  t.deepEqual(powered(service, 1), [], 'so is the boot of before');
  t.deepEqual(kinds(powered(service, 2)), ['AttestNode']);
  const other = orchestrator();
  provisioned(other, walkToProvisioning(other));
  t.deepEqual(kinds(airlock(other, 2)), ['NodeLost', 'LeaseReturn']);
});

test('a node that was booted under a running system is lost where it was measured', (t) => {
  const service = orchestrator();
  provisioned(service, walkToProvisioning(service));
  t.deepEqual(kinds(powered(service, 2)), ['NodeLost', 'LeaseReturn']);
});

test('a withheld node is lost; one in quarantine is given back, for its owner to have it settled', (t) => {
  for (const [state, expected] of [
    ['rejected', ['NodeLost']],
    ['broken', ['NodeLost']],
    ['quarantined', ['NodeLost', 'LeaseReturn']],
  ] as const) {
    const service = orchestrator();
    provisioned(service, walkToProvisioning(service));
    const withheld = { kind: 'NodeWithheld', ...ABOUT, state, code: 'DEVICE_X' };
    const effects = told(service, withheld);
    t.deepEqual(kinds(effects), expected);
    t.is(only(effects, 'NodeLost').code, 'DEVICE_X');
    t.deepEqual(told(service, withheld), [], 'once');
    told(service, { kind: 'LeaseEnded', leaseId: 'lease' });
    t.true(isForgotten(service));
  }
});

test('a node that is withheld before it ever came is lost, once', (t) => {
  const service = orchestrator();
  plan(service);
  const withheld = { kind: 'NodeWithheld', ...ABOUT, state: 'quarantined', code: 'DEVICE_X' };
  t.deepEqual(kinds(told(service, withheld)), ['NodeLost', 'LeaseReturn']);
  t.deepEqual(told(service, withheld), []);
  t.deepEqual(airlock(service), [], 'it is on its way back');
  t.deepEqual(told(service, { kind: 'NodeCutOff', ...ABOUT }), [], 'nobody else knew it');
  t.deepEqual(told(service, withheld), [], 'a late copy');
  told(service, { kind: 'LeaseEnded', leaseId: 'lease' });
  t.true(isForgotten(service));
});

test('a recall gives back what is not in the enclave yet, and leaves the rest its notice', (t) => {
  const service = orchestrator();
  const wish = walkToProvisioning(service);
  airlock(service, 1, 'n2');
  const ending = { kind: 'LeaseEnding', leaseId: 'lease', atMs: 60_000, reason: 'recall' };
  const effects = told(service, ending);
  t.deepEqual(kinds(effects), ['NodeEnding', 'NodeLost', 'LeaseReturn']);
  t.is(only(effects, 'NodeLost').nodeId, 'n2');
  t.deepEqual(kinds(provisioned(service, wish)), ['NodeReady', 'NodeActive']);
});

test('a plan for measured nodes without an attester gives every node back', (t) => {
  const service = orchestrator();
  plan(service, { securityLevel: 'full', attester: null });
  const effects = airlock(service);
  t.is(only(effects, 'NodeLost').code, 'CONFLICT_PLAN');
  t.deepEqual(kinds(effects), ['NodeLost', 'LeaseReturn']);
});
