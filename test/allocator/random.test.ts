/**
 * Random commands by everybody on hardware that fails at random. After every event the invariants
 * hold in the state and on the hardware; after the faults everything comes to an end; a replay of
 * the journal gives the same.
 */
import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { invariant } from '../../core/kernel/errors.ts';
import { journalWriter, replayJournal, verifyChain } from '../../core/kernel/journal.ts';
import type { JournalRecord } from '../../core/kernel/journal.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/kernel/units.ts';
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import { siteService } from '../../core/offers/service.ts';
import type { Node } from '../../core/allocator/state.ts';
import {
  ADMIN,
  ATTESTER,
  NO_EFFECT,
  Site,
  UNCERTAIN,
  organisationNames,
  smallSite,
  type Answer,
  type Sent,
} from './site.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** One random decision after the other, from a list that fast-check can shrink. */
class Tape {
  readonly #values: readonly number[];
  #next = 0;

  constructor(values: readonly number[]) {
    this.#values = values;
  }

  below(end: number): number {
    const value = this.#values[this.#next++ % this.#values.length] ?? 0;
    return (value + this.#next) % end;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

const NODES = ['a1', 'a2', 'b1'] as const;
const LEASES = ['l1', 'l2', 'l3', 'l4', 's1', 's2'] as const;

function principal(tape: Tape): Principal {
  const name = tape.pick(organisationNames);
  return tape.pick<Principal>([
    { role: 'organisation', name },
    { role: 'organisation', name },
    { role: 'organisation', name },
    ADMIN,
    { role: 'service', name: tape.pick(['market', 'orchestrator', 'attester']) },
  ]);
}

type Move = [Principal, Sent];

const party = (name: string): Principal => ({ role: 'organisation', name });

/** Mostly what the node's state invites to, sometimes anything, sometimes by anybody. */
function randomCommand(site: Site, tape: Tape): Move {
  const node = site.node(tape.pick(NODES));
  const moves = tape.below(4) > 0 ? invitedMoves(site, tape, node) : anyMoves(site, tape, node);
  const [from, command] = tape.pick(moves)();
  return [tape.below(12) === 0 ? principal(tape) : from, command];
}

function invitedMoves(site: Site, tape: Tape, node: Node): (() => Move)[] {
  const { nodeId } = node;
  const lease = site.state.leases.get(node.leaseId ?? '');
  const leaseId = lease?.terms.leaseId ?? 'l1';
  const tenant = party(lease?.terms.lessee ?? 'org-t');
  const drive = (kind: 'AirlockPowerOn' | 'EnclaveJoin' | 'NodeActive'): Move => [
    tenant,
    { kind, leaseId, nodeId },
  ];
  const isMeasured = lease !== undefined && lease.terms.attester !== null;
  switch (node.state) {
    case 'airlock':
      return [
        () => drive('AirlockPowerOn'),
        () => drive(isMeasured ? 'AirlockPowerOn' : 'EnclaveJoin'),
      ];
    case 'attesting':
      return [() => verdictMove(site, tape, node), () => drive('EnclaveJoin')];
    case 'provisioning':
      return [() => drive('NodeActive'), ...useMoves(site, tape, node)];
    case 'allocated':
      if (lease) return [() => drive('AirlockPowerOn')];
      return [
        ...useMoves(site, tape, node),
        () => [
          party(node.organisation!),
          { kind: 'NodeDetach', organisation: node.organisation!, nodeId },
        ],
      ];
    case 'active':
      return [
        ...useMoves(site, tape, node),
        () => verdictMove(site, tape, node),
        () => [
          tenant,
          { kind: 'LeaseSublet', parentLeaseId: leaseId, terms: randomSublease(site, tape, node) },
        ],
        () => [tenant, { kind: 'LeaseReturn', leaseId, nodeIds: tape.pick([null, [nodeId]]) }],
        () => [party(lease!.terms.owner), { kind: 'LeaseRecall', leaseId }],
      ];
    case 'free':
    case 'reserved':
      return [
        () => [party(node.owner!), { kind: 'LeaseCreate', terms: randomTerms(site, tape, node) }],
        () => [party(node.owner!), { kind: 'NodeConnect', organisation: node.owner!, nodeId }],
      ];
    default:
      return [() => [ADMIN, { kind: 'NodeReturn', nodeId }]];
  }
}

/** What the user of a node may do with its networks and its power. */
function useMoves(site: Site, tape: Tape, node: Node): (() => Move)[] {
  const { nodeId } = node;
  const name = site.state.leases.get(node.leaseId ?? '')?.terms.lessee ?? node.organisation!;
  const user = party(name);
  const known = [...site.state.networks.keys(), 'n1'];
  const nic = { nodeId, nicId: tape.pick(['nic0', 'nic1']), network: tape.pick(known) };
  const operation = tape.pick(['on', 'off', 'cycle'] as const);
  return [
    () => [user, { kind: 'NetworkConnect', ...nic, channel: 'vlan/native' }],
    () => [user, { kind: 'NetworkConnect', ...nic, channel: 'vlan/native' }],
    () => [user, { kind: 'NetworkDetach', ...nic, network: attachedNetwork(site, node, nic) }],
    () => [user, { kind: 'OutOfBandSet', nodeId, enabled: tape.below(2) > 0 }],
    () => [user, { kind: 'PowerControl', nodeId, operation, force: true }],
    () => [user, { kind: 'PowerStatus', nodeId }],
    () => [user, newNetwork(tape, name)],
  ];
}

function attachedNetwork(site: Site, node: Node, nic: { nicId: string; network: string }): string {
  const found = node.nics.find(({ nicId }) => nicId === nic.nicId)?.attachments[0];
  return site.state.networkIds.inUse.get(found?.networkId ?? 0) ?? nic.network;
}

function newNetwork(tape: Tape, owner: string): Sent {
  const rest = { owner, access: owner, isPublic: false, networkId: null };
  return { kind: 'NetworkCreate', network: tape.pick(['n1', 'n2', 'n3']), ...rest };
}

function verdictMove(site: Site, tape: Tape, node: Node): Move {
  const { nodeId, bootCount } = node;
  const verdict = tape.pick([
    'trusted',
    'trusted',
    'trusted',
    'trusted',
    'stale',
    'rejected',
  ] as const);
  const validUntilMs = site.nowMs + (1 + tape.below(200)) * MINUTE_MS;
  const about = { leaseId: node.leaseId ?? 'l1', nodeId, bootCount };
  return [ATTESTER, { kind: 'AttestationReport', ...about, verdict, validUntilMs }];
}

function anyMoves(site: Site, tape: Tape, node: Node): (() => Move)[] {
  const { nodeId } = node;
  const leaseId = node.leaseId ?? tape.pick(LEASES);
  const lessee = site.state.leases.get(leaseId)?.terms.lessee ?? 'org-t';
  const owner = party(node.owner!);
  const network = tape.pick([...site.state.networks.keys(), 'n1']);
  const networkOwner = party(site.state.networks.get(network)?.owner ?? 'org-a');
  const access = { network, organisation: tape.pick(organisationNames) };
  const listed = [...(site.state.networks.get(network)?.access ?? []), 'org-u'];
  const endMs = site.nowMs + tape.below(40) * MINUTE_MS;
  return [
    () => [owner, { kind: 'LeaseCreate', terms: randomTerms(site, tape, node) }],
    () => [owner, { kind: 'LeaseCancel', leaseId: tape.pick(LEASES) }],
    () => [tape.pick([owner, party(lessee), ADMIN]), { kind: 'LeaseUpdate', leaseId, endMs }],
    () => [party(lessee), { kind: 'LeaseReturn', leaseId, nodeIds: [nodeId] }],
    () => [owner, { kind: 'LeaseRecall', leaseId }],
    () => [networkOwner, { kind: 'NetworkGrant', ...access }],
    () => [networkOwner, { kind: 'NetworkRevoke', network, organisation: tape.pick(listed) }],
    () => [networkOwner, { kind: 'NetworkRevoke', network, organisation: tape.pick(listed) }],
    () => [networkOwner, { kind: 'NetworkDelete', network }],
    () => [ADMIN, { kind: 'NodeWithdraw', nodeId, state: tape.pick(['maintenance', 'broken']) }],
    () => [ADMIN, { kind: 'NodeReturn', nodeId }],
    () => [ADMIN, { kind: 'PortRevert', switchId: 'switch-0', portId: `${nodeId}-0` }],
    () => verdictMove(site, tape, node),
    ...useMoves(site, tape, { ...node, organisation: node.organisation ?? node.owner }),
  ];
}

function randomTerms(site: Site, tape: Tape, node: Node) {
  const startMs = site.nowMs + tape.below(30) * MINUTE_MS;
  const isMeasured = node.securityLevel !== 'none' && tape.below(3) > 0;
  const mates = NODES.filter((nodeId) => site.node(nodeId).owner === node.owner);
  return {
    leaseId: tape.pick(LEASES),
    contractId: null,
    owner: node.owner!,
    lessee: tape.pick(organisationNames),
    nodeIds: tape.below(3) === 0 ? mates : [node.nodeId],
    startMs,
    endMs: startMs + (1 + tape.below(90)) * MINUTE_MS,
    securityLevel: isMeasured ? ('full' as const) : ('none' as const),
    attester: isMeasured ? 'attester' : null,
    recallNoticeMs: tape.pick([null, 0, 5 * MINUTE_MS]),
  };
}

function randomSublease(site: Site, tape: Tape, node: Node) {
  const parent = site.state.leases.get(node.leaseId ?? '');
  const startMs = site.nowMs + tape.below(3) * MINUTE_MS;
  const endMs = Math.min(startMs + (1 + tape.below(30)) * MINUTE_MS, parent?.endMs ?? 0);
  const owner = parent?.terms.lessee ?? 'org-t';
  const leaseId = tape.pick(['s1', 's2']);
  return {
    ...randomTerms(site, tape, node),
    leaseId,
    owner,
    nodeIds: [node.nodeId],
    startMs,
    endMs,
  };
}

interface Run {
  readonly site: Site;
  /** Kinds of the commands that were accepted. */
  readonly accepted: ReadonlySet<string>;
}

function run(values: readonly number[], steps: number): Run {
  const tape = new Tape(values);
  const site = new Site(smallSite({ retryBaseMs: SECOND_MS, retryLimit: 2, networkIdLast: 12 }));
  const late: IsolationDeviceEffect[] = [];
  let isHealthy = tape.below(4) === 0;
  const faults: readonly Answer[] = [NO_EFFECT, UNCERTAIN, 'lost', 'obeyAndLose', 'obeyAndTimeOut'];
  site.behaviour = (effect) => {
    if (tape.below(15) === 0) late.push(effect);
    return isHealthy || tape.below(20) > 0 ? 'obey' : tape.pick(faults);
  };
  const accepted = new Set<string>();
  for (let step = 0; step < steps; step++) {
    const [from, command] = randomCommand(site, tape);
    const before = canonicalJson(site.state);
    const { refusal } = site.send(from, command);
    if (refusal === null) accepted.add(command.kind);
    else invariant(canonicalJson(site.state) === before, `${command.kind} refused, but changed`);
    checkHardware(site);
    site.run(tape.below(15) * SECOND_MS);
    if (tape.below(6) === 0) site.run(tape.below(10) * MINUTE_MS + tape.below(3_000));
    if (tape.below(12) === 0) drift(site, tape);
    const landing = tape.below(3) === 0 ? late.shift() : undefined;
    if (landing) site.obey(landing);
    checkHardware(site);
  }
  isHealthy = true;
  for (let hour = 0; hour < 4; hour++) {
    site.run(HOUR_MS);
    checkHardware(site);
  }
  return { site, accepted };
}

/** A read-back that nobody asked for, true or false. */
function drift(site: Site, tape: Tape): void {
  const nodeId = tape.pick(NODES);
  const seen = site.observe(nodeId);
  const isFalse = tape.below(6) === 0;
  const power = isFalse ? (seen.power === 'on' ? 'off' : 'on') : seen.power;
  const observation = { ...seen, power };
  const observedAtMs = site.nowMs;
  site.event({ kind: 'NodeObserved', nodeId, timeMs: site.nowMs, observedAtMs, observation });
}

/** The hardware itself, not what the service believes of it. */
function checkHardware(site: Site): void {
  for (const nodeId of NODES) {
    const node = site.node(nodeId);
    const { state } = node;
    const hardware = site.hardware.get(nodeId)!;
    if (state === 'free' || state === 'reserved') {
      invariant(site.isCutOff(nodeId), `${nodeId} is ${state}, but not cut off`);
      invariant(hardware.residueOf === null, `${nodeId} is ${state}, but not wiped`);
    }
    if (node.walk !== null || !['airlock', 'attesting', 'provisioning', 'active'].includes(state)) {
      continue;
    }
    const lessee = site.state.leases.get(node.leaseId!)!.terms.lessee;
    invariant([lessee, null].includes(hardware.bmcGrantee), `${nodeId}: a stranger’s BMC`);
    for (const { networkId } of [...hardware.ports.values()].flat()) {
      const network = site.state.networks.get(site.state.networkIds.inUse.get(networkId) ?? '');
      const isAirlock = networkId === node.airlockNetworkId;
      invariant(isAirlock || (network?.access.has(lessee) ?? false), `${nodeId} on ${networkId}`);
      invariant(isAirlock || node.joined, `${nodeId} is on a network before its verdict`);
    }
  }
}

const RUNS = 120;
const tapes = fc.array(fc.nat({ max: 9_999 }), { minLength: 120, maxLength: 200 });

/** Kinds of commands that the generator makes; each has to be accepted now and then. */
const KINDS = [
  ...['AirlockPowerOn', 'AttestationReport', 'EnclaveJoin', 'LeaseCancel', 'LeaseCreate'],
  ...['LeaseRecall', 'LeaseReturn', 'LeaseSublet', 'LeaseUpdate', 'NetworkConnect'],
  ...['NetworkCreate', 'NetworkDelete', 'NetworkDetach', 'NetworkGrant', 'NetworkRevoke'],
  ...['NodeActive', 'NodeConnect', 'NodeDetach', 'NodeReturn', 'NodeWithdraw', 'OutOfBandSet'],
  ...['PortRevert', 'PowerControl', 'PowerStatus'],
];

test('random commands on failing hardware keep every invariant, and all leases end', (t) => {
  const runsWith = new Map<string, number>(KINDS.map((kind) => [kind, 0]));
  fc.assert(
    fc.property(tapes, (values) => {
      const { site, accepted } = run(values, 60);
      for (const kind of accepted) runsWith.set(kind, runsWith.get(kind)! + 1);
      invariant(site.state.leases.size === 0, 'a lease did not end after the faults');
      for (const nodeId of NODES) {
        const node = site.node(nodeId);
        const isAtRest = node.walk === null && node.resumption === null;
        invariant(isAtRest && node.operations.length === 0, `${nodeId} did not come to rest`);
      }
    }),
    { numRuns: RUNS, seed: 20_190_401 },
  );
  t.deepEqual([...runsWith.keys()], KINDS);
  t.deepEqual(
    [...runsWith].filter(([, count]) => count === 0),
    [],
    'the generator reaches every command',
  );
});

test('A5: a journal replays to the same effects at every event and the same state', (t) => {
  fc.assert(
    fc.property(tapes, (values) => {
      const configuration = smallSite({ retryBaseMs: SECOND_MS, retryLimit: 2, networkIdLast: 12 });
      const { site } = run(values, 40);
      const writer = journalWriter<object, IsolationEvent, never>(sha256);
      const records: JournalRecord<IsolationEvent>[] = site.log.map(({ event, effects }, index) => {
        const isLast = index === site.log.length - 1;
        return writer.append(event, effects as never[], site.state, isLast);
      });
      // As they come back from a file.
      const read = records.map((record) => JSON.parse(JSON.stringify(record)) as typeof record);
      invariant(verifyChain(sha256, read) === null, 'the chain holds');
      const replay = replayJournal(siteService, configuration, read, sha256);
      invariant(replay.difference === null, replay.difference?.message ?? '');
      invariant(replay.events === site.log.length, 'every event was replayed');
    }),
    { numRuns: 12, seed: 20_190_402 },
  );
  t.pass();
});

test('A5: a throw at any object leaves nothing outside the state; replay recovers', (t) => {
  const values = Array.from({ length: 150 }, (_, index) => (index * 7_919 + 13) % 9_973);
  const { site } = run(values, 25);
  const configuration = smallSite({ retryBaseMs: SECOND_MS, retryLimit: 2, networkIdLast: 12 });
  const events = site.log.map(({ event }) => event);
  let throws = 0;
  for (let at = 0; at < events.length; at += 9) {
    for (const freeze of FREEZERS) {
      const crashed = replay(configuration, events.slice(0, at));
      freeze(crashed);
      try {
        siteService.step(crashed, events[at]!);
      } catch {
        throws += 1;
      }
      const recovered = replay(configuration, events.slice(0, at));
      const { effects } = siteService.step(recovered, events[at]!);
      t.is(canonicalJson(effects), canonicalJson(site.log[at]!.effects));
    }
  }
  t.true(throws > 10, `only ${throws} throws`);
});

const FREEZERS: readonly ((state: Site['state']) => void)[] = [
  ({ nodes }) => nodes.forEach((node) => Object.freeze(node)),
  ({ nodes }) => nodes.forEach((node) => Object.freeze(node.operations)),
  ({ nodes }) => nodes.forEach((node) => node.nics.forEach((nic) => Object.freeze(nic))),
  ({ leases }) => leases.forEach((lease) => Object.freeze(lease)),
  ({ nodes }) => nodes.forEach((node) => Object.freeze(node.reservations)),
];

function replay(
  configuration: Parameters<typeof siteService.initial>[0],
  events: readonly IsolationEvent[],
): Site['state'] {
  const state = siteService.initial(configuration);
  for (const event of events) siteService.step(state, event);
  return state;
}

test('a planted fault is found: hardware that forgets its fencing tokens', (t) => {
  const violations = fc.check(
    fc.property(tapes, (values) => {
      const original = Site.prototype.obey;
      Site.prototype.obey = function (this: Site, effect) {
        this.hardware.get(effect.nodeId)?.tokens.clear();
        return original.call(this, effect);
      };
      try {
        run(values, 60);
      } finally {
        Site.prototype.obey = original;
      }
    }),
    { numRuns: RUNS, seed: 20_190_401, endOnFailure: true },
  );
  t.true(violations.failed);
  t.regex(String(violations.errorInstance), /cut off|wiped|stranger|on \d|verdict/);
});

test('time never runs out: after a day of silence nothing is left to do', (t) => {
  const { site } = run([1, 2, 3, 5, 8, 13, 21, 34, 55, 89], 40);
  const before = site.log.length;
  site.run(DAY_MS);
  t.is(site.log.length, before);
});
