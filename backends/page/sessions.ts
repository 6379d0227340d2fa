/**
 * Who is logged in to the page. A login is a token of the services; the browser gets a random number
 * instead of it, so that the token is in no cookie and no script can read it.
 */
import { randomBytes } from 'node:crypto';
import { HOUR_MS, SECOND_MS, type TimeMs } from '../../core/kernel/units.ts';

const SESSION_BYTES = 32;
/** A working day. */
const SESSION_MS = 12 * HOUR_MS;
const SESSIONS_MAXIMUM = 1_000;
const COOKIE = 'ocx';

interface Session {
  readonly token: string;
  readonly untilMs: TimeMs;
}

export class Sessions {
  readonly #nowMs: () => TimeMs;
  /** The oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(nowMs: () => TimeMs) {
    this.#nowMs = nowMs;
  }

  /** @returns the header that sets the cookie */
  begin(token: string, isEncrypted: boolean): string {
    const id = randomBytes(SESSION_BYTES).toString('base64url');
    this.#sessions.set(id, { token, untilMs: this.#nowMs() + SESSION_MS });
    for (const old of this.#sessions.keys()) {
      if (this.#sessions.size <= SESSIONS_MAXIMUM) break;
      this.#sessions.delete(old);
    }
    const secure = isEncrypted ? '; Secure' : '';
    return `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / SECOND_MS}${secure}`;
  }

  /** Token of the session that a cookie header names; null where there is none any more. */
  tokenOf(cookies: string | undefined): string | null {
    const id = idOf(cookies);
    const session = id === null ? undefined : this.#sessions.get(id);
    if (!session) return null;
    if (session.untilMs > this.#nowMs()) return session.token;
    this.#sessions.delete(id!);
    return null;
  }

  /** @returns the header that takes the cookie away */
  end(cookies: string | undefined): string {
    const id = idOf(cookies);
    if (id !== null) this.#sessions.delete(id);
    return `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }
}

function idOf(cookies: string | undefined): string | null {
  return /(?:^|;\s*)ocx=([A-Za-z0-9_-]{43})(?:;|$)/.exec(cookies ?? '')?.[1] ?? null;
}
