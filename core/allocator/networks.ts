/** Networks and who may use them. */
import { takeNetworkId } from './network-ids.ts';
import { ENCLAVE_PREFIX } from './walk.ts';
import { invariant } from '../kernel/errors.ts';
import type { IsolationState } from './state.ts';

/** The lessee's own enclave network; the caller has checked that an id is left. */
export function ensureEnclave(state: IsolationState, lessee: string): void {
  const name = ENCLAVE_PREFIX + lessee;
  if (state.networks.has(name)) return;
  const networkId = takeNetworkId(state, name);
  invariant(networkId !== null, 'a network id is left');
  const access = new Set([lessee]);
  state.networks.set(name, { name, owner: lessee, networkId, access, isPublic: false });
}
