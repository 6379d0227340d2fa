/**
 * A site for tests: the service, hardware that obeys (or as a test scripts it), timers and a
 * clock. It checks the invariants after every event.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { Outcome, Principal, Reply } from '../../core/kernel/service.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/kernel/units.ts';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import { checkIsolationInvariants } from '../../core/allocator/invariants.ts';
import type { IsolationCommand, IsolationEvent } from '../../core/allocator/commands.ts';
import type {
  IsolationDeviceEffect,
  IsolationEffect,
  LeaseNotice,
  LeaseTerms,
  NodeObservation,
} from '../../core/allocator/protocol.ts';
import { siteService } from '../../core/offers/service.ts';
import type { IsolationState, Nic, Node } from '../../core/allocator/state.ts';
import { viewIsolation, type IsolationQuery } from '../../core/allocator/views.ts';

export const ADMIN: Principal = { role: 'admin', name: 'operator' };
export const MARKET: Principal = { role: 'service', name: 'market' };
export const ATTESTER: Principal = { role: 'service', name: 'attester' };
export const ORCHESTRATOR: Principal = { role: 'service', name: 'orchestrator' };
export const A: Principal = { role: 'organisation', name: 'org-a' };
export const B: Principal = { role: 'organisation', name: 'org-b' };
export const TENANT: Principal = { role: 'organisation', name: 'org-t' };
export const STRANGER: Principal = { role: 'organisation', name: 'org-u' };

export const NO_EFFECT: Outcome<unknown> = {
  status: 'noEffect',
  error: { code: 'DEVICE_BUSY', message: 'nothing was done' },
};
export const UNCERTAIN: Outcome<unknown> = {
  status: 'uncertain',
  error: { code: 'DEVICE_TIMEOUT', message: 'no answer' },
};

/** What a device does with an effect: obey (null too), answer something else, or not at all. */
export type Answer = Outcome<unknown> | null | 'obey' | 'lost' | 'obeyAndLose' | 'obeyAndTimeOut';
export type Behaviour = (effect: IsolationDeviceEffect) => Answer;

export const LATENCY_MS = 2 * SECOND_MS;
/** Start and end of the leases that `terms` makes. */
export const START_MS = 1_000_000;
export const END_MS = 5_000_000;

interface Hardware {
  power: 'on' | 'off';
  readonly ports: Map<string, readonly { networkId: number; channel: string }[]>;
  bmcGrantee: string | null;
  /** Lease that left something on it since it was last wiped. */
  residueOf: string | null;
  /** Device → largest fencing token that it has seen. */
  readonly tokens: Map<string, number>;
}

export type Sent = IsolationCommand extends infer C
  ? C extends IsolationCommand
    ? Omit<C, 'timeMs' | 'from' | 'commandId'>
    : never
  : never;
type Asked = IsolationQuery extends infer Q
  ? Q extends IsolationQuery
    ? Omit<Q, 'from'>
    : never
  : never;

interface InFlight {
  readonly atMs: number;
  readonly effectId: string;
  readonly outcome: Outcome<unknown>;
}

export class Site {
  readonly state: IsolationState;
  readonly log: { event: IsolationEvent; effects: readonly IsolationEffect[] }[] = [];
  readonly effects: IsolationEffect[] = [];
  readonly hardware = new Map<string, Hardware>();
  nowMs = 0;
  behaviour: Behaviour = () => 'obey';
  readonly #timers = new Map<string, number>();
  #inFlight: InFlight[] = [];
  #commands = 0;

  constructor(configuration: IsolationConfiguration) {
    this.state = siteService.initial(configuration);
    for (const { nodeId } of configuration.nodes ?? []) this.addHardware(nodeId);
  }

  addHardware(nodeId: string): void {
    const off = { power: 'off', bmcGrantee: null, residueOf: null } as const;
    this.hardware.set(nodeId, { ...off, ports: new Map(), tokens: new Map() });
  }

  node(nodeId: string): Node {
    const node = this.state.nodes.get(nodeId);
    invariant(node !== undefined, `no node ${nodeId}`);
    return node;
  }

