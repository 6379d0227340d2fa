/** Simulated key stores: who holds the second key share of a lease, and who must not any more. */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { ReleaseKeyShare, RevokeKeys } from '../../core/attester/protocol.ts';
import { ok } from '../../core/kernel/service.ts';
import type { HardwareOutcome } from './effects.ts';
import { DEVICE_FENCED, NODE_OFF } from './failures.ts';
import type { SimulatedNode } from './node.ts';

export class KeyStore {
  /** Largest sequence by node; smaller ones are late copies and ignored. */
  readonly #sequences = new Map<string, number>();
  readonly #fencing: boolean;

  constructor(fencing: boolean) {
    this.#fencing = fencing;
  }

  apply(node: SimulatedNode, effect: ReleaseKeyShare | RevokeKeys): HardwareOutcome {
    const newest = this.#sequences.get(effect.nodeId) ?? 0;
    if (effect.sequence < newest && this.#fencing) return DEVICE_FENCED;
    this.#sequences.set(effect.nodeId, effect.sequence);
    if (effect.kind === 'RevokeKeys') {
      node.keyShareLease = null;
      return ok;
    }
    if (node.power === 'off') return NODE_OFF;
    node.keyShareLease = effect.leaseId;
    return ok;
  }

  carry(carrier: Carrier): void {
    carrier.fill('sequences', this.#sequences);
  }
}
