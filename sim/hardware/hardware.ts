/**
 * The simulated hardware: real devices' state, what effects do to it, and how long they take.
 *
 * Two ways to use it. A market simulation calls {@link SimulatedHardware.perform}, which applies
 * an effect at once and tells when its outcome is due. A fault simulation asks for the duration
 * with `dueMs` and calls `apply` at the instant at which the effect really reaches its device.
 */
import type { IsolationDeviceEffect, NodeObservation } from '../../core/allocator/protocol.ts';
import type { ReleaseKeyShare, RequestQuote, RevokeKeys } from '../../core/attester/protocol.ts';
import { invariant } from '../../core/kernel/errors.ts';
import { randomStream } from '../../core/kernel/random.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { ok } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { BootNode } from '../../core/provisioner/protocol.ts';
import { HeapQueue } from '../queue/heap-queue.ts';
import type { Calibration } from './calibration/calibration.ts';
import { networkChanges, quoteDueMs } from './delays.ts';
import { bootVariant, effectTimes, storageTimes } from './effect-times.ts';
import type { EffectTimes, StorageTimes } from './effect-times.ts';
import { deviceKind } from './effects.ts';
import type { HardwareEffect, HardwareOutcome, StorageDeviceEffect } from './effects.ts';
import {
  DEVICE_ERROR,
  DEVICE_FENCED,
  DEVICE_TIMEOUT,
  DEVICE_UNKNOWN,
  drawFate,
  drawNodeFailureMs,
  NO_BOOT_DISK,
  NO_FAILURES,
  NO_TPM,
  NODE_FAILED,
  NODE_OFF,
  NODE_OUT_OF_REACH,
  turnedDown,
} from './failures.ts';
import type { FailureRates } from './failures.ts';
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
  /** Largest key sequence by node; the key store ignores smaller ones. */
  readonly #keySequences = new Map<string, number>();
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #options: HardwareOptions;
  readonly #sampled: boolean;
  readonly #fencing: boolean;
  readonly #failureRates: FailureRates | null;
  readonly #storageTimes: StorageTimes;
  readonly #timesByKind = new Map<string, EffectTimes>();
  readonly #streams = new Map<string, RandomStream>();
  readonly #nonces: RandomStream;
  /** Nodes between power-on and the boot of their tenant's system, and ends of such boots. */
  #onTheirWay = 0;
  readonly #bootEnds = new HeapQueue();
  readonly #performed: Performed = { completesAtMs: 0, outcome: ok };

  constructor(options: HardwareOptions) {
    this.#options = options;
    this.#sampled = options.mode === 'sampled';
    this.#fencing = options.fencing ?? true;
    const rates = options.failureRates ?? NO_FAILURES;
    this.#failureRates = rates === NO_FAILURES ? null : rates;
    this.storage = new SimulatedStorage(this.#fencing);
    this.#storageTimes = storageTimes(this.#profile(options.storageProfile));
    this.#nonces = this.#stream('attestation', 'nonces');
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
    if (this.#failureRates !== null && this.#performFailing(effect, nowMs, dueMs)) {
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
    const kind = deviceKind(effect);
    const rates = this.#failureRates![kind];
    const entity = 'nodeId' in effect ? effect.nodeId : kind;
    const fate = drawFate(rates, this.#stream(entity, `failures/${kind}`));
    if (fate === 'done') return false;
    const performed = this.#performed;
    if (fate === 'uncertainApplied') this.apply(effect, nowMs, dueMs);
    performed.completesAtMs = fate === 'noEffect' ? dueMs : Math.max(nowMs, effect.deadlineMs);
    performed.outcome = fate === 'noEffect' ? DEVICE_ERROR : DEVICE_TIMEOUT;
    return true;
  }

  /** When an effect that is begun now is done, if nothing goes wrong. Changes nothing. */
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
        return nowMs + this.#vary(node, times.powerOffMs);
      case 'SetBootDevice':
        return nowMs + times.bootDeviceMs;
      case 'RotateBmcToken':
        return nowMs + this.#vary(node, times.tokenRotationMs);
      case 'ConfigurePort': {
        const port = node.port(effect.switchId, effect.portId);
        const changes = port === undefined ? 0 : networkChanges(port, effect.attachments);
        return nowMs + Math.round(changes * times.networkChangeMs * node.pace);
      }
      case 'WipeNode':
        return nowMs + this.#vary(node, times.wipeMs);
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
      bootMs += times.crowdingMs(effect.fromAttestedFirmware, this.nodesOnTheirWay(nowMs));
    }
    return firmwareUpMs + Math.round(bootMs * pace);
  }

  /** Nodes between power-on and active; at least 1, the one that asks. */
  nodesOnTheirWay(nowMs: TimeMs): number {
    while (this.#bootEnds.peekTime() <= nowMs) {
      this.#bootEnds.pop();
      this.#onTheirWay -= 1;
    }
    return Math.max(1, this.#onTheirWay);
  }

  /**
   * Does an effect to its device, at this instant.
   *
   * @param dueMs when it is done, where that is later
   */
  apply(effect: HardwareEffect, nowMs: TimeMs, dueMs: TimeMs = nowMs): HardwareOutcome {
    switch (effect.kind) {
      case 'MakeNonce':
        return { status: 'ok', value: this.#makeNonce() };
      case 'CloneImage':
      case 'ExposeDisk':
      case 'HideDisk':
      case 'DestroyDisk':
      case 'ChangeImage':
        return this.#applyToStorage(effect);
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
        return this.#applyToKeys(node, effect);
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
    node.pace = this.#drawPace(node);
    if (!node.times.dependsOnNodesAtOnce) return;
    if (!node.isOnItsWay) this.#onTheirWay += 1;
    node.isOnItsWay = true;
  }

  #powerOff(node: SimulatedNode): void {
    if (node.power === 'off') return;
    node.shutDown();
    if (node.isOnItsWay) this.#onTheirWay -= 1;
    node.isOnItsWay = false;
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
    if (node.isOnItsWay) {
      this.#bootEnds.push(dueMs, 0, 0);
      node.isOnItsWay = false;
    }
    return ok;
  }

  #applyToStorage(effect: StorageDeviceEffect): HardwareOutcome {
    const { storage } = this;
    const subject = effect.kind === 'ChangeImage' ? effect.imageId : effect.diskId;
    const late = storage.admit(subject, effect.sequence);
    if (late !== null) return turnedDown(late);
    let refusal = null;
    switch (effect.kind) {
      case 'CloneImage':
        refusal = storage.clone(effect.imageId, effect.snapshotId, effect.diskId);
        break;
      case 'ExposeDisk':
        refusal = storage.expose(effect.diskId, effect.nodeId, effect.leaseId);
        break;
      case 'HideDisk':
        storage.hide(effect.diskId);
        break;
      case 'DestroyDisk':
        refusal = storage.destroy(effect.diskId);
        break;
      case 'ChangeImage':
        refusal = storage.changeImage(effect);
        break;
    }
    return refusal === null ? ok : turnedDown(refusal);
  }

  #applyToKeys(node: SimulatedNode, effect: ReleaseKeyShare | RevokeKeys): HardwareOutcome {
    const newest = this.#keySequences.get(effect.nodeId) ?? 0;
    if (effect.sequence < newest && this.#fencing) return DEVICE_FENCED;
    this.#keySequences.set(effect.nodeId, effect.sequence);
    if (effect.kind === 'RevokeKeys') {
      node.keyShareLease = null;
      return ok;
    }
    if (node.power === 'off') return NODE_OFF;
    node.keyShareLease = effect.leaseId;
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
    if (this.#failureRates === null) return Infinity;
    return drawNodeFailureMs(this.#failureRates, this.#stream(nodeId, 'breaks'), afterMs);
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

  #drawPace(node: SimulatedNode): number {
    const { variation } = node.times;
    if (!this.#sampled || variation === 0) return 1;
    // Gamma with mean 1: positive, and the mean of a sum of phases stays the published one.
    const variance = variation * variation;
    return this.#stream(node.specification.nodeId, 'pace').gamma(1 / variance, variance);
  }

  #vary(node: SimulatedNode, meanMs: number): number {
    return this.#sampled ? Math.round(meanMs * this.#drawPace(node)) : meanMs;
  }

  #makeNonce(): string {
    let nonce = '';
    for (let word = 0; word < 8; word++) {
      nonce += this.#nonces.integer(0x1_0000_0000).toString(16).padStart(8, '0');
    }
    return nonce;
  }

  #profile(name: string) {
    const profile = this.#options.calibration.profiles.get(name);
    invariant(profile !== undefined, `the calibration has no profile ${name}`);
    return profile;
  }

  #stream(entity: string, purpose: string): RandomStream {
    const key = `${purpose}/${entity}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      const { seed, replication } = this.#options;
      stream = randomStream({ seed, replication, entity, purpose: `hardware/${purpose}` });
      this.#streams.set(key, stream);
    }
    return stream;
  }
}

function quote(node: SimulatedNode, effect: RequestQuote): HardwareOutcome {
  if (node.failed) return NODE_FAILED;
  if (node.specification.endorsementKeyHash === null) return NO_TPM;
  if (node.power === 'off') return NODE_OFF;
  node.quotedReset = node.resetCount;
  return { status: 'ok', value: node.quote(effect.nonce) };
}
