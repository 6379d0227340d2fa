/**
 * A sealed order sheet: what an organisation commits to before anybody can see it, and reveals when
 * nobody can change anything any more.
 *
 * commitment = SHA-256(canonical JSON of {agent, asks, bids, nonce}). The nonce, 128 random bits of
 * the bidder's own, keeps others from trying out likely sheets.
 */
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/sha256.ts';
import type { Ask, Bid } from '../orders.ts';

export interface OrderSheet {
  readonly agent: string;
  readonly asks: readonly Ask[];
  readonly bids: readonly Bid[];
  /** 32 hex digits. */
  readonly nonce: string;
}

/** 64 hex digits. */
export function commitmentOf(sheet: OrderSheet): string {
  const { agent, asks, bids, nonce } = sheet;
  return sha256Hex(canonicalJson({ agent, asks, bids, nonce }));
}

/** Whether a text may be the nonce of a sheet. */
export function isNonce(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}
