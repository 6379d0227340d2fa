/**
 * An isolation service in little: what the tenant's side can see of the real one. It keeps to the
 * walk and to who may do what, and its own leases end whatever the tenant does.
 */
import type { LeaseCommand, LeaseNotice } from '../../core/allocator/protocol.ts';
import type { Refusal } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { TENANT } from './small-world.ts';
import type { SmallWorld } from './small-world.ts';

interface LeaseNode {
  state:
    | 'waiting'
    | 'airlock'
    | 'measuring'
    | 'enclave'
    | 'busy'
    | 'releasing'
    | 'withheld'
    | 'quarantined'
    | 'closed';
  joined: boolean;
  powerNext: boolean;
  verdict: { bootCount: number; validUntilMs: number } | null;
}

interface ModelLease {
  readonly endMs: number;
  readonly measured: boolean;
  state: 'running' | 'draining' | 'ending' | 'ended';
  readonly nodes: Map<string, LeaseNode>;
}

const ATTESTER: Principal = { role: 'service', name: 'attester' };

export class ModelIsolation {
  readonly leases = new Map<string, ModelLease>();
  readonly #world: SmallWorld;

  constructor(world: SmallWorld) {
    this.#world = world;
  }

  start(leaseId: string, endMs: number, measured: boolean): void {
    const nodes = new Map<string, LeaseNode>();
    for (const nodeId of this.#world.nodes.nodes.keys()) {
      nodes.set(nodeId, { state: 'waiting', joined: false, powerNext: false, verdict: null });
    }
    const lease: ModelLease = { endMs, measured, state: 'running', nodes };
    this.leases.set(leaseId, lease);
    this.#notify(TENANT, { kind: 'LeaseStarted', leaseId });
    for (const nodeId of nodes.keys()) this.#toAirlock(leaseId, lease, nodeId);
    this.#world.at(endMs, () => this.#end(leaseId, 'expiry'));
  }

  recall(leaseId: string, noticeMs: number): void {
    const lease = this.leases.get(leaseId);
    if (lease?.state !== 'running') return;
    lease.state = 'draining';
    const atMs = Math.min(lease.endMs, this.#world.nowMs + noticeMs);
    this.#notify(TENANT, { kind: 'LeaseEnding', leaseId, atMs, reason: 'recall' });
    this.#world.at(atMs, () => this.#end(leaseId, 'recall'));
  }

  #end(leaseId: string, reason: 'expiry' | 'recall'): void {
    const lease = this.leases.get(leaseId)!;
    if (lease.state === 'ending' || lease.state === 'ended') return;
    const wasTold = lease.state === 'draining';
    lease.state = 'ending';
    const atMs = this.#world.nowMs;
    if (!wasTold) this.#notify(TENANT, { kind: 'LeaseEnding', leaseId, atMs, reason });
    for (const nodeId of lease.nodes.keys()) this.#release(leaseId, lease, nodeId);
  }

