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
  return nextId(state) === null;
}

/** Null where the pool is exhausted. */
export function takeNetworkId(state: IsolationState, user: string): number | null {
  const id = nextId(state);
  if (id !== null) claimNetworkId(state, id, user);
  return id;
}

/** Any id that is free and in range, in the pool or not. */
export function claimNetworkId(state: IsolationState, id: number, user: string): void {
  const { networkIds: pool } = state;
  const index = pool.returned.lastIndexOf(id);
  if (index >= 0) pool.returned.splice(index, 1);
  pool.inUse.set(id, user);
  while (pool.inUse.has(pool.next)) pool.next += 1;
}

export function returnNetworkId(state: IsolationState, id: number): void {
  const { networkIds: pool, settings } = state;
  pool.inUse.delete(id);
  if (id >= settings.networkIdFirst && id < pool.next) pool.returned.push(id);
}

/** After all ports of the node were read back and carry nothing any more. */
export function returnAirlock(state: IsolationState, node: Node): void {
  if (node.airlockNetworkId === null) return;
  returnNetworkId(state, node.airlockNetworkId);
  node.airlockNetworkId = null;
}

/** The one that came back last, else the lowest that was never used. */
function nextId({ networkIds: pool, settings }: IsolationState): number | null {
  const returned = pool.returned.at(-1);
  if (returned !== undefined) return returned;
  return pool.next <= settings.networkIdLast ? pool.next : null;
}
