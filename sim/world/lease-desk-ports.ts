/** What the lease desk asks of the world around it. */
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { Principal } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { EnclavePlan } from '../../core/leasing/protocol.ts';
import type { Contract, LeaseReportKind } from '../../core/market/contracts.ts';
import type { ProvisioningMethod } from '../../core/provisioner/protocol.ts';
import type { Member } from './member.ts';
import type { ProviderNames } from './names.ts';

export interface LeaseDeskPorts {
  readonly members: ReadonlyMap<string, Member>;
  /** Name of a member of the market → organisation behind it. */
  readonly owners: ReadonlyMap<string, string>;
  readonly method: ProvisioningMethod;
  /** Time that a lease ends before its contract does, for release. */
  readonly releaseMs: number;
  /** All nodes of a contract are ready. */
  complete(contract: Contract, nowMs: TimeMs): void;
  /** Horizon that the contract was traded on; undefined for the epoch call. */
  horizonName(contract: Contract): string | undefined;
  /** The services of the provider that has the owner's nodes. */
  servicesOf(owner: string): ProviderNames;
  /** The exchange that has sold the contract, as the isolation service knows it. */
  exchangeOf(contract: Contract): Principal;
  postIsolation(owner: string, event: IsolationEvent): void;
  postPlan(owner: string, lessee: string, plan: EnclavePlan): void;
  report(contract: Contract, what: LeaseReportKind, deliveredNodeMs: number, nowMs: TimeMs): void;
  /** Something occurs to whoever listens under that name, at a time that has not passed. */
  later(atMs: TimeMs, to: string, about: unknown): void;
  listen<About>(name: string, listener: (about: About, nowMs: TimeMs) => void): void;
  /** What was found about the hardware of a lease that is over. */
  judged(contract: Contract, givenClass: string, nowMs: TimeMs): void;
  /** The member's cluster was changed: its next own event may be another. */
  touched(member: Member): void;
}
