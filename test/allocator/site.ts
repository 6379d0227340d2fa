/**
 * A site for tests: the service, hardware that obeys at once (or as a test scripts it), timers and
 * a clock. It checks the invariants after every event.
 */
import { invariant } from '../../core/kernel/errors.ts';
import type { Outcome, Principal, Reply } from '../../core/kernel/service.ts';
import { SECOND_MS } from '../../core/kernel/units.ts';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import type { IsolationCommand, IsolationEvent } from '../../core/allocator/commands.ts';
import type {
  IsolationDeviceEffect,
  IsolationEffect,
  LeaseNotice,
  LeaseTerms,
  NodeObservation,
  Notify,
} from '../../core/allocator/protocol.ts';
import { isolationService } from '../../core/allocator/service.ts';
import type { Node } from '../../core/allocator/state.ts';

export const ADMIN: Principal = { role: 'admin', name: 'operator' };
export const MARKET: Principal = { role: 'service', name: 'market' };
export const ATTESTER: Principal = { role: 'service', name: 'attester' };
export function organisation(name: string): Principal {
  return { role: 'organisation', name };
}

/** `null` means: obey at once. `lost`: never answer. */
export type Behaviour = (effect: IsolationDeviceEffect) => Outcome<unknown> | 'lost' | null;

export const NO_EFFECT: Outcome<unknown> = {
  status: 'noEffect',
  error: { code: 'DEVICE_BUSY', message: 'nothing was done' },
};
export const UNCERTAIN: Outcome<unknown> = {
  status: 'uncertain',
  error: { code: 'DEVICE_TIMEOUT', message: 'no answer' },
};

export interface Hardware {
  power: 'on' | 'off';
  readonly ports: Record<string, readonly { networkId: number; channel: string }[]>;
  bmcGrantee: string | null;
  residueOf: string | null;
}

export const LATENCY_MS = 2 * SECOND_MS;

type Sent<C> = C extends IsolationCommand ? Omit<C, 'timeMs' | 'from' | 'commandId'> : never;

export class Site {
  readonly state;
  readonly log: { event: IsolationEvent; effects: readonly IsolationEffect[] }[] = [];
  readonly effects: IsolationEffect[] = [];
  readonly hardware = new Map<string, Hardware>();
  nowMs = 0;
  behaviour: Behaviour = () => null;
  /** Called after every event. */
  check: (site: Site) => void = () => {};
  readonly #timers = new Map<string, number>();
  readonly #inFlight: { atMs: number; effect: IsolationDeviceEffect; outcome: Outcome<unknown> }[] =
    [];
  #commands = 0;

  constructor(configuration: IsolationConfiguration) {
    this.state = isolationService.initial(configuration);
    for (const { nodeId, nics } of configuration.nodes ?? []) {
      this.addHardware(
        nodeId,
        nics.map((nic) => nic.portId),
      );
    }
  }

  addHardware(nodeId: string, portIds: readonly string[]): void {
    const ports = Object.fromEntries(portIds.map((portId) => [portId, []]));
    this.hardware.set(nodeId, { power: 'off', ports, bmcGrantee: null, residueOf: null });
  }

  node(nodeId: string): Node {
    const node = this.state.nodes.get(nodeId);
    invariant(node !== undefined, `no node ${nodeId}`);
    return node;
  }

  /** Runs one event and what it sets off at once. */
  event(event: IsolationEvent): readonly IsolationEffect[] {
    const { effects } = isolationService.step(this.state, event);
    this.log.push({ event, effects });
    for (const effect of effects) this.#run(effect);
    this.check(this);
    return effects;
  }

  /** Sends a command now; its reply. */
  send(from: Principal, command: Sent<IsolationCommand>): Reply {
    const commandId = `command-${++this.#commands}`;
    const effects = this.event({ ...command, from, commandId, timeMs: this.nowMs } as never);
    const replies = effects.filter((effect) => effect.kind === 'Reply');
    invariant(replies.length === 1, 'one reply a command');
    return replies[0]!;
  }

  /** The same, and it must be accepted. */
  done(from: Principal, command: Sent<IsolationCommand>): unknown {
    const { refusal, result } = this.send(from, command);
    invariant(refusal === null, `${command.kind}: ${refusal?.code} ${refusal?.message}`);
    return result;
  }

  /** The same, and it must be refused: its code. */
  refused(from: Principal, command: Sent<IsolationCommand>): string | undefined {
    return this.send(from, command).refusal?.code;
  }