  nic(nodeId: string, nicId = 'nic0'): Nic {
    return this.node(nodeId).nics.find((nic) => nic.nicId === nicId)!;
  }

  /** Runs one event and what it sets off at once. */
  event(event: IsolationEvent): readonly IsolationEffect[] {
    const { effects } = siteService.step(this.state, event);
    this.log.push({ event, effects });
    for (const effect of effects) this.#run(effect);
    const violations = checkIsolationInvariants(this.state);
    invariant(violations.length === 0, `${event.kind}: ${violations.join('; ')}`);
    return effects;
  }

  /** Sends a command now; its one reply. */
  send(from: Principal, command: Sent): Reply {
    this.#commands += 1;
    const header = { from, commandId: `command-${this.#commands}`, timeMs: this.nowMs };
    const effects = this.event({ ...command, ...header } as IsolationCommand);
    const replies = effects.filter((effect) => effect.kind === 'Reply');
    invariant(replies.length === 1, 'one reply a command');
    return replies[0]!;
  }

  /** Sends a command that must be accepted; its result. */
  done(from: Principal, command: Sent): unknown {
    const { refusal, result } = this.send(from, command);
    invariant(refusal === null, `${command.kind}: ${refusal?.code} ${refusal?.message}`);
    return result;
  }

  /** The same, and what it sets off is waited for. */
  settle(from: Principal, command: Sent): unknown {
    const result = this.done(from, command);
    this.run(MINUTE_MS);
    return result;
  }

  /** Sends a command that must be refused and change nothing; the code. */
  refused(from: Principal, command: Sent): string {
    const before = canonicalJson(this.state);
    const { refusal } = this.send(from, command);
    invariant(refusal !== null, `${command.kind} was accepted`);
    invariant(canonicalJson(this.state) === before, `${command.kind} was refused, with effects`);
    return refusal.code;
  }

  view(from: Principal, query: Asked): Record<string, unknown> {
    return viewIsolation(this.state, this.nowMs, { ...query, from } as IsolationQuery) as never;
  }

  /** Lets time pass: outcomes and timers in the order of their times. */
  runUntil(untilMs: number): void {
    for (;;) {
      const outcomes = this.#inFlight.map((entry) => entry.atMs);
      const nextMs = Math.min(...outcomes, ...this.#timers.values());
      if (!(nextMs <= untilMs)) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#runDue();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  run(durationMs: number): void {
    this.runUntil(this.nowMs + durationMs);
  }

  #runDue(): void {
    const due = this.#inFlight.find((entry) => entry.atMs <= this.nowMs);
    if (due) {
      this.#inFlight = this.#inFlight.filter((entry) => entry !== due);
      this.outcome(due.effectId, due.outcome);
      return;
    }
    for (const [timerId, atMs] of this.#timers) {
      if (atMs > this.nowMs) continue;
      this.#timers.delete(timerId);
      this.event({ kind: 'TimerFired', timeMs: this.nowMs, timerId });
      return;
    }
  }

  outcome(effectId: string, outcome: Outcome<unknown>): readonly IsolationEffect[] {
    const event = { kind: 'EffectOutcome', timeMs: this.nowMs, effectId, outcome };
    return this.event(event as IsolationEvent);
  }

  #run(effect: IsolationEffect): void {
    this.effects.push(effect);
    if (effect.kind === 'SetTimer') this.#timers.set(effect.timerId, effect.atMs);
    else if (effect.kind === 'CancelTimer') this.#timers.delete(effect.timerId);
    else if ('effectId' in effect) this.#runDevice(effect);
  }

