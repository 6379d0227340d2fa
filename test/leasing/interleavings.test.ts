/**
 * The three services of a tenant together, in worlds that lose, double, delay and fail whatever
 * they can: every node ends active or lost and clean, and nothing is ever delivered to a node
 * whose present boot has no good quote (T1).
 */
import test from 'ava';
import fc from 'fast-check';
import { attesterService } from '../../core/attester/attester.ts';
import type { AttesterState } from '../../core/attester/state.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { journalWriter, replayJournal } from '../../core/kernel/journal.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';
import type { EffectOutcome, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type { OrchestratorEffect, Request } from '../../core/leasing/protocol.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { sha256 } from './driver.ts';
import { GOOD_PCR, NO_FAULTS, SmallWorld, TENANT } from './small-world.ts';
import type { AnyService, WorldOptions } from './small-world.ts';
import { anyWorld, firstWrong, wrongs } from './worlds.ts';

test('whatever is lost, doubled, late or uncertain, every node ends active or lost and clean', (t) => {
  const property = fc.property(anyWorld, (options) => {
    const found = wrongs(new SmallWorld(options).run());
    if (found.length > 0) throw new Error(found.join('; '));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_500, seed: 2_026 }));
});

for (const securityLevel of ['none', 'attested', 'full'] as const) {
  for (const method of ['diskless', 'diskful'] as const) {
    test(`without faults every node of a ${method} lease at level ${securityLevel} is ready once`, (t) => {
      const world = calm({ securityLevel, method }).run();
      t.deepEqual(wrongs(world), []);
      const ready = world.told.filter(({ kind }) => kind === 'NodeReady');
      t.is(ready.length, 2 * 3);
      t.is(world.told.filter(({ kind }) => kind === 'NodeLost').length, 0);
    });
  }
}

function calm(changes: Partial<WorldOptions>): SmallWorld {
  return new SmallWorld({
    seed: 1,
    faults: NO_FAULTS,
    securityLevel: 'full',
    method: 'diskless',
    nodeCount: 3,
    leaseCount: 2,
    leaseMs: 200_000,
    recallMs: null,
    parkDisks: false,
    ...changes,
  });
}

test('T1: a node with bad firmware is never let in, however it lies', (t) => {
  let rejected = 0;
  for (let seed = 0; seed < 40; seed++) {
    const faults = { ...NO_FAULTS, badBoot: 1 };
    const world = calm({ seed, faults, securityLevel: 'full', leaseCount: 1 }).run();
    t.deepEqual(wrongs(world), []);
    t.is(world.told.filter(({ kind }) => kind === 'NodeReady').length, 0);
    rejected += world.told.filter(({ kind }) => kind === 'NodeLost').length;
  }
  t.is(rejected, 40 * 3);
});

test('90: with the attester dead, no node is in the enclave when the freshness bound is over', (t) => {
  const DEAD_MS = 60_000;
  const world = calm({ leaseCount: 1, leaseMs: 400_000, services: { attester: dying(DEAD_MS) } });
  const { freshnessMs } = (world.hosted.get('attester')!.state as AttesterState).configuration;
  const enclave = () =>
    [...world.isolation.leases.get('lease-0')!.nodes.values()].filter(({ joined }) => joined);
  let before = 0;
  let after = -1;
  world.at(DEAD_MS, () => (before = enclave().length));
  world.at(DEAD_MS + freshnessMs!, () => (after = enclave().length));
  world.run();
  t.is(before, 3);
  t.is(after, 0);
});

/** Stops doing anything at all, as a process that has died. */
function dying(deadMs: number): AnyService {
  const inner: AnyService = attesterService;
  return {
    ...inner,
    step: (state, event) =>
      event.timeMs < deadMs ? inner.step(state, event) : { state, effects: [] },
  };
}

test('planted: an orchestrator that skips the attestation of a retry is found', (t) => {
  t.regex(withService('orchestrator', trustingRetries())!, /T1/);
});

