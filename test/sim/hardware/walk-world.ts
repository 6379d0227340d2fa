/**
 * A world without faults around the four services: messages arrive at once, effects are performed
 * by the simulated hardware. It leases all its nodes to one tenant and notes when what happened.
 */
import type { LeaseNotice } from '../../../core/allocator/protocol.ts';
import { siteService } from '../../../core/offers/service.ts';
import { attesterService } from '../../../core/attester/attester.ts';
import { ATTESTER_DEFAULTS } from '../../../core/attester/state.ts';
import type { Principal, ServiceEffect, ServiceEvent } from '../../../core/kernel/service.ts';
import { HOUR_MS, MINUTE_MS } from '../../../core/kernel/units.ts';
import { orchestratorService } from '../../../core/leasing/orchestrator.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../../core/leasing/state.ts';
import type { SecurityLevel } from '../../../core/market/orders.ts';
import type { ProvisioningMethod } from '../../../core/provisioner/protocol.ts';
import { provisionerService } from '../../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../../core/provisioner/state.ts';
import { defaultCalibration } from '../../../sim/hardware/calibration/calibration.ts';
import type { Calibration } from '../../../sim/hardware/calibration/calibration.ts';
import { isHardwareEffect } from '../../../sim/hardware/effects.ts';
import { SimulatedHardware } from '../../../sim/hardware/hardware.ts';
import { goldenMeasurements } from '../../../sim/hardware/node.ts';
import type { NodeFirmware } from '../../../sim/hardware/provisioning-time.ts';
import { EventQueue } from '../../../sim/queue/event-queue.ts';

export interface WalkOptions {
  readonly profile?: string;
  readonly calibration?: Calibration;
  readonly firmware: NodeFirmware;
  readonly securityLevel: SecurityLevel;
  readonly method?: ProvisioningMethod;
  /** Nodes of the one lease. */
  readonly nodes?: number;
  readonly mode?: 'deterministic' | 'sampled';
  readonly seed?: number;
  /** What the first node's firmware measures; default: what it should. */
  readonly measurements?: Readonly<Record<string, string>>;
}

/** Times of one node in milliseconds; absent: it never came to that. */
export interface NodeTimes {
  leaseStartMs?: number;
  inAirlockMs?: number;
  poweredOnMs?: number;
  inEnclaveMs?: number;
  activeMs?: number;
  endingMs?: number;
  freedMs?: number;
  withheld?: { readonly state: string; readonly code: string };
}

const TENANT: Principal = { role: 'organisation', name: 'tenant' };
const START_MS = MINUTE_MS;
const END_MS = 4 * HOUR_MS;

/** The steps of a service, as the world sees them. */
type Step = (event: ServiceEvent) => readonly ServiceEffect[];

export function runWalk(options: WalkOptions): Map<string, NodeTimes> {
  const world = new WalkWorld(options);
  world.lease(options);
  world.run();
  return world.times;
}

class WalkWorld {
  readonly times = new Map<string, NodeTimes>();
  readonly #hardware: SimulatedHardware;
  readonly #queue = new EventQueue<() => void>();
  readonly #services = new Map<string, Step>();
  readonly #timers = new Map<string, number>();
  #nowMs = 0;

