/**
 * Keylime's key split: a bootstrap key K is the exclusive or of two shares. The tenant sends U to
 * the node, the attester hands out V only after a valid quote; either alone is a uniformly random
 * text that says nothing about K (one-time pad).
 *
 * Source: Schear et al., "Bootstrapping and maintaining trust in the cloud" (ACSAC 2016), §4.
 */
import type { Refusal } from '../kernel/errors.ts';

/** K of shares U and V; all three are hex texts of the same length. */
export function combineKeyShares(shareU: string, shareV: string): string | Refusal {
  const refusal = hexRefusal(shareU, 'share U') ?? hexRefusal(shareV, 'share V');
  if (refusal) return refusal;
  if (shareU.length !== shareV.length) {
    return { code: 'INPUT_KEY_SHARE', message: 'the key shares differ in length' };
  }
  let key = '';
  for (let i = 0; i < shareU.length; i++) {
    key += (parseInt(shareU[i]!, 16) ^ parseInt(shareV[i]!, 16)).toString(16);
  }
  return key;
}

/** The share V that goes with a random share U, so that both combine to `key`. */
export function splitKey(key: string, randomShareU: string): string | Refusal {
  return combineKeyShares(key, randomShareU);
}

function hexRefusal(text: string, name: string): Refusal | null {
  if (text.length > 0 && text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text)) return null;
  return { code: 'INPUT_KEY_SHARE', message: `${name} is not a hex text of whole bytes` };
}
