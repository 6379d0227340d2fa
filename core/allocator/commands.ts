/** The commands and events of the isolation service besides those of the lease walk. */
import type { Command, ServiceEvent } from '../kernel/service.ts';
import type { TimeMs } from '../kernel/units.ts';
import type {
  IsolationOutcome,
  IsolationTimer,
  LeaseCommand,
  LeaseTerms,
  NodeObservation,
} from './protocol.ts';

/** By the lessee of a running lease: leases some of its nodes on, one level deep. */
export interface LeaseSublet extends Command {
  readonly kind: 'LeaseSublet';
  readonly parentLeaseId: string;
  /** `owner` is the lessee of the parent. */
  readonly terms: LeaseTerms;
}
/** Moves the end; nothing else of a lease can be changed. */
export interface LeaseUpdate extends Command {
  readonly kind: 'LeaseUpdate';
  readonly leaseId: string;
  readonly endMs: TimeMs;
}

/** An unsolicited read-back by whoever watches the hardware for drift. */
export interface NodeObserved extends ServiceEvent {
  readonly kind: 'NodeObserved';
  readonly nodeId: string;
  readonly observedAtMs: TimeMs;
  readonly observation: NodeObservation;
}

export type IsolationCommand = LeaseCommand | LeaseSublet | LeaseUpdate;

export type IsolationEvent = IsolationCommand | IsolationOutcome | IsolationTimer | NodeObserved;