  constructor(options: WalkOptions) {
    const { profile = 'r630', firmware, nodes = 1 } = options;
    this.#hardware = new SimulatedHardware({
      calibration: options.calibration ?? defaultCalibration(),
      storageProfile: profile,
      mode: options.mode ?? 'deterministic',
      seed: options.seed ?? 1,
      replication: 0,
    });
    this.#hardware.storage.addImage('image', 'snapshot');
    const nodeIds = Array.from({ length: nodes }, (_, index) => `node-${index}`);
    for (const [index, nodeId] of nodeIds.entries()) {
      this.times.set(nodeId, {});
      this.#hardware.addNode({
        nodeId,
        profile,
        firmware,
        endorsementKeyHash: `ek-${nodeId}`,
        ports: [{ switchId: 'switch', portId: nodeId }],
        ...(index === 0 && options.measurements ? { measurements: options.measurements } : {}),
      });
    }
    this.#addServices(nodeIds, firmware);
  }

  #addServices(nodeIds: readonly string[], firmware: NodeFirmware): void {
    this.#add('isolation', siteService as never, {
      organisations: [{ name: 'owner' }, { name: 'tenant' }],
      switches: [{ switchId: 'switch' }],
      nodes: nodeIds.map((nodeId) => ({
        nodeId,
        owner: 'owner',
        nodeClass: 'standard',
        securityLevel: 'full',
        nics: [{ nicId: 'nic', switchId: 'switch', portId: nodeId }],
      })),
    });
    this.#add('attester', attesterService as never, {
      ...ATTESTER_DEFAULTS,
      name: 'attester',
      nodes: nodeIds.map((nodeId) => ({
        nodeId,
        endorsementKeyHash: `ek-${nodeId}`,
        profile: firmware,
      })),
      policies: [
        {
          policyId: 'policy',
          owner: 'tenant',
          version: 1,
          profiles: [
            {
              profile: firmware,
              pcrs: Object.entries(goldenMeasurements(firmware)).map(([index, digest]) => ({
                index,
                digests: [digest],
              })),
            },
          ],
          runtimeDigests: null,
          releasesKeyShare: true,
        },
      ],
    });
    this.#add('provisioner', provisionerService as never, {
      ...PROVISIONER_DEFAULTS,
      name: 'provisioner',
      images: [{ imageId: 'image', owner: 'tenant', shared: true, snapshotId: 'snapshot' }],
    });
    this.#add('tenant', orchestratorService as never, { ...ORCHESTRATOR_DEFAULTS, name: 'tenant' });
  }

  #add(
    name: string,
    service: {
      initial(configuration: unknown): unknown;
      step(state: unknown, event: unknown): { effects: readonly ServiceEffect[] };
    },
    configuration: unknown,
  ): void {
    const state = service.initial(configuration);
    this.#services.set(name, (event) => service.step(state, event).effects);
  }

  lease({ securityLevel, method = 'diskless' }: WalkOptions): void {
    const attester = securityLevel === 'none' ? null : 'attester';
    const terms = {
      leaseId: 'lease',
      contractId: null,
      owner: 'owner',
      lessee: 'tenant',
      nodeIds: [...this.times.keys()],
      startMs: START_MS,
      endMs: END_MS,
      securityLevel,
      attester,
      recallNoticeMs: null,
    };
    this.#send('isolation', {
      kind: 'LeaseCreate',
      commandId: 'create',
      from: { role: 'organisation', name: 'owner' },
      terms,
    });
    this.#send('tenant', {
      kind: 'EnclavePlan',
      leaseId: 'lease',
      securityLevel,
      method,
      imageId: 'image',
      policyId: 'policy',
      attester,
      provisioner: 'provisioner',
    });
  }

  run(): void {
    for (;;) {
      const atMs = this.#queue.nextTimeMs();
      const action = this.#queue.next();
      if (action === undefined) return;
      this.#nowMs = atMs;
      action();
    }
  }

  #send(service: string, event: object): void {
    this.#queue.schedule(this.#nowMs, 0, () => this.#deliver(service, event));
  }

  #deliver(name: string, event: object): void {
    const step = this.#services.get(name);
    if (step === undefined) return;
    const effects = step({ ...event, timeMs: this.#nowMs } as ServiceEvent);
    const { kind, nodeId } = event as { kind: string; nodeId: string };
    for (const effect of effects) {
      const { refusal } = effect as { refusal?: { code: string } | null };
      if (kind === 'NodeActive' && refusal === null) this.times.get(nodeId)!.activeMs = this.#nowMs;
      if (refusal) throw new Error(`${name} refuses ${kind}: ${refusal.code}`);
      this.#begin(name, effect);
    }
  }

  #begin(name: string, effect: ServiceEffect): void {
    if (isHardwareEffect(effect)) {
      const { completesAtMs, outcome } = this.#hardware.perform(effect, this.#nowMs);
      if (effect.kind === 'PowerOn') this.times.get(effect.nodeId)!.poweredOnMs = this.#nowMs;
      const { effectId } = effect;
      const event = { kind: 'EffectOutcome', effectId, outcome };
      this.#queue.schedule(completesAtMs, 0, () => this.#deliver(name, event));
      return;
    }
    const told = effect as unknown as Record<string, never>;
    const timer = `${name} ${told['timerId']}`;
    switch (effect.kind) {
      case 'SetTimer':
      case 'CancelTimer':
        this.#queue.cancel(this.#timers.get(timer) ?? -1);
        if (effect.kind === 'CancelTimer') return;
        this.#timers.set(
          timer,
          this.#queue.schedule(Math.max(this.#nowMs, told['atMs']!), 0, () =>
            this.#deliver(name, { kind: 'TimerFired', timerId: told['timerId'] }),
          ),
        );
        return;
      case 'Notify':
        this.#note(told['notice']!);
        this.#send((told['to']! as Principal).name, {
          kind: 'NoticeReceived',
          notice: told['notice'],
        });
        return;
      case 'Request':
      case 'ReportVerdict':
        this.#send(told['service']!, {
          ...(told['command']! as object),
          from: name === 'tenant' ? TENANT : { role: 'service', name },
        });
        return;
    }
  }

  #note(notice: LeaseNotice): void {
    for (const [nodeId, times] of this.times) {
      if ('nodeId' in notice && notice.nodeId !== nodeId) continue;
      if (notice.kind === 'LeaseStarted') times.leaseStartMs = this.#nowMs;
      if (notice.kind === 'NodeInAirlock') times.inAirlockMs = this.#nowMs;
      if (notice.kind === 'NodeInEnclave') times.inEnclaveMs = this.#nowMs;
      if (notice.kind === 'LeaseEnding') times.endingMs = this.#nowMs;
      if (notice.kind === 'NodeFreed') times.freedMs = this.#nowMs;
      if (notice.kind === 'NodeWithheld') times.withheld = notice;
    }
  }
}