  command(command: LeaseCommand): void {
    const { commandId, from } = command;
    const refusal = this.#judge(command);
    this.#world.tell(from, {
      kind: 'Reply',
      commandId,
      to: from,
      refusal,
      result: null,
    } as { kind: string });
  }

  #judge(command: LeaseCommand): Refusal | null {
    if (!('leaseId' in command)) return refuse('INPUT_UNKNOWN');
    const { leaseId } = command;
    const lease = this.leases.get(leaseId);
    if (!lease || lease.state === 'ended') return refuse('NOT_FOUND_LEASE');
    if (command.kind === 'LeaseReturn') {
      for (const nodeId of command.nodeIds ?? []) this.#release(leaseId, lease, nodeId);
      return null;
    }
    if (!('nodeId' in command)) return refuse('INPUT_UNKNOWN');
    const { nodeId } = command;
    const node = lease.nodes.get(nodeId)!;
    if (command.kind === 'AttestationReport') return this.#report(lease, node, command);
    if (lease.state !== 'running') return refuse('CONFLICT_STATE');
    switch (command.kind) {
      case 'AirlockPowerOn':
        if (!['airlock', 'measuring', 'enclave'].includes(node.state)) {
          return refuse('CONFLICT_STATE');
        }
        node.powerNext = true;
        if (!this.#world.nodes.get(nodeId).on && !(node.joined && lease.measured)) {
          this.#power(leaseId, lease, nodeId);
        } else {
          this.#toAirlock(leaseId, lease, nodeId);
        }
        return null;
      case 'EnclaveJoin':
        if (node.state !== (lease.measured ? 'measuring' : 'airlock')) {
          return refuse('CONFLICT_STATE');
        }
        if (!this.#isAdmitted(lease, nodeId)) return refuse('ATTEST_REQUIRED');
        this.#join(leaseId, lease, nodeId);
        return null;
      case 'NodeActive':
        return node.state === 'enclave' ? null : refuse('CONFLICT_STATE');
      default:
        return refuse('INPUT_UNKNOWN');
    }
  }

  #report(
    lease: ModelLease,
    node: LeaseNode,
    command: Extract<LeaseCommand, { kind: 'AttestationReport' }>,
  ): Refusal | null {
    const { leaseId, nodeId, bootCount, verdict, validUntilMs } = command;
    const real = this.#world.nodes.get(nodeId);
    if (command.from.name !== 'attester') return refuse('DENIED_AUTHORIZATION');
    if (bootCount !== real.boot) return refuse('ATTEST_WRONG_BOOT');
    if (!real.on || ['releasing', 'closed', 'withheld'].includes(node.state)) {
      return refuse('CONFLICT_STATE');
    }
    if (verdict === 'trusted') {
      node.verdict = { bootCount, validUntilMs };
      this.#world.at(validUntilMs, () => this.#expire(leaseId, lease, nodeId));
    } else if (verdict === 'rejected') {
      this.#withhold(leaseId, lease, nodeId, 'rejected', 'ATTEST_REJECTED');
    } else {
      node.verdict = null;
      if (node.joined) this.#toAirlock(leaseId, lease, nodeId);
    }
    return null;
  }

  #isAdmitted(lease: ModelLease, nodeId: string): boolean {
    if (!lease.measured) return true;
    const { verdict } = lease.nodes.get(nodeId)!;
    if (verdict === null || verdict.bootCount !== this.#world.nodes.get(nodeId).boot) return false;
    return verdict.validUntilMs > this.#world.nowMs;
  }

  #expire(leaseId: string, lease: ModelLease, nodeId: string): void {
    const node = lease.nodes.get(nodeId)!;
    if (node.state !== 'enclave' || this.#isAdmitted(lease, nodeId)) return;
    this.#toAirlock(leaseId, lease, nodeId);
  }

  /** A walk of the node; whatever began another one in the meantime has ended this one. */
  #walk(node: LeaseNode, takesMs: number, done: () => void): void {
    node.state = 'busy';
    const mark = ((node as { mark?: object }).mark = {});
    this.#world.after(takesMs, () => {
      if ((node as { mark?: object }).mark === mark && node.state === 'busy') done();
    });
  }

  #toAirlock(leaseId: string, lease: ModelLease, nodeId: string): void {
    const node = lease.nodes.get(nodeId)!;
    const real = this.#world.nodes.get(nodeId);
    node.joined = false;
    node.verdict = null;
    this.#world.nodes.powerOff(nodeId);
    real.fencingToken += 1;
    const { fencingToken } = real;
    this.#walk(node, 1_000, () => {
      if (this.#quarantined(leaseId, lease, nodeId)) return;
      node.state = 'airlock';
      this.#notify(TENANT, { kind: 'NodeInAirlock', leaseId, nodeId, fencingToken });
      if (node.powerNext) this.#power(leaseId, lease, nodeId);
    });
  }

  #power(leaseId: string, lease: ModelLease, nodeId: string): void {
    const node = lease.nodes.get(nodeId)!;
    this.#walk(node, 2_000, () => {
      if (this.#quarantined(leaseId, lease, nodeId)) return;
      node.powerNext = false;
      const bootCount = this.#world.nodes.powerOn(nodeId, lease.measured);
      node.state = node.joined ? 'enclave' : 'measuring';
      const notice = { kind: 'NodePowered', leaseId, nodeId, bootCount } as const;
      this.#notify(TENANT, notice);
      this.#notify(ATTESTER, notice);
    });
  }

  #join(leaseId: string, lease: ModelLease, nodeId: string): void {
    const node = lease.nodes.get(nodeId)!;
    this.#walk(node, 1_000, () => {
      if (this.#quarantined(leaseId, lease, nodeId)) return;
      if (!this.#isAdmitted(lease, nodeId)) {
        this.#toAirlock(leaseId, lease, nodeId);
        return;
      }
      node.joined = true;
      node.state = 'enclave';
      if (lease.measured) this.#world.nodes.check(nodeId, 'the enclave network');
      this.#notify(TENANT, { kind: 'NodeInEnclave', leaseId, nodeId });
    });
  }

  #quarantined(leaseId: string, lease: ModelLease, nodeId: string): boolean {
    const node = lease.nodes.get(nodeId)!;
    if (!this.#world.chance(this.#world.faults().quarantine)) return false;
    node.state = 'quarantined';
    node.joined = false;
    const code = 'DEVICE_UNCERTAIN';
    const notice = { kind: 'NodeWithheld', leaseId, nodeId, state: 'quarantined', code } as const;
    this.#notify(TENANT, notice);
    return true;
  }

  #withhold(
    leaseId: string,
    lease: ModelLease,
    nodeId: string,
    state: 'rejected' | 'broken',
    code: string,
  ): void {
    const node = lease.nodes.get(nodeId)!;
    node.state = 'withheld';
    node.joined = false;
    this.#world.nodes.powerOff(nodeId);
    this.#notify(TENANT, { kind: 'NodeWithheld', leaseId, nodeId, state, code });
    if (lease.state === 'ending') this.#close(leaseId, lease, nodeId);
  }

  #release(leaseId: string, lease: ModelLease, nodeId: string): void {
    const node = lease.nodes.get(nodeId)!;
    if (node.state === 'releasing' || node.state === 'closed') return;
    if (node.state === 'withheld') {
      this.#close(leaseId, lease, nodeId);
      return;
    }
    node.state = 'releasing';
    this.#world.after(1_000, () => {
      node.joined = false;
      this.#world.nodes.powerOff(nodeId);
      const notice = { kind: 'NodeCutOff', leaseId, nodeId } as const;
      this.#notify(TENANT, notice);
      this.#notify(ATTESTER, notice);
      this.#world.after(5_000, () => this.#close(leaseId, lease, nodeId));
    });
  }

  #close(leaseId: string, lease: ModelLease, nodeId: string): void {
    lease.nodes.get(nodeId)!.state = 'closed';
    if (lease.state === 'ended') return;
    for (const node of lease.nodes.values()) if (node.state !== 'closed') return;
    lease.state = 'ended';
    this.#notify(TENANT, { kind: 'LeaseEnded', leaseId });
    this.#notify(ATTESTER, { kind: 'LeaseEnded', leaseId });
  }

  #notify(to: Principal, notice: LeaseNotice): void {
    this.#world.tell(to, { kind: 'Notify', to, notice } as { kind: string });
  }
}

function refuse(code: string): Refusal {
  return { code, message: 'the model isolation service says no' };
}
