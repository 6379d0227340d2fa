/**
 * What crosses the border of an attestation service (after Bolted and Keylime): nonces, quotes,
 * reference measurements, policies and the freshness of a verdict.
 *
 * A tenant may run its own. Its verdict goes to the isolation service, which opens the enclave,
 * and to the tenant's orchestrator.
 */
import type { AttestationReport, LeaseNotice } from '../allocator/protocol.ts';
import type {
  CancelTimer,
  Command,
  EffectOutcome,
  Reply,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
  TimerFired,
  Unsent,
} from '../kernel/service.ts';
import type { TimeMs } from '../kernel/units.ts';
import type { RegistryCommand } from './commands.ts';

/** Attest this boot of a node that is in its airlock. */
export interface AttestNode extends Command {
  readonly kind: 'AttestNode';
  readonly leaseId: string;
  readonly nodeId: string;
  /** The isolation service's; a command that is not newer than the last forgotten is late. */
  readonly fencingToken: number;
  readonly bootCount: number;
  readonly policyId: string;
}
/** The lease is over: stop watching the node and revoke its keys. */
export interface ForgetNode extends Command {
  readonly kind: 'ForgetNode';
  readonly leaseId: string;
  readonly nodeId: string;
  readonly fencingToken: number;
}

/** A quote as the node's TPM signed it, checked for its signature by the world's crypto port. */
export interface Quote {
  readonly nonce: string;
  /** Hash of the endorsement key that the attestation key was proved to live beside. */
  readonly endorsementKeyHash: string;
  /** True where the signature over (nonce, PCRs, counters) verified. */
  readonly signatureValid: boolean;
  readonly resetCount: number;
  readonly bootCount: number;
  /** PCR index → hex digest, from the signed quote. */
  readonly pcrs: Readonly<Record<string, string>>;
  /** PCR index → hex digest, from replaying the event log. */
  readonly replayedPcrs: Readonly<Record<string, string>>;
  /**
   * Digests of files measured since boot (IMA), empty before the tenant's system runs; null: nobody
   * has looked, which is refused under a policy that wants to know.
   */
  readonly runtimeDigests: readonly string[] | null;
}

/** Ask the node for a quote over a fresh nonce. */
export interface RequestQuote extends ServiceEffect {
  readonly kind: 'RequestQuote';
  readonly effectId: string;
  readonly leaseId: string;
  readonly nodeId: string;
  readonly nonce: string;
  readonly deadlineMs: TimeMs;
}
/** Make random bytes for a nonce; randomness is an effect. */
export interface MakeNonce extends ServiceEffect {
  readonly kind: 'MakeNonce';
  readonly effectId: string;
  readonly deadlineMs: TimeMs;
}
/** Hand the second key share (Keylime's V) to the node; only ever after a valid quote. */
export interface ReleaseKeyShare extends ServiceEffect {
  readonly kind: 'ReleaseKeyShare';
  readonly effectId: string;
  /** Grows with every effect; key stores ignore what is older than what they did for a node. */
  readonly sequence: number;
  readonly leaseId: string;
  readonly nodeId: string;
  readonly deadlineMs: TimeMs;
}
/** Tell all peers and key stores that the node is out. */
export interface RevokeKeys extends ServiceEffect {
  readonly kind: 'RevokeKeys';
  readonly effectId: string;
  /** Grows with every effect; key stores ignore what is older than what they did for a node. */
  readonly sequence: number;
  readonly leaseId: string;
  readonly nodeId: string;
  readonly deadlineMs: TimeMs;
}

/** The verdict's way to the isolation service; it answers as to any command. */
export interface ReportVerdict extends ServiceEffect {
  readonly kind: 'ReportVerdict';
  readonly service: string;
  readonly command: Unsent<AttestationReport>;
}

/** The verdict's way to whoever asked for it. */
export interface AttestationNotice extends ServiceEffect {
  readonly kind: 'Notify';
  readonly to: Command['from'];
  readonly notice: {
    readonly kind: 'AttestationVerdict';
    /** Of the latest `AttestNode`: the quote behind the verdict was asked for after that. */
    readonly commandId: string;
    readonly leaseId: string;
    readonly nodeId: string;
    readonly bootCount: number;
    readonly verdict: 'trusted' | 'rejected' | 'stale';
    readonly validUntilMs: TimeMs;
    /** Stable id of the failure, or null; e.g. ATTEST_NONCE, ATTEST_PCR_MISMATCH. */
    readonly code: string | null;
    readonly severity: 'none' | 'recoverable' | 'irrecoverable';
  };
}

export type AttesterEffect =
  | RequestQuote
  | MakeNonce
  | ReleaseKeyShare
  | RevokeKeys
  | ReportVerdict
  | AttestationNotice
  | Reply
  | SetTimer
  | CancelTimer;

export type AttesterOutcome = EffectOutcome<Quote | string | undefined>;
export type AttesterTimer = TimerFired;

/** The isolation service told us something; `NodePowered` and the end of a lease matter here. */
export interface IsolationNoticeReceived extends ServiceEvent {
  readonly kind: 'NoticeReceived';
  readonly notice: LeaseNotice;
}
/** The isolation service's answer to a `ReportVerdict`. */
export interface ReportAnswered extends ServiceEvent {
  readonly kind: 'ReplyReceived';
  readonly reply: Reply;
}

export type AttesterCommand = AttestNode | ForgetNode | RegistryCommand;

export type AttesterEvent =
  AttesterCommand | AttesterOutcome | AttesterTimer | IsolationNoticeReceived | ReportAnswered;
