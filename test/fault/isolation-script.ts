/** The isolation service on simulated hardware, driven by a script: for single faults. */
import type {
  IsolationDeviceEffect,
  LeaseNotice,
  LeaseTerms,
} from '../../core/allocator/protocol.ts';
import { siteService } from '../../core/offers/service.ts';
import type { IsolationConfiguration, IsolationEvent } from '../../core/allocator/service.ts';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { Outcome, Principal, Reply, ServiceEffect } from '../../core/kernel/service.ts';
import { defaultCalibration } from '../../sim/hardware/calibration/calibration.ts';
import { isHardwareEffect } from '../../sim/hardware/effects.ts';
import { SimulatedHardware } from '../../sim/hardware/hardware.ts';
import { EventQueue } from '../../sim/queue/event-queue.ts';

export const MINUTE_MS = 60_000;
const ATTESTER: Principal = { role: 'service', name: 'attester' };

export function organisation(name: string): Principal {
  return { role: 'organisation', name };
}

/** Nodes a1, a2 of owner-a and b1 of owner-b, each with one port. */
export const CONFIGURATION: IsolationConfiguration = {
  organisations: ['owner-a', 'owner-b', 'tenant-x', 'tenant-y'].map((name) => ({ name })),
  switches: [{ switchId: 'switch' }],
  nodes: ['a1', 'a2', 'b1'].map((nodeId) => ({
    nodeId,
    owner: `owner-${nodeId[0]}`,
    nodeClass: 'standard',
    securityLevel: 'full',
    nics: [{ nicId: 'nic', switchId: 'switch', portId: nodeId }],
  })),
};

export class IsolationScript {
  readonly state = siteService.initial(CONFIGURATION);
  readonly hardware: SimulatedHardware;
  readonly journal: { readonly event: IsolationEvent; readonly stateAfter: string }[] = [];
  readonly effects: ServiceEffect[] = [];
  nowMs = 0;
  /** What becomes of an effect; null: it is performed. */
  outcomeOf: (effect: IsolationDeviceEffect) => Outcome<never> | null = () => null;
  readonly #queue = new EventQueue<() => void>();
  readonly #timers = new Map<string, number>();
  #commands = 0;

  constructor() {
    this.hardware = new SimulatedHardware({
      calibration: defaultCalibration(),
      storageProfile: 'r630',
      mode: 'deterministic',
      seed: 1,
      replication: 0,
    });
    for (const { nodeId } of CONFIGURATION.nodes ?? []) {
      this.hardware.addNode({
        nodeId,
        profile: 'r630',
        firmware: 'uefi',
        endorsementKeyHash: nodeId,
        ports: [{ switchId: 'switch', portId: nodeId }],
      });
    }
  }

  /** Sends a command that must be accepted. */
  command(from: Principal, body: { readonly kind: string } & Record<string, unknown>): void {
    this.#commands += 1;
    const header = { commandId: `command-${this.#commands}`, from, timeMs: this.nowMs };
    const effects = this.#step({ ...body, ...header } as never);
    const reply = effects.find((effect) => effect.kind === 'Reply') as Reply;
    invariant(reply.refusal === null, `${body.kind}: ${reply.refusal?.code}`);
  }

  lease(given: Partial<LeaseTerms>): void {
    const securityLevel = given.securityLevel ?? 'attested';
    const terms: LeaseTerms = {
      leaseId: 'lease',
      contractId: null,
      owner: 'owner-a',
      lessee: 'tenant-x',
      nodeIds: ['a1'],
      startMs: this.nowMs,
      endMs: this.nowMs + 60 * MINUTE_MS,
      securityLevel,
      attester: securityLevel === 'none' ? null : 'attester',
      recallNoticeMs: null,
      ...given,
    };
    this.command(organisation(terms.owner), { kind: 'LeaseCreate', terms });
    this.run(5 * MINUTE_MS);
  }

  report(leaseId: string, nodeId: string, verdict: string, validUntilMs = 1_000_000_000): void {
    const bootCount = this.state.nodes.get(nodeId)!.bootCount;
    const body = { kind: 'AttestationReport', leaseId, nodeId, bootCount, verdict, validUntilMs };
    this.command(ATTESTER, body);
  }

  /** From the airlock into the enclave, as an honest tenant goes. */
  join(leaseId: string, nodeId: string, lessee: string): void {
    this.command(organisation(lessee), { kind: 'AirlockPowerOn', leaseId, nodeId });
    this.run(MINUTE_MS);
    this.report(leaseId, nodeId, 'trusted');
    this.command(organisation(lessee), { kind: 'EnclaveJoin', leaseId, nodeId });
    this.run(MINUTE_MS);
  }

  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    while (this.#queue.nextTimeMs() <= untilMs) {
      this.nowMs = this.#queue.nextTimeMs();
      this.#queue.next()!();
    }
    this.nowMs = untilMs;
  }

  /** Leases about which a party was told this. */
  told(kind: LeaseNotice['kind'], name: string): string[] {
    return this.effects.flatMap((effect) => {
      const { to, notice } = effect as { to?: Principal; notice?: LeaseNotice };
      return notice?.kind === kind && to?.name === name ? [notice.leaseId] : [];
    });
  }

  /** Networks that the service has ever put the node into. */
  networksOf(nodeId: string): Set<number> {
    const networks = new Set<number>();
    for (const effect of this.effects) {
      const { nodeId: owner, attachments = [] } = effect as {
        nodeId?: string;
        attachments?: readonly { readonly networkId: number }[];
      };
      if (owner !== nodeId) continue;
      for (const { networkId } of attachments) networks.add(networkId);
    }
    return networks;
  }

  #step(event: IsolationEvent): readonly ServiceEffect[] {
    const { effects } = siteService.step(this.state, event);
    this.journal.push({ event, stateAfter: canonicalJson(this.state) });
    for (const effect of effects) this.#begin(effect);
    return effects;
  }

  #begin(effect: ServiceEffect): void {
    this.effects.push(effect);
    const { timerId, atMs } = effect as { timerId?: string; atMs?: number };
    if (isHardwareEffect(effect)) {
      const given = this.outcomeOf(effect as IsolationDeviceEffect);
      const { completesAtMs, outcome } = this.hardware.perform(effect, this.nowMs);
      const { effectId } = effect;
      const told = given ?? outcome;
      this.#queue.schedule(completesAtMs, 0, () =>
        this.#step({
          kind: 'EffectOutcome',
          timeMs: this.nowMs,
          effectId,
          outcome: told,
        } as IsolationEvent),
      );
    } else if (timerId !== undefined) {
      this.#queue.cancel(this.#timers.get(timerId) ?? -1);
      if (atMs === undefined) return;
      const fire = () => this.#step({ kind: 'TimerFired', timeMs: this.nowMs, timerId });
      this.#timers.set(timerId, this.#queue.schedule(Math.max(this.nowMs, atMs), 0, fire));
    }
  }
}
