/**
 * Keys of a node at level `full`. The disk key K unlocks the node's root disk; the boot desk hands
 * out share U, the attester share V after a good quote, and K = U xor V (Keylime's split, see
 * core/attester/key-shares.ts). Either share alone says nothing about K.
 *
 * V is not sent between the services: the tenant's own attester and provisioner derive it from a
 * secret that both are given in a file, so that it stands in no journal. docs/boot.md has the
 * formulas for whoever writes a node's agent.
 */
import { createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { OcxError } from '../../core/kernel/errors.ts';

export const KEY_BYTES = 32;

/** PKCS #8 of an X25519 private key (RFC 8410), up to its 32 bytes. */
const X25519_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Share V of the node under the lease. @param secret 32 bytes, of the tenant's services alone */
export function shareV(secret: Uint8Array, leaseId: string, nodeId: string): Buffer {
  const info = `ocx key share V 1\n${leaseId}\n${nodeId}`;
  return Buffer.from(hkdfSync('sha256', secret, '', info, KEY_BYTES));
}

/** The share that goes with `share` to give `key`; the key, from both shares. */
export function xorKeys(key: Uint8Array, share: Uint8Array): Buffer {
  if (key.length !== KEY_BYTES || share.length !== KEY_BYTES) {
    throw new OcxError({ code: 'INPUT_KEY_SHARE', message: 'a key share has 32 bytes' });
  }
  return Buffer.from(key.map((byte, index) => byte ^ share[index]!));
}

/** What opens the disk: LUKS takes text. */
export function diskPassphrase(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

/** The node's WireGuard key pair; the node makes the private half of it by itself. */
export function nodeTunnelKeys(key: Uint8Array): { privateKey: Buffer; publicKey: Buffer } {
  const privateKey = createHash('sha256').update('ocx wireguard node 1\n').update(key).digest();
  return { privateKey, publicKey: tunnelPublicKey(privateKey) };
}

/** Public half of an X25519 private key, 32 bytes each. */
export function tunnelPublicKey(privateKey: Uint8Array): Buffer {
  const der = Buffer.concat([X25519_PREFIX, privateKey]);
  const pair = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(pair).export({ format: 'der', type: 'spki' });
  return spki.subarray(-KEY_BYTES);
}

/**
 * Reads the secret that the tenant's attester and provisioner share: 64 hex digits.
 *
 * @throws INPUT_KEY_SHARE_SECRET where it is malformed or others may read it
 */
export function readShareSecret(file: string): Buffer {
  const { mode } = statSync(file);
  const text = readFileSync(file, 'utf8').trim();
  if ((mode & 0o077) === 0 && /^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex');
  throw new OcxError({
    code: 'INPUT_KEY_SHARE_SECRET',
    message: 'the secret of the key shares is not 64 hex digits that its owner alone may read',
    place: { file },
    remedy: 'make one with: (umask 077; openssl rand -hex 32 > FILE)',
  });
}
