/**
 * The independent invariant checker. It reads what services wrote to their journals (events and
 * effects) and what the simulated hardware holds, never the memory of a reducer, and it is asked
 * after every event. Its rules are those of the isolation service's contract, written a second
 * time from the outside:
 *
 * - a node has one holder; nobody is let in without a running lease
 * - a node that was said to be free is off, cut off, without credentials, wiped since its last use,
 *   and was read back after everything that was done to it
 * - nodes of different organisations share no network, and a node is alone in its airlock
 * - at a measured level, no tenant network and no key without a trusted verdict on this boot, and
 *   no trusted verdict without a genuine quote of untampered firmware
 * - fencing tokens never go back at a device; golden images are never written
 */
import type {
  AttestationReport,
  IsolationDeviceEffect,
  LeaseCreate,
  LeaseNotice,
  LeaseTerms,
  NodeObservation,
} from '../../core/allocator/protocol.ts';
import type { RequestQuote } from '../../core/attester/protocol.ts';
import type {
  EffectOutcome,
  Reply,
  ServiceEffect,
  ServiceEvent,
} from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { HardwareEffect, HardwareOutcome } from '../hardware/effects.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { AttestationChecks } from './attestation-checks.ts';
import { HardwareChecks } from './hardware-checks.ts';
import type { EndpointRecord } from './endpoint.ts';
import { LeaseFacts, NodeFacts } from './facts.ts';

export interface Violation {
  readonly invariant: string;
  readonly timeMs: TimeMs;
  readonly detail: string;
}

/** The part of a `LeaseUpdate` that matters here. */
interface LeaseUpdated extends ServiceEvent {
  readonly leaseId: string;
  readonly endMs: TimeMs;
}

/** More than this are the same bug again. */
const REPORTED_MAXIMUM = 20;

export class InvariantChecker {
  readonly violations: Violation[] = [];
  readonly leases = new Map<string, LeaseFacts>();
  readonly nodes = new Map<string, NodeFacts>();
  readonly #isolation: string;
  readonly #attester: string;
  readonly #attestation: AttestationChecks;
  #isolationUpMs: TimeMs = 0;
  readonly #hardware: SimulatedHardware;
  readonly #hardwareChecks: HardwareChecks;
  #nowMs: TimeMs = 0;
  #sequence = 0;
  /** Record whose notice was taken last. */
  #noticed = -1;
  #active = 0;
  #freedCount = 0;
  #withheld = 0;

  /** @param isolation and attester: names of their journals */
  constructor(hardware: SimulatedHardware, isolation: string, attester: string) {
    this.#attester = attester;
    this.#hardware = hardware;
    this.#isolation = isolation;
    for (const { specification } of hardware.nodes()) {
      this.nodes.set(specification.nodeId, new NodeFacts(specification.nodeId));
    }
    const report = (invariant: string, detail: string) => this.report(invariant, detail);
    this.#hardwareChecks = new HardwareChecks(hardware, this.nodes, report);
    this.#attestation = new AttestationChecks(hardware, this.nodes, report);
  }

