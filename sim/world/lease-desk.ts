/**
 * From contracts to leases: holds the seller's nodes, has the isolation service lease them out,
 * tells both clusters what comes and goes, and reports to the market how it ended.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { LeaseNotice } from '../../core/allocator/protocol.ts';
import { HONEST } from '../../core/agents/agent.ts';
import type { Conduct } from '../../core/agents/agent.ts';
import type { HoardedNodes } from '../../core/agents/view.ts';
import type { Reply } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { OrchestratorEffect } from '../../core/leasing/protocol.ts';
import { contractedNodeMs } from '../../core/market/contracts.ts';
import type { Contract } from '../../core/market/contracts.ts';
import { reportOf } from '../../core/market/lease-report.ts';
import type { LeaseOutcome } from '../../core/metrics/outcome.ts';
import { isHoarded } from './hoards.ts';
import type { PooledNode } from './hoards.ts';
import { inRealNames } from './identities.ts';
import { KeptNodes } from './kept-nodes.ts';
import type { LeaseDeskPorts } from './lease-desk-ports.ts';
import type { Member } from './member.ts';
import { LentNodes } from './lent-nodes.ts';
import { outcomeOf } from './open-lease.ts';
import type { OpenLease } from './open-lease.ts';
import { IMAGE, policyName } from './site.ts';

/** Listens for the start of windows whose nodes do not come. */
const NEVER_DELIVERED = 'never delivered';

interface Undelivered {
  readonly contract: Contract;
  /** The buyer's cluster counts on it. */
  readonly expects: boolean;
}

export class LeaseDesk {
  readonly #ports: LeaseDeskPorts;
  readonly #leases = new Map<string, OpenLease>();
  readonly #nodes: LentNodes;
  readonly #creations = new Map<string, string>();
  readonly #kept: KeptNodes;
  /** Contracts whose seller and buyer know already. */
  readonly #promised = new Set<string>();
  readonly finished: LeaseOutcome[] = [];
  recalls = 0;
  /** Tickets that an owner's isolation service would not redeem. */
  ticketsRefused = 0;
  #commands = 0;

