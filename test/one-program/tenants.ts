/** People who lease nodes, use them and give them back, by what the service shows, at random. */
import type { Request } from '../../backends/runner/runner.ts';
import type { IsolationState, Node } from '../../core/allocator/state.ts';
import type { Principal } from '../../core/kernel/service.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';

interface Asked {
  readonly kind: string;
  readonly [field: string]: unknown;
}
type Move = readonly [from: Principal, command: Asked];

const ADMIN: Principal = { role: 'admin', name: 'operator' };
const ATTESTER: Principal = { role: 'service', name: 'attester' };
const LESSEES = ['org-t', 'org-u'];

export class Tenants {
  readonly #random: () => number;
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** What somebody asks for now. */
  next(state: IsolationState, nowMs: number): Request {
    const node = this.#pick([...state.nodes.values()]);
    const [from, command] = this.#pick(this.#moves(state, node, nowMs));
    this.#count += 1;
    const isStranger = this.#random() < 0.05;
    const stranger = { role: 'organisation', name: 'org-u' } as const;
    return { from: isStranger ? stranger : from, commandId: `command-${this.#count}`, command };
  }

  #moves(state: IsolationState, node: Node, nowMs: number): readonly Move[] {
    const { nodeId } = node;
    const lease = state.leases.get(node.leaseId ?? '');
    if (!lease) {
      const free = node.state === 'free' || node.state === 'reserved';
      return free ? [this.#lease(node, nowMs)] : [[ADMIN, { kind: 'NodeReturn', nodeId }]];
    }
    const { leaseId, lessee, owner, attester } = lease.terms;
    const tenant: Principal = { role: 'organisation', name: lessee };
    const drive = (kind: string): Move => [tenant, { kind, leaseId, nodeId }];
    const end: Move = [tenant, { kind: 'LeaseReturn', leaseId, nodeIds: null }];
    const moves = [drive('AirlockPowerOn'), drive('EnclaveJoin'), drive('NodeActive'), end];
    moves.push([party(owner), { kind: 'LeaseRecall', leaseId }]);
    if (attester !== null) moves.push(this.#verdict(node, leaseId, nowMs));
    if (node.state === 'active') {
      const power = { kind: 'PowerControl', nodeId, operation: 'cycle', force: true };
      moves.push([tenant, power]);
    }
    return moves;
  }

  #verdict({ nodeId, bootCount }: Node, leaseId: string, nowMs: number): Move {
    const verdict = this.#pick(['trusted', 'trusted', 'trusted', 'rejected']);
    const validUntilMs = nowMs + 10 * MINUTE_MS;
    const report = { kind: 'AttestationReport', leaseId, nodeId, bootCount, verdict, validUntilMs };
    return [ATTESTER, report];
  }

  #lease({ nodeId, owner, securityLevel }: Node, nowMs: number): Move {
    const leaseId = `lease-${this.#count + 1}`;
    const lessee = this.#pick(LESSEES);
    const startMs = nowMs + Math.floor(this.#random() * 2 * MINUTE_MS);
    const endMs = startMs + Math.floor((1 + this.#random() * 40) * MINUTE_MS);
    const isAttested = securityLevel !== 'none' && this.#random() < 0.6;
    const terms = {
      ...{ leaseId, contractId: null, owner, lessee, nodeIds: [nodeId], startMs, endMs },
      securityLevel: isAttested ? 'attested' : 'none',
      attester: isAttested ? 'attester' : null,
      recallNoticeMs: this.#random() < 0.5 ? MINUTE_MS : null,
    };
    return [party(owner!), { kind: 'LeaseCreate', terms }];
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}

function party(name: string): Principal {
  return { role: 'organisation', name };
}
