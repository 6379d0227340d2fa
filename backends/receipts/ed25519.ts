/**
 * Signed receipts: Ed25519 (RFC 8032) over the canonical JSON of what was received, so that the
 * exchange cannot deny it later.
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { CommitReceipt } from '../../core/market/sealing/protocol.ts';

/** The signature as 128 hex digits. @param privateKeyPem PKCS #8 @throws where it is no key */
export function signReceipt(receipt: CommitReceipt, privateKeyPem: string): string {
  return sign(null, bytesOf(receipt), createPrivateKey(privateKeyPem)).toString('hex');
}

/** Whether a text is an Ed25519 public key, PEM. */
export function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

/** @param publicKeyPem as `isPublicKey` accepts it */
export function isSigned(receipt: CommitReceipt, signature: string, publicKeyPem: string): boolean {
  if (!/^[0-9a-f]{128}$/.test(signature)) return false;
  return verify(
    null,
    bytesOf(receipt),
    createPublicKey(publicKeyPem),
    Buffer.from(signature, 'hex'),
  );
}

function bytesOf({ roundId, organisation, commitment, place, head }: CommitReceipt): Buffer {
  const body = { commitment, head, organisation, place, roundId, schema: 'ocx-receipt/1' };
  return Buffer.from(canonicalJson(body), 'utf8');
}
