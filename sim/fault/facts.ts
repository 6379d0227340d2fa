/** What the checker has gathered about leases and nodes from the journal. */
import type {
  IsolationDeviceEffect,
  LeaseNotice,
  LeaseTerms,
} from '../../core/allocator/protocol.ts';
import type { TimeMs } from '../../core/kernel/units.ts';

export type NodeNotice = Extract<LeaseNotice, { readonly nodeId: string }>;

export class LeaseFacts {
  readonly terms: LeaseTerms;
  endMs: TimeMs;
  isStarted = false;
  endedMs: TimeMs | null = null;
  /** Node → the last that was said about it under this lease. */
  readonly lastNotices = new Map<string, NodeNotice>();

  constructor(terms: LeaseTerms) {
    this.terms = terms;
    this.endMs = terms.endMs;
  }
}

/** Sequences are numbers of journal records; −1: not yet. */
export class NodeFacts {
  readonly nodeId: string;
  /** Wiped and read back clean since its last use, and not opened to anybody since then. */
  isClean = true;
  /** Out of service for good. */
  isWithheld = false;
  /** Found to run something else than it should; until an operator returns it. */
  isRejected = false;
  /** Between something that nobody knows and its being read back. */
  isQuarantined = false;
  lastNoticeMs: TimeMs = -1;
  /** Organisation that was let in, until the node is known to be clean. */
  heldBy: string | null = null;
  leaseId: string | null = null;
  /** The next networks on its ports are its airlock's. */
  opensAirlock = false;
  airlockNetworks: ReadonlySet<number> = new Set();

  lastOpenedSequence = -1;
  lastOpenedMs: TimeMs = -1;
  lastChangeSequence = -1;
  wipedSequence = -1;
  readBackSequence = -1;
  readBackIsClean = false;
  issuedToken = 0;
  readonly issuedSequence = new Map<string, number>();
  readonly issuedEffects = new Map<string, IsolationDeviceEffect>();

  /** Boot that was let into a tenant's network and not cut off since; null: none, or level none. */
  inEnclaveBoot: number | null = null;
  /** When a verdict was last withdrawn. */
  distrustedMs: TimeMs = -1;
  /** Boot that was last asked for. */
  lastBoot = 0;
  /** Boot → until when a trusted verdict on it holds. */
  readonly trustedBoots = new Map<number, TimeMs>();
  readonly everTrustedBoots = new Set<number>();
  readonly genuineQuotes = new Set<number>();
  /** Devices that claimed to have done what they have not, and did nothing since. */
  readonly lies = new Set<string>();

  constructor(nodeId: string) {
    this.nodeId = nodeId;
  }

  open(sequence: number, nowMs: TimeMs): void {
    this.isClean = false;
    this.lastOpenedSequence = sequence;
    this.lastOpenedMs = nowMs;
  }

  /** The journal holds evidence of a wipe, and after it a clean read-back of all that was done. */
  settle(): void {
    const wasReadBack = this.readBackIsClean && this.readBackSequence > this.lastChangeSequence;
    if (!wasReadBack || this.wipedSequence <= this.lastOpenedSequence) return;
    this.isClean = true;
    this.heldBy = null;
    this.leaseId = null;
    this.opensAirlock = false;
    this.airlockNetworks = new Set();
    this.issuedEffects.clear();
    this.issuedSequence.clear();
  }
}
