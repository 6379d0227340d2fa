/**
 * Sessions of the Redfish service, in memory: after a restart clients log in again. A session stands
 * for one tenure and is void with it. Its token is looked up by its hash.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Tenure } from './credential.ts';

/** Without a request for so long a session ends. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** Of one credential; clients that never log out push out their own oldest. */
const SESSIONS_EACH = 32;
const TOKEN_BYTES = 32;
const ID_BYTES = 8;

export interface Session {
  readonly sessionId: string;
  readonly tenure: Tenure;
}

/** The token is shown once. */
export interface OpenedSession {
  readonly token: string;
  readonly sessionId: string;
}

interface KeptSession extends Session {
  usedMs: number;
}

export class Sessions {
  /** By the hash of the token; those used last are last. */
  readonly #sessions = new Map<string, KeptSession>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  open({ leaseId, nodeId, tenure: number }: Tenure): OpenedSession {
    const tenure = { leaseId, nodeId, tenure: number };
    this.#dropIdle();
    const own = [...this.#sessions].filter(([, session]) => isSame(session.tenure, tenure));
    if (own.length >= SESSIONS_EACH) this.#sessions.delete(own[0]![0]);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const sessionId = randomBytes(ID_BYTES).toString('hex');
    this.#sessions.set(hashOf(token), { sessionId, tenure, usedMs: this.#nowMs() });
    return { token, sessionId };
  }

  /** Null where there is none, or it was idle for too long. */
  find(token: string): Session | null {
    this.#dropIdle();
    const hash = hashOf(token);
    const session = this.#sessions.get(hash);
    if (!session) return null;
    session.usedMs = this.#nowMs();
    this.#sessions.delete(hash);
    this.#sessions.set(hash, session);
    return session;
  }

  /** Ids of the sessions of a tenure. */
  of(tenure: Tenure): string[] {
    this.#dropIdle();
    return [...this.#sessions.values()].flatMap((session) =>
      isSame(session.tenure, tenure) ? [session.sessionId] : [],
    );
  }

  /** @returns false where the tenure has no such session */
  end(tenure: Tenure, sessionId: string): boolean {
    for (const [hash, session] of this.#sessions) {
      if (session.sessionId !== sessionId || !isSame(session.tenure, tenure)) continue;
      return this.#sessions.delete(hash);
    }
    return false;
  }

  #dropIdle(): void {
    const sinceMs = this.#nowMs() - SESSION_IDLE_MS;
    for (const [hash, { usedMs }] of this.#sessions) {
      if (usedMs > sinceMs) return;
      this.#sessions.delete(hash);
    }
  }
}

export function isSame(a: Tenure, b: Tenure): boolean {
  return a.tenure === b.tenure && a.nodeId === b.nodeId && a.leaseId === b.leaseId;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
