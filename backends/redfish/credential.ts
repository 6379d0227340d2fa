/**
 * The credential of one leased node. It is derived and stored nowhere: the password is a keyed hash
 * over the node, the lease and the node's fencing token at handover, so that it is the same after a
 * restart, and void for good once the lease has the node no more.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** One time that a lease has a node. */
export interface Tenure {
  readonly leaseId: string;
  readonly nodeId: string;
  /** Differs between any two times that a lease got this node. */
  readonly tenure: number;
}

/** `NODE@LEASE`, both percent-encoded: neither `:`, `@` nor anything but ASCII is left in a name. */
export function userNameOf({ nodeId, leaseId }: Pick<Tenure, 'nodeId' | 'leaseId'>): string {
  return `${encodeURIComponent(nodeId)}@${encodeURIComponent(leaseId)}`;
}

/** Null where it can be the name of no credential. */
export function namedBy(userName: string): Pick<Tenure, 'nodeId' | 'leaseId'> | null {
  const parts = /^([^@]{1,384})@([^@]{1,384})$/.exec(userName);
  if (!parts) return null;
  try {
    const named = { nodeId: decodeURIComponent(parts[1]!), leaseId: decodeURIComponent(parts[2]!) };
    // One spelling a name, so that nobody is locked out under one and guesses under another.
    return userNameOf(named) === userName ? named : null;
  } catch {
    return null;
  }
}

/** @param secret of the site; whoever has it can make every password */
export function passwordOf(secret: Buffer, { nodeId, leaseId, tenure }: Tenure): string {
  const named = JSON.stringify(['ocx-redfish-1', nodeId, leaseId, tenure]);
  return createHmac('sha256', secret).update(named).digest('base64url');
}

/** Takes as long for a wrong password as for the right one, and for no node (null) as for one. */
export function isPassword(secret: Buffer, tenure: Tenure | null, given: string): boolean {
  const right = passwordOf(secret, tenure ?? { nodeId: '', leaseId: '', tenure: -1 });
  const digest = (text: string) => createHmac('sha256', secret).update(text).digest();
  return timingSafeEqual(digest(right), digest(given)) && tenure !== null;
}
