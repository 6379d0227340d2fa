/**
 * TPM2_MakeCredential, outside a TPM: a secret that only the TPM with a given endorsement key can
 * read, and that it hands out only if a key of a given name lives in it as well. So an attestation
 * key is bound to an endorsement key.
 *
 * Source: TPM 2.0 Library, Part 1: 24 (credential protection), 11.4.10 (KDFa, KDFe), B.10.4 and
 * C.6.4 (secret sharing under "IDENTITY").
 */
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { digestBytes } from './algorithms.ts';
import type { HashName } from './algorithms.ts';
import { padded, sizedBytes } from './bytes.ts';
import type { PublicArea } from './public-area.ts';

/** Two TPM2B, as TPM2_ActivateCredential takes them. */
export interface Credential {
  /** TPM2B_ID_OBJECT. */
  readonly credentialBlob: Buffer;
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly encryptedSecret: Buffer;
}

const IDENTITY = 'IDENTITY';
const NONE = Buffer.alloc(0);
const ECDH_NAMES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const;

/**
 * @param endorsementKey a storage key, as `isEndorsementKey` accepts it
 * @param name of the key that must live beside it
 * @param secret no longer than a digest of the endorsement key's name hash
 */
export function makeCredential(
  endorsementKey: PublicArea,
  name: Buffer,
  secret: Buffer,
): Credential {
  const { nameHash, protection } = endorsementKey;
  const { seed, encryptedSecret } = shareSeed(endorsementKey);
  const { keyBits } = protection!;
  const cipherKey = deriveByHmac(nameHash, seed, 'STORAGE', name, NONE, keyBits);
  const cipher = createCipheriv(`aes-${keyBits}-cfb`, cipherKey, Buffer.alloc(16));
  const identity = Buffer.concat([cipher.update(sizedBytes(secret)), cipher.final()]);
  const macKey = deriveByHmac(nameHash, seed, 'INTEGRITY', NONE, NONE, digestBytes(nameHash) * 8);
  const mac = createHmac(nameHash, macKey).update(identity).update(name).digest();
  const credentialBlob = sizedBytes(Buffer.concat([sizedBytes(mac), identity]));
  return { credentialBlob, encryptedSecret: sizedBytes(encryptedSecret) };
}

/** The form in which tpm2-tools keep a credential in a file. */
export function credentialFile({ credentialBlob, encryptedSecret }: Credential): Buffer {
  return Buffer.concat([Buffer.from('badcc0de00000001', 'hex'), credentialBlob, encryptedSecret]);
}

function shareSeed(key: PublicArea): { seed: Buffer; encryptedSecret: Buffer } {
  return key.curve === null ? shareByRsa(key) : shareByEcc(key);
}

function shareByRsa({ key, nameHash }: PublicArea): { seed: Buffer; encryptedSecret: Buffer } {
  const seed = randomBytes(digestBytes(nameHash));
  const oaepLabel = Buffer.from(`${IDENTITY}\0`, 'latin1');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const encryptedSecret = publicEncrypt({ key, padding, oaepHash: nameHash, oaepLabel }, seed);
  return { seed, encryptedSecret };
}

function shareByEcc(area: PublicArea): { seed: Buffer; encryptedSecret: Buffer } {
  const { name, bytes } = area.curve!;
  const ephemeral = createECDH(ECDH_NAMES[name]);
  const point = ephemeral.generateKeys();
  const { x, y } = area.key.export({ format: 'jwk' }) as { readonly x: string; readonly y: string };
  const theirX = padded(Buffer.from(x, 'base64url'), bytes);
  const theirY = padded(Buffer.from(y, 'base64url'), bytes);
  const shared = ephemeral.computeSecret(Buffer.concat([Buffer.from([4]), theirX, theirY]));
  const ourX = point.subarray(1, 1 + bytes);
  const ourY = point.subarray(1 + bytes);
  const bits = digestBytes(area.nameHash) * 8;
  const seed = deriveByHash(area.nameHash, shared, IDENTITY, ourX, theirX, bits);
  return { seed, encryptedSecret: Buffer.concat([sizedBytes(ourX), sizedBytes(ourY)]) };
}

/** KDFa: counter mode of SP 800-108 with HMAC. */
export function deriveByHmac(
  hash: HashName,
  key: Buffer,
  label: string,
  contextU: Buffer,
  contextV: Buffer,
  bits: number,
): Buffer {
  return derive(bits, (counter) =>
    createHmac(hash, key)
      .update(number(counter))
      .update(`${label}\0`, 'latin1')
      .update(contextU)
      .update(contextV)
      .update(number(bits))
      .digest(),
  );
}

/** KDFe: the one-step derivation of SP 800-56A. */
export function deriveByHash(
  hash: HashName,
  shared: Buffer,
  label: string,
  partyU: Buffer,
  partyV: Buffer,
  bits: number,
): Buffer {
  return derive(bits, (counter) =>
    createHash(hash)
      .update(number(counter))
      .update(shared)
      .update(`${label}\0`, 'latin1')
      .update(partyU)
      .update(partyV)
      .digest(),
  );
}

function derive(bits: number, block: (counter: number) => Buffer): Buffer {
  const bytes = bits / 8;
  const blocks: Buffer[] = [];
  for (let length = 0; length < bytes; length += blocks.at(-1)!.length) {
    blocks.push(block(blocks.length + 1));
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
