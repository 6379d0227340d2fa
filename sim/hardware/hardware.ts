/**
 * The simulated hardware: real devices' state, what effects do to it, and how long they take.
 *
 * Two ways to use it. A market simulation calls {@link SimulatedHardware.perform}, which applies
 * an effect at once and tells when its outcome is due. A fault simulation asks for the duration
 * with `dueMs` and calls `apply` at the instant at which the effect really reaches its device.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { IsolationDeviceEffect, NodeObservation } from '../../core/allocator/protocol.ts';
import type { RequestQuote } from '../../core/attester/protocol.ts';
import { invariant } from '../../core/kernel/errors.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import { ok } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { BootNode } from '../../core/provisioner/protocol.ts';
import type { Calibration } from './calibration/calibration.ts';
import { Crowd } from './crowd.ts';
import { networkChanges, quoteDueMs } from './delays.ts';
import { bootVariant, effectTimes, storageTimes } from './effect-times.ts';
import type { EffectTimes, StorageTimes } from './effect-times.ts';
import type { HardwareEffect, HardwareOutcome } from './effects.ts';
import {
  DEVICE_ERROR,
  DEVICE_FENCED,
  DEVICE_TIMEOUT,
  DEVICE_UNKNOWN,
  NO_BOOT_DISK,
  NO_FAILURES,
  NO_TPM,
  NODE_FAILED,
  NODE_OFF,
  NODE_OUT_OF_REACH,
} from './failures.ts';
import type { FailureRates } from './failures.ts';
import { HardwareDraws } from './hardware-draws.ts';
import { KeyStore } from './key-store.ts';
import { SegmentMap } from './segments.ts';
import { SimulatedNode } from './node.ts';
import type { NodeSpecification, SimulatedPort } from './node.ts';
import type { Extrapolation } from './provisioning-time.ts';
import { SimulatedStorage } from './storage.ts';

export interface Performed {
  completesAtMs: TimeMs;
  outcome: HardwareOutcome;
}

export interface HardwareOptions {
  readonly calibration: Calibration;
  /** Profile whose storage times hold. */
  readonly storageProfile: string;
  /** `sampled`: durations vary around the published means. */
  readonly mode: 'deterministic' | 'sampled';
  readonly seed: number;
  readonly replication: number;
  readonly extrapolation?: Extrapolation;
  readonly failureRates?: FailureRates;
  /**
   * Whether whoever boots a node is in a network with it; default always. Where tenants are not
   * trusted, the world knows whose lease the effect belongs to.
   */
  readonly reaches?: (effect: BootNode, node: SimulatedNode) => boolean;
  /** False plants a fault: devices and stores accept whatever arrives. */
  readonly fencing?: boolean;
}

const WIPE_EVIDENCE: HardwareOutcome = Object.freeze({
  status: 'ok',
  value: Object.freeze({ memoryScrubbed: true, disksErased: true, bmcReset: true }),
});

export class SimulatedHardware {
  readonly storage: SimulatedStorage;
  readonly segments = new SegmentMap();
  readonly #keys: KeyStore;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #options: HardwareOptions;
  readonly #fencing: boolean;
  readonly #fails: boolean;
  readonly #draws: HardwareDraws;
  readonly #crowd = new Crowd();
  readonly #storageTimes: StorageTimes;
  readonly #timesByKind = new Map<string, EffectTimes>();
  readonly #performed: Performed = { completesAtMs: 0, outcome: ok };