  /** Node-leases by what became of them. */
  outcomes(): { readonly active: number; readonly freed: number; readonly withheld: number } {
    return { active: this.#active, freed: this.#freedCount, withheld: this.#withheld };
  }

  report(invariant: string, detail: string): void {
    if (this.violations.length >= REPORTED_MAXIMUM) return;
    this.violations.push({ invariant, timeMs: this.#nowMs, detail });
  }

  /** A service has written an event and its effects to its journal. */
  record(service: string, record: EndpointRecord, nowMs: TimeMs): void {
    this.#nowMs = nowMs;
    this.#sequence += 1;
    if (service === this.#attester) this.#attestation.attested(record);
    if (service !== this.#isolation) return;
    const { event, effects } = record;
    this.#attestation.checkExpired(nowMs, this.#isolationUpMs);
    if (event.kind === 'EffectOutcome') this.#outcome(event as EffectOutcome);
    for (const effect of effects) {
      if (effect.kind === 'Reply') this.#reply(event, effect as Reply);
    }
    for (const effect of effects) {
      if (effect.kind === 'Notify') this.#notice(effect);
      else if (isHardwareEffect(effect)) this.#issued(effect as IsolationDeviceEffect);
    }
  }

  /** A service runs again; timers that ran out meanwhile fire from now on. */
  isUp(service: string, nowMs: TimeMs): void {
    if (service === this.#isolation) this.#isolationUpMs = nowMs;
  }

  #reply(event: ServiceEvent, reply: Reply): void {
    if (reply.refusal !== null) return;
    switch (event.kind) {
      case 'LeaseCreate':
      case 'LeaseSublet': {
        const { terms } = event as LeaseCreate;
        this.leases.set(terms.leaseId, new LeaseFacts(terms));
        return;
      }
      case 'LeaseUpdate': {
        const { leaseId, endMs } = event as LeaseUpdated;
        const lease = this.leases.get(leaseId);
        if (lease !== undefined) lease.endMs = endMs;
        return;
      }
      case 'NodeReturn': {
        const node = this.nodes.get((event as ServiceEvent & { nodeId: string }).nodeId);
        if (node === undefined) return;
        node.isWithheld = false;
        node.isRejected = false;
        return;
      }
      case 'NodeActive':
        this.#active += 1;
        return;
      case 'AttestationReport':
        return this.#attestation.verdict(event as AttestationReport, this.leases, this.#nowMs);
    }
  }

  #notice(effect: ServiceEffect): void {
    const { notice } = effect as ServiceEffect & { readonly notice: LeaseNotice };
    const lease = this.leases.get(notice.leaseId);
    switch (notice.kind) {
      case 'LeaseEnding':
        if (lease !== undefined) this.#leaseEnding(lease, notice);
        return;
      case 'LeaseEnded':
        if (lease !== undefined) lease.endedMs ??= this.#nowMs;
        return;
      case 'LeaseStarted':
        if (lease !== undefined) lease.isStarted = true;
        return;
    }
    const node = this.nodes.get(notice.nodeId);
    if (lease === undefined || node === undefined) return;
    const last = lease.lastNotices.get(notice.nodeId);
    // Both parties are told; once is enough.
    if (last?.kind === notice.kind && this.#noticed === this.#sequence) return;
    this.#noticed = this.#sequence;
    // A node that is withheld may be cut off again and again; it is still withheld.
    if (notice.kind !== 'NodeCutOff' || last?.kind !== 'NodeWithheld') {
      lease.lastNotices.set(notice.nodeId, notice);
    }
    node.lastNoticeMs = this.#nowMs;
    node.isQuarantined = notice.kind === 'NodeWithheld' && notice.state === 'quarantined';
    switch (notice.kind) {
      case 'NodeInAirlock':
        if (node.heldBy !== lease.terms.lessee) {
          this.report('a node has one holder', `${notice.nodeId} enters ${notice.leaseId}`);
        }
        node.leaseId = notice.leaseId;
        node.opensAirlock = false;
        // It was cut off on the way here: no verdict of before opens anything any more.
        node.everTrustedBoots.clear();
        return;
      case 'NodeInEnclave':
        node.airlockNetworks = new Set();
        return;
      case 'NodeFreed':
        return this.#freed(node, notice.leaseId);
      case 'NodeWithheld':
        if (notice.state === 'quarantined' || node.isWithheld) return;
        node.isWithheld = true;
        this.#withheld += 1;
        return;
    }
  }

  #leaseEnding(lease: LeaseFacts, notice: Extract<LeaseNotice, { kind: 'LeaseEnding' }>): void {
    lease.endMs = Math.min(lease.endMs, notice.atMs);
    if (notice.reason !== 'recall') return;
    const { recallNoticeMs, leaseId } = lease.terms;
    if (recallNoticeMs === null) this.report('a firm lease is not recalled', leaseId);
  }

  /** What was done to the node since its last use must add up to a clean node. */
  #freed(node: NodeFacts, leaseId: string): void {
    const { nodeId } = node;
    if (node.isWithheld || node.isRejected) {
      this.report('what is withheld is not freed', `${nodeId} of lease ${leaseId}`);
    }
    if (!node.readBackIsClean || node.readBackSequence <= node.lastChangeSequence) {
      this.report('unknown never leads to free', `${nodeId}: no clean read-back at the end`);
    } else if (node.wipedSequence <= node.lastOpenedSequence) {
      this.report('free needs evidence newer than the lease', `${nodeId} of lease ${leaseId}`);
    }
    // What is said to be free has to be: from here on the hardware is held to it.
    node.isClean = true;
    node.heldBy = null;
    this.#freedCount += 1;
  }

  /** The isolation service told a device to do something. */
  #issued(effect: IsolationDeviceEffect): void {
    const node = this.nodes.get(effect.nodeId);
    if (node === undefined) return;
    node.issuedSequence.set(effect.effectId, this.#sequence);
    node.issuedEffects.set(effect.effectId, effect);
    if (effect.kind !== 'ObserveNode' && effect.kind !== 'WipeNode') {
      node.lastChangeSequence = this.#sequence;
    }
    if (effect.fencingToken < node.issuedToken) {
      this.report('fencing tokens never decrease', `${effect.kind} on ${node.nodeId}`);
    }
    node.issuedToken = effect.fencingToken;
    switch (effect.kind) {
      case 'PowerOff':
        node.inEnclaveBoot = null;
        return;
      case 'RotateBmcToken':
        if (effect.grantee !== null) this.#granted(node, effect.grantee);
        return;
      case 'ConfigurePort':
        if (effect.attachments.length > 0) this.#opened(node, effect.attachments);
        else if (effect.portId === this.#hardware.node(node.nodeId)!.ports[0]!.portId) {
          node.inEnclaveBoot = null;
        }
        return;
      case 'PowerOn':
        node.open(this.#sequence, this.#nowMs);
        node.lastBoot = effect.bootCount;
        return;
    }
  }

  #granted(node: NodeFacts, grantee: string): void {
    const { nodeId } = node;
    if (node.isWithheld || node.isRejected) {
      this.report('what is withheld is handed to nobody', `${nodeId} to ${grantee}`);
    }
    if (node.heldBy !== null && node.heldBy !== grantee) {
      this.report('a node has one holder', `${nodeId} of ${node.heldBy} goes to ${grantee}`);
    }
    if (!this.#hasRunningLease(nodeId, grantee)) {
      this.report('nobody is let in without a lease', `${nodeId} to ${grantee}`);
    }
    node.heldBy = grantee;
    node.opensAirlock = true;
    node.open(this.#sequence, this.#nowMs);
  }

  #hasRunningLease(nodeId: string, lessee: string): boolean {
    for (const { terms, endMs, isStarted } of this.leases.values()) {
      const isTheirs = terms.lessee === lessee && terms.nodeIds.includes(nodeId);
      if (isTheirs && isStarted && this.#nowMs < endMs) return true;
    }
    return false;
  }

  #opened(node: NodeFacts, attachments: readonly { readonly networkId: number }[]): void {
    node.open(this.#sequence, this.#nowMs);
    if (node.opensAirlock) {
      node.airlockNetworks = new Set(attachments.map(({ networkId }) => networkId));
      return;
    }
    const terms = this.#termsOf(node);
    if (terms === undefined) {
      this.report('nobody is let in without a lease', `ports of ${node.nodeId}`);
    } else if (terms.securityLevel !== 'none') {
      const validUntilMs = node.trustedBoots.get(node.lastBoot) ?? -1;
      node.inEnclaveBoot = node.lastBoot;
      if (validUntilMs > this.#nowMs && !node.isRejected) return;
      this.report(
        'no tenant network without a trusted verdict on this boot',
        `${node.nodeId} boot ${node.lastBoot} of lease ${terms.leaseId}`,
      );
    }
  }

  #termsOf(node: NodeFacts): LeaseTerms | undefined {
    return node.leaseId === null ? undefined : this.leases.get(node.leaseId)?.terms;
  }

  #outcome(event: EffectOutcome): void {
    const { effectId, outcome } = event;
    if (outcome.status !== 'ok') return;
    const at = effectId.lastIndexOf('#');
    const node = this.nodes.get(effectId.slice(0, at));
    const effect = node?.issuedEffects.get(effectId);
    if (node === undefined || effect === undefined) return;
    const issued = node.issuedSequence.get(effectId)!;
    if (effect.kind === 'WipeNode') {
      const value = outcome.value as { memoryScrubbed?: unknown; disksErased?: unknown } | null;
      if (value?.memoryScrubbed === true && value.disksErased === true) {
        node.wipedSequence = Math.max(node.wipedSequence, issued);
      }
    } else if (effect.kind === 'ObserveNode' && issued >= node.readBackSequence) {
      node.readBackSequence = issued;
      node.readBackIsClean = isClean(outcome.value);
      node.settle();
    }
  }

  /** An effect has reached its device. */
  landed(effect: HardwareEffect, outcome: HardwareOutcome, nowMs: TimeMs): void {
    this.#nowMs = nowMs;
    if (outcome.status !== 'ok' || !('nodeId' in effect)) return;
    if (effect.kind === 'ReleaseKeyShare') this.#attestation.keyReleased(effect);
    this.nodes.get(effect.nodeId)?.lies.delete(lieKey(effect));
  }

  /** A quote arrived as the TPM signed it. */
  quoted(effect: RequestQuote, outcome: HardwareOutcome): void {
    this.#attestation.quoted(effect, outcome);
  }

  /** A device said it did this and did not; only reading it back can show that. */
  lied(effect: HardwareEffect): void {
    if ('nodeId' in effect) this.nodes.get(effect.nodeId)?.lies.add(lieKey(effect));
  }

  /** After anything that may have changed the hardware. */
  checkHardware(nowMs: TimeMs): void {
    this.#nowMs = nowMs;
    this.#hardwareChecks.check(this.leases);
  }

  /**
   * After the faults are over and everything has had its time to come to an end.
   *
   * @param everybodyLives no service is dead or hostile
   */
  checkEnd(nowMs: TimeMs, everybodyLives: boolean): void {
    this.#nowMs = nowMs;
    // A clone whose tenant is gone waits for somebody to ask for its end.
    if (everybodyLives) this.#checkOrphans();
    for (const lease of this.leases.values()) {
      const { leaseId, nodeIds } = lease.terms;
      if (lease.endMs > nowMs) continue;
      for (const nodeId of nodeIds) this.#checkNodeEnd(lease, nodeId);
      // A lease that waits for a node that is withheld says so by the node's notice.
      const waits = nodeIds.some(
        (nodeId) => lease.lastNotices.get(nodeId)?.kind === 'NodeWithheld',
      );
      if (lease.endedMs === null && !waits) this.report('every lease comes to its end', leaseId);
    }
  }

  #checkOrphans(): void {
    const { disks, images } = this.#hardware.storage;
    for (const diskId of disks.keys()) {
      if (!images.has(diskId)) this.report('no clone outlives its lease', diskId);
    }
  }

  #checkNodeEnd(lease: LeaseFacts, nodeId: string): void {
    const { leaseId } = lease.terms;
    const last = lease.lastNotices.get(nodeId);
    // It never had the node: cancelled, or the node was not well by then.
    if (last === undefined || last.kind === 'NodeFreed') return;
    if (last.kind === 'NodeWithheld' && last.code !== '') return;
    this.report('every node ends free or withheld', `${nodeId} of ${leaseId}: ${last.kind}`);
  }
}

function isClean(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { power, ports, bmcGrantee } = value as Partial<NodeObservation>;
  if (power !== 'off' || bmcGrantee !== null || ports === undefined) return false;
  return Object.values(ports).every((attachments) => attachments.length === 0);
}

/** Device that the lie is about. */
function lieKey(effect: HardwareEffect): string {
  return effect.kind === 'ConfigurePort' ? `port ${effect.portId}` : effect.kind;
}