  #runDevice(effect: IsolationDeviceEffect): void {
    const answer = this.behaviour(effect);
    if (answer === 'lost') return;
    let outcome = typeof answer === 'object' && answer ? answer : this.obey(effect);
    if (answer === 'obeyAndLose') return;
    if (answer === 'obeyAndTimeOut') outcome = UNCERTAIN;
    this.#inFlight.push({ atMs: this.nowMs + LATENCY_MS, effectId: effect.effectId, outcome });
  }

  /** Does what the effect says, unless its device has seen a larger token; its honest outcome. */
  obey(effect: IsolationDeviceEffect): Outcome<unknown> {
    const hardware = this.hardware.get(effect.nodeId);
    invariant(hardware !== undefined, `no hardware ${effect.nodeId}`);
    const { tokens } = hardware;
    const ports = this.node(effect.nodeId).nics.flatMap((nic) => nic.port?.portId ?? []);
    const device = effect.kind === 'ConfigurePort' ? effect.portId : 'bmc';
    const seen = effect.kind === 'ObserveNode' ? ['bmc', ...ports] : [device];
    if (seen.some((name) => (tokens.get(name) ?? 0) > effect.fencingToken)) return NO_EFFECT;
    for (const name of seen) tokens.set(name, effect.fencingToken);
    switch (effect.kind) {
      case 'PowerOff':
        hardware.power = 'off';
        break;
      case 'PowerOn':
        hardware.power = 'on';
        hardware.residueOf = this.node(effect.nodeId).leaseId ?? 'by hand';
        break;
      case 'RotateBmcToken':
        hardware.bmcGrantee = effect.grantee;
        break;
      case 'ConfigurePort':
        hardware.ports.set(effect.portId, effect.attachments);
        break;
      case 'WipeNode':
        hardware.residueOf = null;
        return {
          status: 'ok',
          value: { memoryScrubbed: true, disksErased: true, bmcReset: true },
        };
      case 'ObserveNode':
        return { status: 'ok', value: this.observe(effect.nodeId) };
    }
    return { status: 'ok', value: undefined };
  }

  /** What the hardware shows. */
  observe(nodeId: string): NodeObservation {
    const { power, ports, bmcGrantee } = this.hardware.get(nodeId)!;
    const seen = this.node(nodeId).nics.flatMap(({ port }) =>
      port ? [[port.portId, ports.get(port.portId) ?? []] as const] : [],
    );
    return { power, ports: Object.fromEntries(seen), bmcGrantee };
  }

  isCutOff(nodeId: string): boolean {
    const { power, ports, bmcGrantee } = this.observe(nodeId);
    const isShut = Object.values(ports).every((attachments) => attachments.length === 0);
    return power === 'off' && isShut && bmcGrantee === null;
  }

  /** Notices of a kind, as `receiver node-or-lease`. */
  told(kind: LeaseNotice['kind']): string[] {
    return this.effects.flatMap((effect) => {
      if (effect.kind !== 'Notify' || effect.notice.kind !== kind) return [];
      const { notice } = effect;
      return [`${effect.to.name} ${'nodeId' in notice ? notice.nodeId : notice.leaseId}`];
    });
  }

  /** Notices of a kind, of those to one receiver or of all. */
  notices(kind: LeaseNotice['kind'], to?: string): LeaseNotice[] {
    return this.effects.flatMap((effect) => {
      if (effect.kind !== 'Notify' || effect.notice.kind !== kind) return [];
      return (to ?? effect.to.name) === effect.to.name ? [effect.notice] : [];
    });
  }

  /** Device effects of a node so far, in order. */
  deviceEffects(nodeId: string): IsolationDeviceEffect[] {
    return this.effects.filter(
      (effect): effect is IsolationDeviceEffect => 'effectId' in effect && effect.nodeId === nodeId,
    );
  }

  lastEffect(nodeId: string, kind: IsolationDeviceEffect['kind']): IsolationDeviceEffect {
    return this.deviceEffects(nodeId).findLast((effect) => effect.kind === kind)!;
  }
}