  constructor(options: HardwareOptions) {
    this.#options = options;
    this.#fencing = options.fencing ?? true;
    const { seed, replication, mode, failureRates = NO_FAILURES } = options;
    this.#fails = failureRates !== NO_FAILURES;
    const rates = this.#fails ? failureRates : null;
    this.#draws = new HardwareDraws(seed, replication, mode === 'sampled', rates);
    this.storage = new SimulatedStorage(this.#fencing);
    this.#keys = new KeyStore(this.#fencing);
    this.#storageTimes = storageTimes(this.#profile(options.storageProfile));
  }

  addNode(specification: NodeSpecification): SimulatedNode {
    const { nodeId, profile, firmware } = specification;
    invariant(!this.#nodes.has(nodeId), `node ${nodeId} is there already`);
    const kind = JSON.stringify([profile, firmware]);
    let times = this.#timesByKind.get(kind);
    if (times === undefined) {
      times = effectTimes(this.#profile(profile), firmware, this.#options.extrapolation ?? 'flat');
      this.#timesByKind.set(kind, times);
    }
    const node = new SimulatedNode(specification, times);
    this.#nodes.set(nodeId, node);
    return node;
  }

  node(nodeId: string): SimulatedNode | undefined {
    return this.#nodes.get(nodeId);
  }

  nodes(): IterableIterator<SimulatedNode> {
    return this.#nodes.values();
  }

  /**
   * Does an effect now and tells when its outcome is due.
   *
   * @returns one object that the next call uses again
   */
  perform(effect: HardwareEffect, nowMs: TimeMs): Performed {
    const performed = this.#performed;
    const dueMs = this.dueMs(effect, nowMs);
    if (this.#fails && this.#performFailing(effect, nowMs, dueMs)) {
      return performed;
    }
    performed.outcome = this.apply(effect, nowMs, dueMs);
    performed.completesAtMs = dueMs;
    if (dueMs > effect.deadlineMs) {
      performed.completesAtMs = Math.max(nowMs, effect.deadlineMs);
      performed.outcome = DEVICE_TIMEOUT;
    }
    return performed;
  }

  /** True where a failure was drawn and told; false where all goes well. */
  #performFailing(effect: HardwareEffect, nowMs: TimeMs, dueMs: TimeMs): boolean {
    const fate = this.#draws.fate(effect);
    if (fate === 'done') return false;
    const performed = this.#performed;
    if (fate === 'uncertainApplied') this.apply(effect, nowMs, dueMs);
    performed.completesAtMs = fate === 'noEffect' ? dueMs : Math.max(nowMs, effect.deadlineMs);
    performed.outcome = fate === 'noEffect' ? DEVICE_ERROR : DEVICE_TIMEOUT;
    return true;
  }

  /** When an effect that is begun now is done, if nothing goes wrong. Changes no device. */
  dueMs(effect: HardwareEffect, nowMs: TimeMs): TimeMs {
    switch (effect.kind) {
      case 'MakeNonce':
      case 'ReleaseKeyShare':
      case 'ChangeImage':
        return nowMs;
      case 'CloneImage':
        return nowMs + this.#storageTimes.cloneMs;
      case 'ExposeDisk':
        return nowMs + this.#storageTimes.exposeMs;
      case 'HideDisk':
        return nowMs + this.#storageTimes.hideMs;
      case 'DestroyDisk':
        return nowMs + this.#storageTimes.destroyMs;
      default:
        break;
    }
    const node = this.#nodes.get(effect.nodeId);
    if (node === undefined) return nowMs;
    const { times } = node;
    switch (effect.kind) {
      case 'PowerOn':
        return nowMs + times.powerOnMs;
      case 'PowerOff':
        return nowMs + this.#draws.vary(node, times.powerOffMs);
      case 'SetBootDevice':
      case 'SetMedia':
      case 'SetSecureBoot':
        return nowMs + times.bootDeviceMs;
      case 'RotateBmcToken':
        return nowMs + this.#draws.vary(node, times.tokenRotationMs);
      case 'ConfigurePort': {
        const port = node.port(effect.switchId, effect.portId);
        const changes = port === undefined ? 0 : networkChanges(port, effect.attachments);
        return nowMs + Math.round(changes * times.networkChangeMs * node.pace);
      }
      case 'WipeNode':
        return nowMs + this.#draws.vary(node, times.wipeMs);
      case 'ObserveNode':
        return nowMs + times.readBackMs;
      case 'RevokeKeys':
        return nowMs + times.keyRevocationMs;
      case 'RequestQuote':
        return quoteDueMs(node, nowMs);
      case 'BootNode':
        return this.#bootDueMs(node, effect, nowMs);
    }
  }

  #bootDueMs(node: SimulatedNode, effect: BootNode, nowMs: TimeMs): TimeMs {
    const { times, pace } = node;
    const firmwareUpMs = effect.fromAttestedFirmware
      ? nowMs
      : Math.max(nowMs, node.poweredOnAtMs + Math.round(times.selfTestMs * pace));
    let bootMs = times.bootMs[bootVariant(effect)]!;
    if (times.dependsOnNodesAtOnce && effect.method === 'diskless') {
      bootMs += times.crowdingMs(effect.fromAttestedFirmware, this.#crowd.count(nowMs));
    }
    return firmwareUpMs + Math.round(bootMs * pace);
  }

  /**
   * Does an effect to its device, at this instant.
   *
   * @param dueMs when it is done, where that is later
   */
  apply(effect: HardwareEffect, nowMs: TimeMs, dueMs: TimeMs = nowMs): HardwareOutcome {
    switch (effect.kind) {
      case 'MakeNonce':
        return { status: 'ok', value: this.#draws.nonce() };
      case 'CloneImage':
      case 'ExposeDisk':
      case 'HideDisk':
      case 'DestroyDisk':
      case 'ChangeImage':
        return toOutcome(this.storage.apply(effect));
      default:
        break;
    }
    const node = this.#nodes.get(effect.nodeId);
    if (node === undefined) return DEVICE_UNKNOWN;
    switch (effect.kind) {
      case 'RequestQuote':
        return quote(node, effect);
      case 'ReleaseKeyShare':
      case 'RevokeKeys':
        return this.#keys.apply(node, effect);
      case 'BootNode':
        return this.#bootTenant(node, effect, dueMs);
      case 'ConfigurePort': {
        const port = node.port(effect.switchId, effect.portId);
        if (port === undefined) return DEVICE_UNKNOWN;
        if (effect.fencingToken < port.fencingToken && this.#fencing) return DEVICE_FENCED;
        port.fencingToken = effect.fencingToken;
        this.segments.replace(node, port.attachments, effect.attachments);
        port.attachments = effect.attachments;
        return ok;
      }
      case 'ObserveNode':
        // What has answered obeys no older lease any more.
        node.raiseFencingTokens(effect.fencingToken);
        return { status: 'ok', value: this.observe(node) };
      default:
        return this.#applyToBmc(node, effect, nowMs, dueMs);
    }
  }

  #applyToBmc(
    node: SimulatedNode,
    effect: Exclude<IsolationDeviceEffect, { kind: 'ConfigurePort' | 'ObserveNode' }>,
    nowMs: TimeMs,
    dueMs: TimeMs,
  ): HardwareOutcome {
    if (effect.fencingToken < node.bmcFencingToken && this.#fencing) return DEVICE_FENCED;
    node.bmcFencingToken = effect.fencingToken;
    switch (effect.kind) {
      case 'PowerOn':
        if (node.failed) return NODE_FAILED;
        if (node.power === 'off') {
          this.#powerOn(node, nowMs);
          node.bootCount = effect.bootCount;
        }
        return ok;
      case 'PowerOff':
        this.#powerOff(node);
        return ok;
      case 'SetBootDevice':
        node.bootDevice = effect.device;
        return ok;
      case 'SetMedia':
      case 'SetSecureBoot':
        // Simulated tenants boot over the network: neither has an influence on anything.
        return ok;
      case 'RotateBmcToken':
        node.bmcGrantee = effect.grantee;
        if (effect.grantee !== null) node.handoverFencingToken = effect.fencingToken;
        return ok;
      case 'WipeNode':
        if (node.failed) return NODE_FAILED;
        this.#powerOff(node);
        node.resetCount += 1;
        node.residueLease = null;
        node.bootDevice = 'network';
        node.wipedAtMs = dueMs;
        return WIPE_EVIDENCE;
    }
  }

  #powerOn(node: SimulatedNode, nowMs: TimeMs): void {
    node.boot(nowMs);
    node.pace = this.#draws.pace(node);
    this.#crowd.poweredOn(node);
  }

  #powerOff(node: SimulatedNode): void {
    if (node.power === 'off') return;
    node.shutDown();
    this.#crowd.poweredOff(node);
  }

  #bootTenant(node: SimulatedNode, effect: BootNode, dueMs: TimeMs): HardwareOutcome {
    if (node.failed) return NODE_FAILED;
    if (node.power === 'off') return NODE_OFF;
    if (effect.fencingToken < node.handoverFencingToken && this.#fencing) return DEVICE_FENCED;
    if (this.#options.reaches?.(effect, node) === false) return NODE_OUT_OF_REACH;
    if (effect.method === 'diskless') {
      const disk = this.storage.bootDisk(effect.nodeId, effect.leaseId);
      if (disk === null) return NO_BOOT_DISK;
      this.storage.write(disk);
    }
    node.runningLease = effect.leaseId;
    node.residueLease = effect.leaseId;
    this.#crowd.bootsUntil(node, dueMs);
    return ok;
  }

  /** What a read-back sees at this instant. */
  observe(node: SimulatedNode): NodeObservation {
    const ports: Record<string, SimulatedPort['attachments']> = Object.create(null);
    for (const port of node.ports) ports[port.portId] = port.attachments;
    return {
      power: node.power,
      ports: ports as NodeObservation['ports'],
      bmcGrantee: node.bmcGrantee,
    };
  }

  /** The node loses power for a moment and boots again, unasked. Nothing happens where it is off. */
  powerCycle(nodeId: string, nowMs: TimeMs): void {
    const node = this.#nodes.get(nodeId);
    if (node === undefined || node.power === 'off') return;
    this.#powerOff(node);
    if (!node.failed) this.#powerOn(node, nowMs);
  }

  /** When the node breaks next; Infinity where nodes do not break. */
  nextFailureMs(nodeId: string, afterMs: TimeMs): number {
    return this.#draws.nextFailureMs(nodeId, afterMs);
  }

  /** The node goes off and does not come on again until repaired; its BMC still answers. */
  failNode(nodeId: string): void {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return;
    this.#powerOff(node);
    node.failed = true;
  }

  repairNode(nodeId: string): void {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) node.failed = false;
  }

  #profile(name: string) {
    const profile = this.#options.calibration.profiles.get(name);
    invariant(profile !== undefined, `the calibration has no profile ${name}`);
    return profile;
  }

  carry(carrier: Carrier): void {
    carrier.parts({
      storage: this.storage,
      segments: this.segments,
      keys: this.#keys,
      draws: this.#draws,
      crowd: this.#crowd,
    });
    for (const [nodeId, node] of this.#nodes) carrier.part(nodeId, node);
  }
}

function quote(node: SimulatedNode, effect: RequestQuote): HardwareOutcome {
  if (node.failed) return NODE_FAILED;
  if (node.specification.endorsementKeyHash === null) return NO_TPM;
  if (node.power === 'off') return NODE_OFF;
  node.quotedReset = node.resetCount;
  return { status: 'ok', value: node.quote(effect.nonce) };
}

function toOutcome(refusal: Refusal | null): HardwareOutcome {
  return refusal === null ? ok : { status: 'noEffect', error: refusal };
}
