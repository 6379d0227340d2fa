/**
 * Nodes that were bought to be sold on (forward purchases, corners): their owner keeps them ready,
 * the buyer has no use of its own for them and may sell them until its contract ends. Who buys them
 * from it has its lease with the owner.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import { HOARD_PREFIX } from '../../core/agents/view.ts';
import type { HoardedNodes } from '../../core/agents/view.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import { resaleId } from '../../core/market/safeguards/market-maker.ts';
import { MARKET_MAKER } from '../scenario/aliases.ts';

/** A promised node, and when it is next free. */
export interface PooledNode {
  readonly nodeId: string;
  freeAtMs: TimeMs;
}

interface Hoard {
  readonly contract: Contract;
  readonly pool: PooledNode[];
}

export class Hoards {
  /** By own id of the asks for them. */
  readonly #byId = new Map<string, Hoard>();

  add(contract: Contract, pool: PooledNode[]): void {
    this.#byId.set(hoardId(contract), { contract, pool });
  }

  /** Nodes that a contract of the buyer's resale is served from; undefined for any other. */
  poolOf(contract: Contract): PooledNode[] | undefined {
    const { seller, askId } = contract;
    const id = seller === MARKET_MAKER ? askId : askId.slice(seller.length + 1);
    const hoard = this.#byId.get(id);
    return hoard?.contract.buyer === seller ? hoard.pool : undefined;
  }

  of(organisation: string, nowMs: TimeMs): HoardedNodes[] {
    const held: HoardedNodes[] = [];
    for (const [id, { contract, pool }] of this.#byId) {
      if (contract.buyer !== organisation) continue;
      const fromMs = Math.max(nowMs, contract.startMs);
      const nodes = pool.filter(({ freeAtMs }) => freeAtMs <= fromMs).length;
      const { nodeClass, endMs: untilMs } = contract;
      held.push({ hoardId: id, nodeClass, nodes, fromMs, untilMs });
    }
    return held;
  }

  /** Harmless for a contract that is no hoard. */
  end(contractId: string): void {
    this.#byId.delete(`${HOARD_PREFIX}${contractId}`);
    this.#byId.delete(resaleId(contractId));
  }

  carry(carrier: Carrier): void {
    carrier.fill('byId', this.#byId);
  }
}

/** Whether a contract is for nodes that no cluster asked for. */
export function isHoarded(contract: Contract): boolean {
  if (contract.buyer === MARKET_MAKER) return true;
  return contract.wantRef.startsWith(HOARD_PREFIX, contract.buyer.length + 1);
}

function hoardId({ buyer, contractId }: Contract): string {
  return buyer === MARKET_MAKER ? resaleId(contractId) : `${HOARD_PREFIX}${contractId}`;
}
