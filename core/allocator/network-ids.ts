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
  const before = pool.inUse.get(id);
  if (before !== undefined) count(pool, before, -1);
  count(pool, user, 1);
  pool.inUse.set(id, user);
  while (pool.inUse.has(pool.next)) pool.next += 1;
}

export function returnNetworkId(state: IsolationState, id: number): void {
  const { networkIds: pool, settings } = state;
  const user = pool.inUse.get(id);
  if (user !== undefined) count(pool, user, -1);
  pool.inUse.delete(id);
  if (id >= settings.networkIdFirst && id < pool.next) pool.returned.push(id);
}

/** The name that a node's airlock has in the pool. */
export function airlockUser(nodeId: string): string {
  return `airlock:${nodeId}`;
}

/** The one that is set aside for the node, else one of the pool; null where that is exhausted. */
export function takeAirlock(state: IsolationState, { nodeId }: Node): number | null {
  return airlockSetAside(state, nodeId) ?? takeNetworkId(state, airlockUser(nodeId));
}

/** With the node goes what was set aside for it. */
export function forgetAirlock(state: IsolationState, { nodeId }: Node): void {
  const id = airlockSetAside(state, nodeId);
  if (id !== null) returnNetworkId(state, id);
}

function airlockSetAside(state: IsolationState, nodeId: string): number | null {
  const user = airlockUser(nodeId);
  // Few nodes have one, and there may be as many ids in use as nodes.
  if (!countsOf(state.networkIds).has(user)) return null;
  for (const [id, claimedBy] of state.networkIds.inUse) if (claimedBy === user) return id;
  return null;
}

/** After all ports of the node were read back and carry nothing any more. */
export function returnAirlock(state: IsolationState, node: Node): void {
  if (node.airlockNetworkId === null) return;
  // One outside the pool is set aside for this node, and stays so.
  if (isOfPool(state, node.airlockNetworkId)) returnNetworkId(state, node.airlockNetworkId);
  node.airlockNetworkId = null;
}

/** Where it lies in the pool's range, the pool gives it to anybody. */
export function isOfPool({ settings }: IsolationState, id: number): boolean {
  return id >= settings.networkIdFirst && id <= settings.networkIdLast;
}

/** Ids in use by user, for pools that were asked; what they say is in the pool. */
const countsByPool = new WeakMap<NetworkIds, Map<string, number>>();

function countsOf(pool: NetworkIds): ReadonlyMap<string, number> {
  let counts = countsByPool.get(pool);
  if (counts) return counts;
  counts = new Map();
  countsByPool.set(pool, counts);
  for (const user of pool.inUse.values()) counts.set(user, (counts.get(user) ?? 0) + 1);
  return counts;
}

function count(pool: NetworkIds, user: string, change: number): void {
  const counts = countsByPool.get(pool);
  if (!counts) return;
  const ids = (counts.get(user) ?? 0) + change;
  if (ids > 0) counts.set(user, ids);
  else counts.delete(user);
}

/** The one that came back last, else the lowest that was never used. */
function nextId({ networkIds: pool, settings }: IsolationState): number | null {
  const returned = pool.returned.at(-1);
  if (returned !== undefined) return returned;
  return pool.next <= settings.networkIdLast ? pool.next : null;
}