/** org-a and org-b own nodes a1…, b1… with two NICs on two switches; a1… have a TPM. */
export function smallSite(
  settings: IsolationConfiguration['settings'] = {},
  nodesEach = 2,
): IsolationConfiguration {
  const nodes = ['a', 'b'].flatMap((owner) =>
    Array.from({ length: nodesEach }, (_, index) => ({
      nodeId: `${owner}${index + 1}`,
      owner: `org-${owner}`,
      nodeClass: 'standard',
      securityLevel: owner === 'a' ? ('full' as const) : ('none' as const),
      nics: [0, 1].map((nic) => ({
        nicId: `nic${nic}`,
        switchId: `switch-${nic}`,
        portId: `${owner}${index + 1}-${nic}`,
      })),
    })),
  );
  return {
    settings,
    organisations: [
      { name: 'org-a', delegations: [{ service: 'market', rights: ['leasing'] }] },
      { name: 'org-b', delegations: [{ service: 'market', rights: ['leasing'] }] },
      { name: 'org-t', delegations: [{ service: 'orchestrator', rights: ['tenancy'] }] },
      { name: 'org-u' },
    ],
    switches: [{ switchId: 'switch-0' }, { switchId: 'switch-1' }],
    nodes,
  };
}

export function terms(given: Partial<LeaseTerms> = {}): LeaseTerms {
  const securityLevel = given.securityLevel ?? 'attested';
  return {
    leaseId: 'lease-1',
    contractId: null,
    owner: 'org-a',
    lessee: 'org-t',
    nodeIds: ['a1'],
    startMs: START_MS,
    endMs: END_MS,
    securityLevel,
    attester: securityLevel === 'none' ? null : 'attester',
    recallNoticeMs: null,
    ...given,
  };
}

/** A site where a lease with these terms has begun and its nodes are in the airlock. */
export function startedSite(given: Partial<LeaseTerms> = {}, configuration = smallSite()): Site {
  const site = new Site(configuration);
  const wanted = terms(given);
  site.done(ADMIN, { kind: 'LeaseCreate', terms: wanted });
  site.runUntil(wanted.startMs + MINUTE_MS);
  return site;
}

/** The same, and its nodes are active. */
export function activeSite(given: Partial<LeaseTerms> = {}, configuration = smallSite()): Site {
  const site = startedSite(given, configuration);
  const { leaseId, nodeIds } = terms(given);
  for (const nodeId of nodeIds) activate(site, nodeId, leaseId);
  return site;
}

/** Drives a node from the airlock to active, as an honest tenant does. */
export function activate(site: Site, nodeId: string, leaseId = 'lease-1'): void {
  const { lessee, attester } = site.state.leases.get(leaseId)!.terms;
  const from: Principal = { role: 'organisation', name: lessee };
  if (attester === null) {
    site.settle(from, { kind: 'EnclaveJoin', leaseId, nodeId });
    site.settle(from, { kind: 'AirlockPowerOn', leaseId, nodeId });
  } else {
    site.settle(from, { kind: 'AirlockPowerOn', leaseId, nodeId });
    report(site, nodeId, 'trusted', { leaseId });
    site.settle(from, { kind: 'EnclaveJoin', leaseId, nodeId });
  }
  site.done(from, { kind: 'NodeActive', leaseId, nodeId });
}

export function reportOf(
  site: Site,
  nodeId: string,
  verdict: 'trusted' | 'rejected' | 'stale',
  { leaseId = 'lease-1', validUntilMs = 1_000_000_000 } = {},
): Sent {
  const { bootCount } = site.node(nodeId);
  return { kind: 'AttestationReport', leaseId, nodeId, bootCount, verdict, validUntilMs };
}

export function report(
  site: Site,
  nodeId: string,
  verdict: 'trusted' | 'rejected' | 'stale',
  options: { leaseId?: string; validUntilMs?: number } = {},
): void {
  site.done(ATTESTER, reportOf(site, nodeId, verdict, options));
}

/** Connects a1 to org-a by hand, and makes it a network. */
export function handSite(configuration = smallSite()): Site {
  const site = new Site(configuration);
  site.done(A, { kind: 'NodeConnect', organisation: 'org-a', nodeId: 'a1' });
  makeNetwork(site, 'net-a', 'org-a');
  return site;
}

export function makeNetwork(site: Site, network: string, owner: string): void {
  site.done(ADMIN, {
    kind: 'NetworkCreate',
    network,
    owner,
    access: owner,
    isPublic: false,
    networkId: null,
  });
}

export const organisationNames = ['org-a', 'org-b', 'org-t', 'org-u'] as const;

export function organisation(name: string): Principal {
  return { role: 'organisation', name };
}
