/**
 * Bearer tokens. Only their hashes are kept: a token has 256 random bits, which nobody guesses, so
 * that a plain SHA-256 is as good as a slow hash is for passwords.
 */
import { createHash, randomBytes } from 'node:crypto';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Principal } from '../../core/kernel/service.ts';

/** As a token stands in the configuration. */
export interface TokenEntry {
  /** SHA-256 of the token in hex digits. */
  readonly sha256: string;
  readonly role: Principal['role'];
  /** Of the administrator, organisation or service. */
  readonly name: string;
  /** `read`: may look, but change nothing. */
  readonly access: 'read' | 'write';
}

/** Who a token stands for. */
export interface Caller {
  readonly principal: Principal;
  readonly mayWrite: boolean;
}

const TOKEN_BYTES = 32;
const TOKEN = /^ocx_[A-Za-z0-9_-]{43}$/;
const ROLES: ReadonlySet<string> = new Set(['admin', 'organisation', 'service']);
const NAME = /^[\x21-\x7e]{1,128}$/;

/** A new token, to be shown once; its hash is what is kept. */
export function newToken(): { readonly token: string; readonly sha256: string } {
  const token = `ocx_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  return { token, sha256: hashOf(token) };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export class Tokens {
  readonly #callers = new Map<string, Caller>();

  /** @throws INPUT_BAD_CONFIGURATION */
  constructor(entries: readonly TokenEntry[]) {
    for (const [index, { sha256, role, name, access }] of entries.entries()) {
      const isGood = /^[0-9a-f]{64}$/.test(sha256) && ROLES.has(role) && NAME.test(name);
      if (!isGood || (access !== 'read' && access !== 'write') || this.#callers.has(sha256)) {
        throw new OcxError({
          code: 'INPUT_BAD_CONFIGURATION',
          message: 'a token needs a sha256 of its own, a role, a name, and access read or write',
          place: { keyPath: `tokens[${index}]` },
        });
      }
      this.#callers.set(sha256, { principal: { role, name }, mayWrite: access === 'write' });
    }
  }

  /**
   * Null for anything but `Bearer` and a token that is known. What is looked up is a hash, whose
   * digits a caller cannot choose: the time that it takes tells nothing about the tokens.
   */
  callerOf(authorization: string | undefined): Caller | null {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined || !TOKEN.test(token)) return null;
    return this.#callers.get(hashOf(token)) ?? null;
  }
}