/** From the second question about a node on, it answers itself that all is well. */
function trustingRetries(): AnyService {
  const inner: AnyService = orchestratorService;
  const asked = new Set<string>();
  return {
    ...inner,
    initial(configuration) {
      asked.clear();
      return inner.initial(configuration);
    },
    step(state, event) {
      const { effects } = inner.step(state, event);
      const question = (effects as readonly OrchestratorEffect[]).find(
        (effect) => effect.kind === 'Request' && effect.command.kind === 'AttestNode',
      ) as Request | undefined;
      if (question?.command.kind !== 'AttestNode') return { state, effects };
      const { leaseId, nodeId, bootCount, commandId } = question.command;
      const key = `${leaseId} ${nodeId}`;
      if (!asked.has(key)) {
        asked.add(key);
        return { state, effects };
      }
      const notice = {
        kind: 'AttestationVerdict',
        commandId,
        leaseId,
        nodeId,
        bootCount,
        verdict: 'trusted',
        validUntilMs: Number.MAX_SAFE_INTEGER,
      };
      const told = { kind: 'NoticeReceived', notice, timeMs: event.timeMs };
      return inner.step(state, told);
    },
  };
}

test('planted: an attester that does not mind the nonce of a quote is found', (t) => {
  t.regex(withService('attester', forgivingNonces())!, /T1/);
});

function forgivingNonces(): AnyService {
  const inner: AnyService = attesterService;
  return {
    ...inner,
    step(state, event) {
      const { operations, watches } = state as AttesterState;
      const { effectId, outcome } = event as EffectOutcome<object>;
      const operation = operations.get(effectId);
      const watch = operation && watches.get(operation.key);
      if (event.kind !== 'EffectOutcome' || outcome.status !== 'ok' || !watch?.nonce) {
        return inner.step(state, event);
      }
      const value = { ...outcome.value, nonce: watch.nonce };
      const forged = { ...event, outcome: { ...outcome, value } };
      return inner.step(state, forged);
    },
  };
}

test('planted: a provisioner that takes "uncertain" for "nothing happened" is found', (t) => {
  const inner: AnyService = provisionerService;
  const planted: AnyService = {
    ...inner,
    step(state, event) {
      const { outcome } = event as EffectOutcome;
      if (event.kind !== 'EffectOutcome' || outcome.status !== 'uncertain') {
        return inner.step(state, event);
      }
      const forged = { ...event, outcome: { ...outcome, status: 'noEffect' } };
      return inner.step(state, forged);
    },
  };
  t.regex(withService('provisioner', planted)!, /P3|P4/);
});

test('planted: a store that carries out effects in any order is found', (t) => {
  const wrong = firstWrong(400, (world) => {
    world.store.fences = false;
  });
  t.regex(wrong!, /P3|P4/);
});

/** The first thing that goes wrong with a stand-in for one of the services. */
function withService(name: string, service: AnyService): string | null {
  for (const options of fc.sample(anyWorld, { numRuns: 400, seed: 1 })) {
    const [first] = wrongs(new SmallWorld({ ...options, services: { [name]: service } }).run());
    if (first !== undefined) return first;
  }
  return null;
}

const SERVICES: readonly (readonly [string, AnyService])[] = [
  ['orchestrator', orchestratorService],
  ['attester', attesterService],
  ['provisioner', provisionerService],
];

test('A5: replaying the journal of a service gives the same effects and the same state', (t) => {
  let records = 0;
  for (const options of fc.sample(anyWorld, { numRuns: 25, seed: 3 })) {
    const world = new SmallWorld(options).run();
    for (const [name, service] of SERVICES) {
      const { log, configuration, state } = world.hosted.get(name)!;
      const journal = journalOf(service, configuration, log);
      // As it is written: a journal holds text.
      const read = journal.map((record) => JSON.parse(canonicalJson(record)) as JournalRecord);
      const replay = replayJournal(service, configuration, read, sha256);
      t.is(replay.difference, null, name);
      t.is(canonicalJson(replay.state), canonicalJson(state), name);
      records += read.length;
    }
  }
  t.true(records > 1_000);
});