  constructor(ports: LeaseDeskPorts) {
    this.#ports = ports;
    this.#nodes = new LentNodes((member) => ports.touched(member));
    this.#kept = new KeptNodes(ports, this.#nodes);
    ports.listen(NEVER_DELIVERED, (due: Undelivered, nowMs) => this.#missDelivery(due, nowMs));
  }

  /** Contracts of one round: nodes of one ask may serve several of them, one after another. */
  open(contracts: readonly Contract[], nowMs: TimeMs): void {
    const pools = new Map<string, PooledNode[]>();
    const inOrder = contracts
      .map((agreed) => inRealNames(agreed, this.#ports.owners))
      .sort((a, b) => a.startMs - b.startMs || (a.contractId < b.contractId ? -1 : 1));
    const nodesOf = new Map<string, readonly string[]>();
    for (const contract of inOrder) {
      if (!this.#isDelivered(contract)) continue;
      const { takesOver } = contract;
      const key = takesOver ?? `${contract.seller}/${contract.askId}`;
      let pool = this.#kept.hoards.poolOf(contract) ?? pools.get(key);
      if (!pool) pools.set(key, (pool = takesOver === undefined ? [] : this.#nodesOf(takesOver)));
      nodesOf.set(contract.contractId, this.#choose(contract, pool));
    }
    this.#nodes.lendFresh(nowMs);
    for (const contract of inOrder)
      this.#openOne(contract, nodesOf.get(contract.contractId), nowMs);
  }

  #isDelivered({ buyer, seller }: Contract): boolean {
    return buyer !== seller && this.#conductOf(seller).delivers;
  }

  /** A window that was promised begins; its nodes are out of the seller's service already. */
  openPromised(contract: Contract, nowMs: TimeMs): void {
    const seller = this.#member(contract.seller);
    const { contractId, nodes } = contract;
    const nodeIds = this.#nodes.takePromised(contract, seller, nowMs);
    this.#promised.add(contractId);
    if (nodeIds.length < nodes) this.#breakPromise(contract, nodeIds, nowMs);
    else this.#create(contract, nodeIds, nowMs);
  }

  #openOne(contract: Contract, nodeIds: readonly string[] | undefined, nowMs: TimeMs): void {
    if (contract.buyer === contract.seller) {
      // Two names of one organisation: money changes hands, nothing else does.
      this.#ports.report(contract, 'ended', contractedNodeMs(contract), nowMs);
      return;
    }
    if (nodeIds === undefined) return this.#neverDeliver(contract, nowMs);
    if (nodeIds.length < contract.nodes) {
      for (const nodeId of nodeIds) this.#nodes.letGo(nodeId, nowMs);
      // Nodes that broke, or went home early, before they could be taken over are nobody's fault.
      const isTakeOver = contract.takesOver !== undefined;
      this.#ports.report(contract, isTakeOver ? 'failed' : 'not-delivered', 0, nowMs);
    } else if (!this.#conductOf(contract.buyer).takes) this.#kept.forNobody(contract, nodeIds);
    else if (isHoarded(contract)) this.#kept.forResale(contract, nodeIds);
    else this.#create(contract, nodeIds, nowMs);
  }

  /** Nodes for the contract, promised ones that are free again first; fewer where there are not as many. */
  #choose(contract: Contract, pool: PooledNode[]): string[] {
    const chosen = pool.filter((entry) => entry.freeAtMs <= contract.startMs);
    chosen.length = Math.min(chosen.length, contract.nodes);
    // Nodes of a hoard or of a preempted lease are those and no others.
    const isResale =
      contract.takesOver !== undefined || this.#kept.hoards.poolOf(contract) !== undefined;
    const seller = this.#ports.members.get(contract.seller);
    if (seller && !isResale && chosen.length < contract.nodes) {
      const fresh = this.#nodes.takeFresh(contract, seller, contract.nodes - chosen.length);
      pool.push(...fresh);
      chosen.push(...fresh);
    }
    if (chosen.length < contract.nodes && seller?.organisation.policy.sellsTwice) {
      chosen.push(...this.#nodes.soldAlready(contract, chosen));
    }
    for (const entry of chosen) {
      entry.freeAtMs = contract.endMs;
      this.#nodes.promise(entry.nodeId);
    }
    return chosen.map(({ nodeId }) => nodeId);
  }

  /** The buyer counts on nodes until the moment at which they do not come. */
  #neverDeliver(contract: Contract, nowMs: TimeMs): void {
    const expects = !isHoarded(contract) && this.#conductOf(contract.buyer).takes;
    if (expects) this.#expect(contract, nowMs);
    const due: Undelivered = { contract, expects };
    this.#ports.later(contract.startMs, NEVER_DELIVERED, due);
  }

  #missDelivery({ contract, expects }: Undelivered, atMs: TimeMs): void {
    if (expects) {
      const buyer = this.#member(contract.buyer);
      buyer.cluster.advance(atMs);
      buyer.cluster.loseExpected(contract.contractId, contract.nodes, atMs);
      this.#ports.touched(buyer);
    }
    this.#ports.report(contract, 'not-delivered', 0, atMs);
  }

  /** The market has ended a contract before its time: what has not begun does not begin. */
  callOff(contractId: string, nowMs: TimeMs): void {
    if (this.#kept.drop(contractId, nowMs)) return;
    const lease = this.#leases.get(contractId);
    if (!lease || lease.endedAtMs !== null) return;
    const { contract } = lease;
    if (contract.startMs <= nowMs)
      return this.giveBack(this.#member(contract.buyer), contractId, nowMs);
    lease.end = 'returned';
    this.#asOwner('LeaseCancel', lease, nowMs);
  }

  /** What an organisation holds to sell it on. */
  hoardOf(organisation: string, nowMs: TimeMs): readonly HoardedNodes[] {
    return this.#kept.hoards.of(organisation, nowMs);
  }

  #expect(contract: Contract, nowMs: TimeMs): void {
    const buyer = this.#member(contract.buyer);
    buyer.cluster.expect(
      {
        leaseId: contract.contractId,
        wantId: contract.wantRef.slice(contract.buyer.length + 1),
        nodeClass: contract.nodeClass,
        nodes: contract.nodes,
        usableUntilMs: contract.endMs - this.#ports.releaseMs,
        recallable: contract.recall !== null || contract.preemptionNoticeMs !== undefined,
      },
      nowMs,
    );
    this.#ports.touched(buyer);
  }

  /** Fewer nodes are there than the seller has taken out of service for it. */
  #breakPromise(contract: Contract, nodeIds: readonly string[], nowMs: TimeMs): void {
    const { contractId, nodeClass, nodes, endMs } = contract;
    this.#promised.delete(contractId);
    for (const nodeId of nodeIds) this.#nodes.letGo(nodeId, nowMs);
    const missing = nodes - nodeIds.length;
    this.#member(contract.seller).cluster.restore(nodeClass, missing, nowMs, endMs);
    const buyer = this.#member(contract.buyer);
    buyer.cluster.loseExpected(contractId, nodes, nowMs);
    this.#ports.touched(buyer);
    this.#ports.report(contract, 'not-delivered', 0, nowMs);
  }

  /** What a lease that is being taken back has for the next one: free when that begins. */
  #nodesOf(leaseId: string): PooledNode[] {
    const nodeIds = this.#leases.get(leaseId)?.outNodeIds ?? [];
    return [...nodeIds].map((nodeId) => ({ nodeId, freeAtMs: 0 }));
  }

  #create(contract: Contract, nodeIds: readonly string[], nowMs: TimeMs): void {
    const leaseId = contract.contractId;
    const endMs = contract.endMs - this.#ports.releaseMs;
    const { seller, nodeClass: givenClass } = this.#nodes.holdOf(nodeIds[0]!);
    const owner = seller.name;
    const lease: OpenLease = {
      contract,
      owner,
      givenClass,
      nodeIds,
      outNodeIds: new Set(nodeIds),
      endMs,
      readyAtMs: new Map(),
      setupMs: 0,
      readyNodes: 0,
      lostNodes: 0,
      usedNodeMs: 0,
      endedAtMs: null,
      end: 'expired',
    };
    this.#leases.set(leaseId, lease);
    if (!this.#promised.delete(leaseId)) this.#expect(contract, nowMs);
    const services = this.#ports.servicesOf(owner);
    const attester = contract.securityLevel === 'none' ? null : services.attester;
    this.#ports.postPlan(owner, contract.buyer, {
      kind: 'EnclavePlan',
      timeMs: nowMs,
      leaseId,
      securityLevel: contract.securityLevel,
      method: this.#ports.method,
      imageId: IMAGE,
      policyId: policyName(contract.securityLevel),
      attester,
      provisioner: services.provisioner,
    });
    const commandId = `desk/${++this.#commands}`;
    this.#creations.set(commandId, leaseId);
    this.#ports.postIsolation(owner, {
      kind: 'LeaseCreate',
      timeMs: nowMs,
      commandId,
      from: this.#ports.exchangeOf(contract),
      terms: {
        leaseId,
        contractId: contract.contractId,
        owner,
        lessee: contract.buyer,
        nodeIds,
        startMs: contract.startMs,
        endMs,
        securityLevel: contract.securityLevel,
        attester,
        recallNoticeMs: contract.recall?.noticeMs ?? contract.preemptionNoticeMs ?? null,
      },
    });
  }

  /** The isolation service answered one of the desk's commands. */
  onReply(reply: Reply, nowMs: TimeMs): void {
    const leaseId = this.#creations.get(reply.commandId);
    if (leaseId === undefined) return;
    this.#creations.delete(reply.commandId);
    if (!reply.refusal) return;
    this.ticketsRefused += 1;
    const lease = this.#leases.get(leaseId)!;
    this.#leases.delete(leaseId);
    const buyer = this.#member(lease.contract.buyer);
    buyer.cluster.loseExpected(leaseId, lease.nodeIds.length, nowMs);
    this.#ports.touched(buyer);
    for (const nodeId of lease.nodeIds) this.#nodes.letGo(nodeId, nowMs);
    this.#ports.report(lease.contract, 'not-delivered', 0, nowMs);
  }

  /** Null for a lease that is over, or was never made here. */
  ownerOf(leaseId: string): string | null {
    return this.#leases.get(leaseId)?.owner ?? null;
  }

  /** A notice to the owner of the lease. */
  onNotice(notice: LeaseNotice, nowMs: TimeMs): void {
    const lease = this.#leases.get(notice.leaseId);
    if (!lease) return;
    switch (notice.kind) {
      case 'LeaseStarted':
        this.#ports.report(lease.contract, 'started', 0, nowMs);
        return;
      case 'LeaseEnding':
        if (notice.reason === 'recall') lease.end = 'recalled';
        if (notice.reason === 'returned') lease.end = 'returned';
        return;
      case 'NodeCutOff':
        this.#stopUse(lease, notice.nodeId, Math.min(nowMs, lease.endMs));
        return;
      case 'NodeFreed':
        if (lease.outNodeIds.delete(notice.nodeId)) this.#nodes.letGo(notice.nodeId, nowMs);
        return;
      case 'NodeWithheld':
        this.#stopUse(lease, notice.nodeId, nowMs);
        lease.outNodeIds.delete(notice.nodeId);
        lease.lostNodes += 1;
        lease.end = 'failed';
        return;
      case 'LeaseEnded':
        this.#close(lease, nowMs);
        return;
      default:
    }
  }

  /** What the lessee's orchestrator tells its cluster. */
  onOrchestrator(effect: OrchestratorEffect, nowMs: TimeMs): void {
    if (effect.kind !== 'NodeReady' && effect.kind !== 'NodeEnding' && effect.kind !== 'NodeLost') {
      return;
    }
    const lease = this.#leases.get(effect.leaseId);
    if (!lease) return;
    const buyer = this.#member(lease.contract.buyer);
    if (effect.kind === 'NodeReady') {
      lease.readyAtMs.set(effect.nodeId, nowMs);
      lease.readyNodes += 1;
      if (lease.readyNodes === lease.contract.nodes) this.#ports.complete(lease.contract, nowMs);
      lease.setupMs += nowMs - lease.contract.startMs;
      buyer.cluster.addReady(effect.leaseId, 1, nowMs);
      buyer.borrowed.change(1, nowMs);
    } else if (effect.kind === 'NodeEnding') {
      if (lease.endedAtMs === null || effect.atMs < lease.endedAtMs) lease.endedAtMs = effect.atMs;
      buyer.cluster.endLot(effect.leaseId, effect.atMs, nowMs);
    } else if (lease.readyAtMs.has(effect.nodeId)) {
      this.#stopUse(lease, effect.nodeId, nowMs);
      buyer.cluster.loseReady(effect.leaseId, 1, nowMs);
    } else {
      buyer.cluster.loseExpected(effect.leaseId, 1, nowMs);
    }
    this.#ports.touched(buyer);
  }

  /**
   * Takes back at least so many of an owner's nodes, the leases that end last first. A node is back
   * only when every lease that it is promised to is over, a later one included.
   */
  recall(owner: Member, nodes: number, nowMs: TimeMs): void {
    const candidates = [...this.#leases.values()].filter(
      ({ contract, end, endedAtMs }) =>
        contract.seller === owner.name &&
        contract.recall !== null &&
        end === 'expired' &&
        endedAtMs === null,
    );
    const promises = new Map<string, number>();
    for (const { outNodeIds } of candidates) {
      for (const nodeId of outNodeIds) promises.set(nodeId, (promises.get(nodeId) ?? 0) + 1);
    }
    candidates.sort(
      (a, b) =>
        b.contract.endMs - a.contract.endMs ||
        (a.contract.contractId < b.contract.contractId ? -1 : 1),
    );
    let left = nodes;
    for (const lease of candidates) {
      if (left <= 0) return;
      this.recalls += 1;
      this.#takeBack(lease, nowMs);
      for (const nodeId of lease.outNodeIds) {
        const others = promises.get(nodeId)! - 1;
        promises.set(nodeId, others);
        if (others > 0) continue;
        left -= 1;
        this.#nodes.recalled(nodeId, owner);
      }
    }
  }

  /** The exchange has given the lease's nodes to somebody else; the isolation service recalls them. */
  preempt(leaseId: string, nowMs: TimeMs): void {
    const lease = this.#leases.get(leaseId);
    // One that ends anyway brings its nodes back earlier still.
    if (!lease || lease.end !== 'expired' || lease.endedAtMs !== null) return;
    this.#takeBack(lease, nowMs);
  }

  #takeBack(lease: OpenLease, nowMs: TimeMs): void {
    lease.end = 'recalled';
    this.#asOwner(lease.contract.startMs > nowMs ? 'LeaseCancel' : 'LeaseRecall', lease, nowMs);
  }

  #asOwner(kind: 'LeaseCancel' | 'LeaseRecall', lease: OpenLease, timeMs: TimeMs): void {
    const commandId = `desk/${++this.#commands}`;
    const from = { role: 'organisation', name: lease.owner } as const;
    const { contractId: leaseId } = lease.contract;
    this.#ports.postIsolation(lease.owner, { kind, timeMs, commandId, from, leaseId });
  }

  /** A borrower gives back what it does not need any more; it pays for what it had. */
  giveBack(borrower: Member, leaseId: string, nowMs: TimeMs): void {
    const lease = this.#leases.get(leaseId);
    if (!lease || lease.endedAtMs !== null) return;
    this.#ports.postIsolation(lease.owner, {
      kind: 'LeaseReturn',
      timeMs: nowMs,
      commandId: `desk/${++this.#commands}`,
      from: { role: 'organisation', name: borrower.name },
      leaseId,
      nodeIds: null,
    });
  }

  /** The borrower no longer has the node, from `atMs` on. */
  #stopUse(lease: OpenLease, nodeId: string, atMs: TimeMs): void {
    const readyAtMs = lease.readyAtMs.get(nodeId);
    if (readyAtMs === undefined) return;
    lease.readyAtMs.delete(nodeId);
    const until = Math.max(readyAtMs, Math.min(atMs, lease.endedAtMs ?? atMs));
    lease.usedNodeMs += until - readyAtMs;
    this.#member(lease.contract.buyer).borrowed.change(-1, atMs);
  }

  #close(lease: OpenLease, nowMs: TimeMs): void {
    const { contract } = lease;
    this.#leases.delete(contract.contractId);
    for (const nodeId of [...lease.readyAtMs.keys()]) this.#stopUse(lease, nodeId, nowMs);
    // A lease that was called off before it began never took its nodes away.
    for (const nodeId of lease.outNodeIds) this.#nodes.letGo(nodeId, nowMs);
    this.#ports.judged(contract, lease.givenClass, nowMs);
    const { what, deliveredNodeMs } = reportOf(contract, lease, nowMs);
    this.#ports.report(contract, what, deliveredNodeMs, nowMs);
    this.finished.push(outcomeOf(lease, this.#ports.horizonName(contract)));
  }

  /** The market maker has no cluster, and keeps its contracts. */
  #conductOf(name: string): Conduct {
    return this.#ports.members.get(name)?.conduct ?? HONEST;
  }

  #member(name: string): Member {
    return this.#ports.members.get(name)!;
  }

  carry(carrier: Carrier): void {
    carrier.fill('leases', this.#leases);
    carrier.part('nodes', this.#nodes);
    carrier.fill('creations', this.#creations);
    carrier.part('kept', this.#kept);
    carrier.fills({ promised: this.#promised, finished: this.finished });
    this.recalls = carrier.value('recalls', this.recalls);
    this.ticketsRefused = carrier.value('ticketsRefused', this.ticketsRefused);
    this.#commands = carrier.value('commands', this.#commands);
  }
}
