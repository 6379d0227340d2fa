/**
 * One provider's data centre: its isolation, attestation and provisioning services, and in it an
 * orchestrator for every organisation that may borrow there. Most scenarios have one of these.
 */
import type { Carried, Carrier } from '../../core/kernel/carried.ts';
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationEffect, LeaseNotice } from '../../core/allocator/protocol.ts';
import { checkIsolationInvariants } from '../../core/allocator/invariants.ts';
import { siteService } from '../../core/offers/service.ts';
import { attesterService } from '../../core/attester/attester.ts';
import type { AttesterEffect } from '../../core/attester/protocol.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type {
  EnclavePlan,
  OrchestratorEffect,
  OrchestratorEvent,
} from '../../core/leasing/protocol.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import type { ProvisionerEffect } from '../../core/provisioner/protocol.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { ServiceRunner } from './bus.ts';
import type { Bus } from './bus.ts';
import type { LeaseDesk } from './lease-desk.ts';
import type { ProviderNames } from './names.ts';
import type { RunSetup } from './setup.ts';
import { attesterConfiguration, isolationConfiguration, provisionerConfiguration } from './site.ts';

interface AnyRunner {
  post(event: never): void;
  scheduleOutcome(atMs: TimeMs, effectId: string, outcome: unknown): void;
}

export interface ProviderPorts {
  readonly bus: Bus;
  readonly hardware: SimulatedHardware;
  readonly leases: () => LeaseDesk;
  /** Whether a service of this name is an exchange; its answers go to the lease desk. */
  isExchange(service: string): boolean;
}

export class ProviderSite {
  readonly names: ProviderNames;
  readonly #ports: ProviderPorts;
  readonly #isolation;
  readonly #attester;
  readonly #provisioner;
  readonly #orchestrators = new Map<string, Carried & { post(event: OrchestratorEvent): void }>();

  constructor(setup: RunSetup, names: ProviderNames, ports: ProviderPorts) {
    this.names = names;
    this.#ports = ports;
    const { bus } = ports;
    this.#isolation = new ServiceRunner(
      names.isolation,
      siteService,
      isolationConfiguration(setup, names),
      bus,
      (effect, nowMs) => this.#onIsolation(effect, nowMs),
    );
    this.#attester = new ServiceRunner(
      names.attester,
      attesterService,
      attesterConfiguration(setup, names),
      bus,
      (effect, nowMs) => this.#onAttester(effect, nowMs),
    );
    this.#provisioner = new ServiceRunner(
      names.provisioner,
      provisionerService,
      provisionerConfiguration(names),
      bus,
      (effect, nowMs) => this.#onProvisioner(effect, nowMs),
    );
  }

  /** With one provider an organisation's instance needs no more than its own name. */
  addOrchestrator(organisation: string, isOnlyProvider: boolean): void {
    const instance = `orchestrator/${organisation}`;
    const runner = new ServiceRunner(
      isOnlyProvider ? instance : `${instance}/${this.names.provider}`,
      orchestratorService,
      { ...ORCHESTRATOR_DEFAULTS, name: organisation, isolation: this.names.isolation },
      this.#ports.bus,
      (effect: OrchestratorEffect, nowMs) => this.#onOrchestrator(organisation, effect, nowMs),
    );
    this.#orchestrators.set(organisation, runner);
  }

  postIsolation(event: IsolationEvent): void {
    this.#isolation.post(event);
  }

  postPlan(lessee: string, plan: EnclavePlan): void {
    this.#orchestrators.get(lessee)!.post(plan);
  }

  violations(): readonly string[] {
    return checkIsolationInvariants(this.#isolation.state);
  }

  #onIsolation(effect: IsolationEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#isolation, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'Notify') this.#tell(effect.to, effect.notice, nowMs);
  }

  #onAttester(effect: AttesterEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#attester, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'ReportVerdict') {
      const from = { role: 'service', name: this.#attester.name } as const;
      this.#isolation.post({ ...effect.command, timeMs: nowMs, from });
    } else if (effect.kind === 'Notify') {
      this.#orchestrators
        .get(effect.to.name)
        ?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice: effect.notice });
    }
  }

  #onProvisioner(effect: ProvisionerEffect, nowMs: TimeMs): void {
    if (isHardwareEffect(effect)) this.#perform(this.#provisioner, effect, nowMs);
    else if (effect.kind === 'Reply') this.#answer(effect.to, effect, nowMs);
    else if (effect.kind === 'Notify') {
      this.#orchestrators
        .get(effect.to.name)
        ?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice: effect.notice });
    }
  }

  #onOrchestrator(organisation: string, effect: OrchestratorEffect, nowMs: TimeMs): void {
    if (effect.kind !== 'Request') {
      this.#ports.leases().onOrchestrator(effect, nowMs);
      return;
    }
    const from = { role: 'organisation', name: organisation } as const;
    const target: AnyRunner =
      effect.service === this.names.isolation
        ? this.#isolation
        : effect.service === this.#attester.name
          ? this.#attester
          : this.#provisioner;
    target.post({ ...effect.command, timeMs: nowMs, from } as never);
  }

  /** Does an effect on hardware; its outcome comes back as an event when it is due. */
  #perform(
    runner: AnyRunner,
    effect: Parameters<SimulatedHardware['perform']>[0],
    nowMs: TimeMs,
  ): void {
    const { completesAtMs, outcome } = this.#ports.hardware.perform(effect, nowMs);
    runner.scheduleOutcome(completesAtMs, effect.effectId, outcome);
  }

  #answer(to: Principal, reply: Extract<IsolationEffect, { kind: 'Reply' }>, nowMs: TimeMs): void {
    if (to.role === 'organisation') {
      this.#orchestrators.get(to.name)?.post({ kind: 'ReplyReceived', timeMs: nowMs, reply });
    } else if (to.name === this.#attester.name) {
      this.#attester.post({ kind: 'ReplyReceived', timeMs: nowMs, reply });
    } else if (this.#ports.isExchange(to.name)) this.#ports.leases().onReply(reply, nowMs);
  }

  /** The lessee's orchestrator needs the notice, the owner's desk notes it. */
  #tell(to: Principal, notice: LeaseNotice, nowMs: TimeMs): void {
    if (to.name === this.#attester.name) {
      this.#attester.post({ kind: 'NoticeReceived', timeMs: nowMs, notice });
      return;
    }
    const leases = this.#ports.leases();
    if (leases.ownerOf(notice.leaseId) === to.name) leases.onNotice(notice, nowMs);
    else this.#orchestrators.get(to.name)?.post({ kind: 'NoticeReceived', timeMs: nowMs, notice });
  }

  /** Nothing refers to what is in here but by name. */
  anchors(): (readonly [string, object])[] {
    return [];
  }

  carry(carrier: Carrier): void {
    carrier.parts({
      isolation: this.#isolation,
      attester: this.#attester,
      provisioner: this.#provisioner,
    });
    for (const [name, runner] of this.#orchestrators) carrier.part(`orchestrator/${name}`, runner);
  }
}