function journalOf(
  service: AnyService,
  configuration: unknown,
  log: readonly { readonly event: ServiceEvent; readonly effects: readonly ServiceEffect[] }[],
): JournalRecord[] {
  const writer = journalWriter<unknown, ServiceEvent, ServiceEffect>(sha256);
  let state = service.initial(configuration);
  return log.map(({ event, effects }, index) => {
    state = service.step(state, event).state;
    return writer.append(event, effects, state, index === log.length - 1);
  });
}

test('A5: a journal of which one effect was changed is found out', (t) => {
  const world = calm({}).run();
  const { log, configuration } = world.hosted.get('attester')!;
  const forged = log.map((entry, index) => (index === 5 ? { ...entry, effects: [] } : entry));
  const journal = journalOf(attesterService as AnyService, configuration, forged);
  const { difference } = replayJournal(
    attesterService as AnyService,
    configuration,
    journal,
    sha256,
  );
  t.is(difference?.place?.line, 6);
});

test('a command that is refused changes nothing, whoever sends it and whenever it comes', (t) => {
  let refused = 0;
  for (const options of fc.sample(anyWorld, { numRuns: 12, seed: 4 })) {
    const world = new SmallWorld({ ...options, leaseCount: 1 });
    world.beforeEvent = (name, event, state) =>
      name !== 'orchestrator' && 'commandId' in event ? canonicalJson(state) : null;
    world.onEvent = (_name, { effects }, state, before) => {
      const [first] = effects as readonly { readonly kind: string; readonly refusal?: unknown }[];
      if (before === null || first?.kind !== 'Reply' || !first.refusal) return;
      refused += 1;
      t.is(effects.length, 1);
      t.is(canonicalJson(state), before);
    };
    for (let i = 0; i < 60; i++) world.at(i * 5_000, () => intrude(world, i));
    world.run();
    t.deepEqual(world.violations, []);
  }
  t.true(refused > 300, `only ${refused} were refused`);
});

/** Commands of somebody else, out of date, or of no sense. */
function intrude(world: SmallWorld, i: number): void {
  const leaseId = world.random.uniform() < 0.8 ? 'lease-0' : '__proto__';
  const about = { leaseId, nodeId: `n${i % world.options.nodeCount}` };
  const from = i % 2 === 0 ? { role: 'organisation', name: 'intruder' } : TENANT;
  const fencingToken = i % 2 === 0 ? 1 : 0;
  const header = { commandId: `intruder/${i}`, from, fencingToken, ...about };
  const wish = { method: 'diskless', securityLevel: 'none', fromAttestedFirmware: false };
  const policy = { policyId: 'policy', version: 1, profiles: [], runtimeDigests: [GOOD_PCR] };
  const commands: readonly (readonly [string, object])[] = [
    ['attester', { kind: 'AttestNode', ...header, bootCount: 0, policyId: 'policy' }],
    ['attester', { kind: 'AttestNode', ...header, bootCount: 1, policyId: 'nowhere' }],
    ['attester', { kind: 'ForgetNode', ...header, nodeId: 7 }],
    ['attester', { kind: 'PutPolicy', commandId: 'p', from, policy }],
    ['attester', { kind: 'UnregisterNode', commandId: 'u', from, nodeId: 'n0' }],
    ['provisioner', { kind: 'ProvisionNode', ...header, imageId: 'golden', ...wish }],
    ['provisioner', { kind: 'DeprovisionNode', ...header, park: 'no' }],
    ['provisioner', { kind: 'DiscardDisk', commandId: 'd', from, diskId: 'provisioner/disk-1' }],
    ['provisioner', { kind: 'RemoveImage', commandId: 'r', from, imageId: 'golden' }],
  ];
  const [name, command] = commands[i % commands.length]!;
  world.deliver(name, command);
}
