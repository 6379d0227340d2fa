/**
 * Contracts of the forward call until their windows begin: the seller plans without the nodes, the
 * buyer counts on them, and at the start they become leases like all others.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract, LeaseReportKind } from '../../core/market/contracts.ts';
import { isHoarded } from './hoards.ts';
import { inRealNames } from './identities.ts';
import type { Member } from './member.ts';

export interface PromiseDeskPorts {
  readonly members: ReadonlyMap<string, Member>;
  /** Name of a member of the market → organisation behind it. */
  readonly owners: ReadonlyMap<string, string>;
  /** Time that a lease ends before its contract does, for release. */
  readonly releaseMs: number;
  /** Something occurs to whoever listens under that name, at a time that has not passed. */
  schedule(atMs: TimeMs, to: string, about: unknown): void;
  listen<About>(name: string, listener: (about: About, nowMs: TimeMs) => void): void;
  /** Contracts that no cluster has to plan for. */
  openNow(contracts: readonly Contract[], nowMs: TimeMs): void;
  /** The window begins and the seller stands by it. */
  open(contract: Contract, nowMs: TimeMs): void;
  report(contract: Contract, what: LeaseReportKind, deliveredNodeMs: number, nowMs: TimeMs): void;
  touched(member: Member): void;
}

/** Listens for the start of windows that were promised. */
const PROMISED = 'promised window';

export class PromiseDesk {
  readonly #ports: PromiseDeskPorts;
  readonly #waiting = new Map<string, Contract>();
  broken = 0;

  constructor(ports: PromiseDeskPorts) {
    this.#ports = ports;
    ports.listen(PROMISED, (contractId: string, nowMs) => this.#begin(contractId, nowMs));
  }

  /** Contracts of one round, whose windows have not begun. */
  make(contracts: readonly Contract[], nowMs: TimeMs): void {
    for (const traded of contracts) {
      const contract = inRealNames(traded, this.#ports.owners);
      if (isHoarded(contract) || contract.buyer === contract.seller) {
        this.#ports.openNow([traded], nowMs);
        continue;
      }
      const { contractId, nodeClass, nodes, startMs, endMs, seller, askId } = contract;
      const owner = this.#member(seller);
      const spareId = askId.slice(seller.length + 1);
      owner.cluster.promise(
        { promiseId: contractId, nodeClass, nodes, fromMs: startMs, untilMs: endMs, spareId },
        nowMs,
      );
      const buyer = this.#member(contract.buyer);
      buyer.cluster.expect(
        {
          leaseId: contractId,
          wantId: contract.wantRef.slice(contract.buyer.length + 1),
          nodeClass,
          nodes,
          fromMs: startMs,
          usableUntilMs: endMs - this.#ports.releaseMs,
          recallable: contract.recall !== null,
        },
        nowMs,
      );
      this.#ports.touched(owner);
      this.#ports.touched(buyer);
      this.#waiting.set(contractId, contract);
      this.#ports.schedule(startMs, PROMISED, contractId);
    }
  }

  #begin(contractId: string, nowMs: TimeMs): void {
    const contract = this.#waiting.get(contractId);
    if (!contract) return;
    this.#waiting.delete(contractId);
    const seller = this.#member(contract.seller);
    const buyer = this.#member(contract.buyer);
    seller.cluster.advance(nowMs);
    this.#ports.touched(seller);
    if (!buyer.conduct.takes) return this.#end(contract, seller, 'not-taken', nowMs);
    if (!seller.conduct.delivers) return this.#end(contract, seller, 'not-delivered', nowMs);
    if (seller.cluster.keepPromise(contractId, nowMs)) {
      this.#ports.open(contract, nowMs);
      return;
    }
    this.broken += 1;
    buyer.cluster.advance(nowMs);
    buyer.cluster.loseExpected(contractId, contract.nodes, nowMs);
    this.#ports.touched(buyer);
    const what = contract.recall === null ? 'not-delivered' : 'recalled';
    this.#ports.report(contract, what, 0, nowMs);
  }

  /**
   * A buyer that has no more use for a window that has not begun: its deposit is the seller's.
   * @returns false where there is no such window
   */
  giveBack(contractId: string, nowMs: TimeMs): boolean {
    const contract = this.#waiting.get(contractId);
    if (!contract) return false;
    this.#waiting.delete(contractId);
    const seller = this.#member(contract.seller);
    seller.cluster.advance(nowMs);
    this.#end(contract, seller, 'not-taken', nowMs);
    return true;
  }

  /** The market has ended the contract. @returns false where it was not waiting here */
  callOff(contractId: string, nowMs: TimeMs): boolean {
    const contract = this.#waiting.get(contractId);
    if (!contract) return false;
    this.#waiting.delete(contractId);
    const seller = this.#member(contract.seller);
    seller.cluster.advance(nowMs);
    this.#end(contract, seller, null, nowMs);
    return true;
  }

  /** One side does not stand by it: the seller's nodes stay where they are. */
  #end(contract: Contract, seller: Member, what: LeaseReportKind | null, nowMs: TimeMs): void {
    seller.cluster.dropPromise(contract.contractId, nowMs);
    this.#ports.touched(seller);
    const buyer = this.#member(contract.buyer);
    buyer.cluster.advance(nowMs);
    buyer.cluster.loseExpected(contract.contractId, contract.nodes, nowMs);
    this.#ports.touched(buyer);
    if (what !== null) this.#ports.report(contract, what, 0, nowMs);
  }

  #member(name: string): Member {
    return this.#ports.members.get(name)!;
  }

  carry(carrier: Carrier): void {
    carrier.fill('waiting', this.#waiting);
    this.broken = carrier.value('broken', this.broken);
  }
}