  /** Lets time pass: outcomes and timers in the order of their times. */
  runUntil(untilMs: number): void {
    for (;;) {
      const nextMs = Math.min(
        ...this.#inFlight.map((entry) => entry.atMs),
        ...this.#timers.values(),
      );
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
    const index = this.#inFlight.findIndex((entry) => entry.atMs <= this.nowMs);
    if (index >= 0) {
      const [entry] = this.#inFlight.splice(index, 1);
      const { effect, outcome } = entry!;
      this.outcome(effect.effectId, outcome);
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
    const outcome = answer ?? this.obey(effect);
    this.#inFlight.push({ atMs: this.nowMs + LATENCY_MS, effect, outcome });
  }

  /** Does what the effect says; its honest outcome. */
  obey(effect: IsolationDeviceEffect): Outcome<unknown> {
    const hardware = this.hardware.get(effect.nodeId);
    invariant(hardware !== undefined, `no hardware ${effect.nodeId}`);
    if (effect.kind === 'PowerOff') hardware.power = 'off';
    else if (effect.kind === 'PowerOn') {
      hardware.power = 'on';
      hardware.residueOf = this.node(effect.nodeId).leaseId;
    } else if (effect.kind === 'RotateBmcToken') hardware.bmcGrantee = effect.grantee;
    else if (effect.kind === 'ConfigurePort') hardware.ports[effect.portId] = effect.attachments;
    else if (effect.kind === 'WipeNode') {
      hardware.residueOf = null;
      const value = { memoryScrubbed: true, disksErased: true, bmcReset: true };
      return { status: 'ok', value };
    } else if (effect.kind === 'ObserveNode') {
      return { status: 'ok', value: this.observe(effect.nodeId) };
    }
    return { status: 'ok', value: undefined };
  }

  observe(nodeId: string): NodeObservation {
    const { power, ports, bmcGrantee } = this.hardware.get(nodeId)!;
    return { power, ports: { ...ports }, bmcGrantee };
  }

  notices(kind: LeaseNotice['kind'], to?: string): LeaseNotice[] {
    return this.effects
      .filter((effect): effect is Notify => effect.kind === 'Notify')
      .filter(({ notice, to: { name } }) => notice.kind === kind && (to ?? name) === name)
      .map(({ notice }) => notice);
  }

  /** Kinds of the device effects of a node, in order. */
  deviceEffects(nodeId: string): IsolationDeviceEffect[] {
    return this.effects.filter(
      (effect): effect is IsolationDeviceEffect => 'nodeId' in effect && effect.nodeId === nodeId,
    );
  }
}

/** Two owners, a borrower, one switch, and nodes a1…, b1… with two NICs; a1… have a TPM. */
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
      { name: 'org-t' },
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
    startMs: 1_000_000,
    endMs: 5_000_000,
    securityLevel,
    attester: securityLevel === 'none' ? null : 'attester',
    recallNoticeMs: null,
    ...given,
  };
}

/** Drives a node of a started lease from the airlock to active, as an honest tenant does. */
export function activate(site: Site, leaseId: string, nodeId: string): void {
  const lease = site.state.leases.get(leaseId)!;
  const tenant = organisation(lease.terms.lessee);
  const minute = 60 * SECOND_MS;
  if (lease.terms.attester === null) {
    site.done(tenant, { kind: 'EnclaveJoin', leaseId, nodeId });
    site.run(minute);
    site.done(tenant, { kind: 'AirlockPowerOn', leaseId, nodeId });
    site.run(minute);
  } else {
    site.done(tenant, { kind: 'AirlockPowerOn', leaseId, nodeId });
    site.run(minute);
    report(site, leaseId, nodeId, 'trusted');
    site.done(tenant, { kind: 'EnclaveJoin', leaseId, nodeId });
    site.run(minute);
  }
  site.done(tenant, { kind: 'NodeActive', leaseId, nodeId });
}

export function report(
  site: Site,
  leaseId: string,
  nodeId: string,
  verdict: 'trusted' | 'rejected' | 'stale',
  validUntilMs = 1_000_000_000,
): void {
  const { bootCount } = site.node(nodeId);
  site.done(ATTESTER, {
    kind: 'AttestationReport',
    leaseId,
    nodeId,
    bootCount,
    verdict,
    validUntilMs,
  });
}
