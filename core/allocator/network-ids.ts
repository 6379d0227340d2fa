/**
 * The pool of network ids. An id is in use at most once, explicit ids included, and comes back
 * only when the ports that carried it are known to be clear (invariant N2).
 */
import type { IsolationSettings } from './settings.ts';
import type { IsolationState, NetworkIds, Node } from './state.ts';

export function networkIdPool(settings: IsolationSettings): NetworkIds {
  return { next: settings.networkIdFirst, returned: [], inUse: new Map() };
}

export function isPoolExhausted(state: IsolationState): boolean {
  return peek(state) === null;
}

/** Null where the pool is exhausted. */
export function takeNetworkId(state: IsolationState, user: string): number | null {
  const id = peek(state);
  if (id === null) return null;
  const pool = state.networkIds;
  if (pool.returned.length > 0) pool.returned.pop();
  else pool.next += 1;
  pool.inUse.set(id, user);
  return id;
}

/** An explicit id, in the pool or not; the caller has checked that it is free and in range. */
export function claimNetworkId(state: IsolationState, id: number, user: string): void {
  state.networkIds.inUse.set(id, user);
}

export function returnNetworkId(state: IsolationState, id: number): void {
  const { networkIds: pool, settings } = state;
  pool.inUse.delete(id);
  const isFromPool = id >= settings.networkIdFirst && id < pool.next;
  if (isFromPool && !pool.returned.includes(id)) pool.returned.push(id);
}

/** After all ports of the node were read back and carry nothing any more. */
export function returnAirlock(state: IsolationState, node: Node): void {
  if (node.airlockNetworkId === null) return;
  returnNetworkId(state, node.airlockNetworkId);
  node.airlockNetworkId = null;
}

/** Drops ids that were claimed explicitly from the front, then shows the next free one. */
function peek(state: IsolationState): number | null {
  const { networkIds: pool, settings } = state;
  while (pool.returned.length > 0) {
    const id = pool.returned.at(-1)!;
    if (!pool.inUse.has(id)) return id;
    pool.returned.pop();
  }
  while (pool.next <= settings.networkIdLast && pool.inUse.has(pool.next)) pool.next += 1;
  return pool.next <= settings.networkIdLast ? pool.next : null;
}
