/**
 * A TPM made here, for tests that must run where no software TPM is installed: an endorsement key
 * with its certificate, attestation keys, credentials and quotes, by the structures of the TPM 2.0
 * Library. `tpm.live.ts` holds what we read against TPMs that we did not make.
 */
import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  privateDecrypt,
  sign,
  type KeyObject,
} from 'node:crypto';
import { deriveByHmac } from '../../../backends/tpm/credential.ts';
import { endorsementKeyHash } from '../../../backends/tpm/endorsement.ts';
import { parseEventLog, replay } from '../../../backends/tpm/event-log.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import { NEEDED_PCRS } from '../../../backends/tpm/references.ts';
import { MadeAuthority } from './made-authority.ts';
import { logBytes, type MadeEvent } from './made-log.ts';
import { valueOf } from './vectors.ts';

const SHA256 = u16(0x000b);
const NULL = u16(0x0010);
const FIXED_RESTRICTED = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 16);

export class MadeTpm {
  readonly endorsementKey: Buffer;
  readonly certificate: Buffer;
  attestationKey: Buffer = Buffer.alloc(0);
  resetCount = 0;
  events: readonly MadeEvent[] = [];
  readonly #endorsement: KeyObject;
  #attestation: KeyObject | null = null;

  constructor(authority: MadeAuthority) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#endorsement = privateKey;
    const { n } = publicKey.export({ format: 'jwk' }) as { readonly n: string };
    const aes = Buffer.concat([u16(0x0006), u16(128), u16(0x0043)]);
    const parameters = Buffer.concat([aes, NULL, u16(2048), u32(0)]);
    const unique = sized(Buffer.from(n, 'base64url'));
    const attributes = u32(FIXED_RESTRICTED | (1 << 17));
    const head = Buffer.concat([u16(0x0001), SHA256, attributes, sized(Buffer.alloc(32, 7))]);
    this.endorsementKey = sized(Buffer.concat([head, parameters, unique]));
    this.certificate = authority.issue(publicKey);
  }

  get endorsementKeyHash(): string {
    return endorsementKeyHash(valueOf(parsePublic(this.endorsementKey)));
  }

  /** The power comes on, and the machine measures what it boots. */
  boot(events: readonly MadeEvent[]): void {
    this.resetCount += 1;
    this.events = events;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#attestation = privateKey;
    const { x, y } = publicKey.export({ format: 'jwk' }) as { readonly x: string; y: string };
    const attributes = u32(FIXED_RESTRICTED | (1 << 18));
    const head = Buffer.concat([u16(0x0023), SHA256, attributes, sized(Buffer.alloc(0))]);
    const parameters = Buffer.concat([NULL, u16(0x0018), SHA256, u16(0x0003), NULL]);
    const point = [x, y].map((number) => sized(Buffer.from(number, 'base64url')));
    this.attestationKey = sized(Buffer.concat([head, parameters, ...point]));
  }

  /** TPM2_ActivateCredential on a credential as tpm2-tools keep it; null: it is not for this TPM. */
  activate(file: Buffer): Buffer | null {
    const [blob, rest] = takeSized(file.subarray(8));
    const [encrypted] = takeSized(rest);
    const [mac, identity] = takeSized(blob);
    const { name } = valueOf(parsePublic(this.attestationKey));
    const none = Buffer.alloc(0);
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const oaepLabel = Buffer.from('IDENTITY\0', 'latin1');
      const key = this.#endorsement;
      const seed = privateDecrypt({ key, padding, oaepHash: 'sha256', oaepLabel }, encrypted);
      const macKey = deriveByHmac('sha256', seed, 'INTEGRITY', none, none, 256);
      const expected = createHmac('sha256', macKey).update(identity).update(name).digest();
      if (!expected.equals(mac)) return null;
      const cipherKey = deriveByHmac('sha256', seed, 'STORAGE', name, none, 128);
      const cipher = createDecipheriv('aes-128-cfb', cipherKey, Buffer.alloc(16));
      return takeSized(Buffer.concat([cipher.update(identity), cipher.final()]))[0];
    } catch {
      return null;
    }
  }

  /** Hex digests of the PCRs that are quoted. */
  get pcrs(): Record<string, string> {
    const log = valueOf(parseEventLog(logBytes(this.events)));
    const values = valueOf(replay(log, 'sha256', NEEDED_PCRS));
    return Object.fromEntries(
      NEEDED_PCRS.map((index) => [String(index), values.get(index)!.toString('hex')]),
    );
  }

  /** An agent's answer to a nonce, as JSON. */
  quote(nonce: string, secret: Buffer): object {
    const bitmap = Buffer.alloc(3);
    for (const index of NEEDED_PCRS) bitmap[index >> 3]! |= 1 << (index & 7);
    const hash = createHash('sha256');
    for (const index of NEEDED_PCRS) hash.update(Buffer.from(this.pcrs[index]!, 'hex'));
    const { name } = valueOf(parsePublic(this.attestationKey));
    const quote = Buffer.concat([
      ...[u32(0xff544347), u16(0x8018), sized(name), sized(Buffer.from(nonce, 'hex'))],
      // Clock, resets, restarts, safe, firmware.
      ...[Buffer.alloc(8), u32(this.resetCount), u32(0), Buffer.from([1]), Buffer.alloc(8)],
      ...[u32(1), SHA256, Buffer.from([3]), bitmap, sized(hash.digest())],
    ]);
    const key = { key: this.#attestation!, dsaEncoding: 'ieee-p1363' } as const;
    const point = sign('sha256', quote, key);
    const numbers = [sized(point.subarray(0, 32)), sized(point.subarray(32))];
    const signature = Buffer.concat([u16(0x0018), SHA256, ...numbers]);
    const base64 = (bytes: Buffer) => bytes.toString('base64');
    return {
      ...{ secret: base64(secret), quote: base64(quote), signature: base64(signature) },
      ...{ pcrs: this.pcrs, eventLog: base64(logBytes(this.events)) },
    };
  }

  /** What the agent says first, as JSON. */
  hello(): object {
    return {
      endorsementKey: this.endorsementKey.toString('base64'),
      certificate: this.certificate.toString('base64'),
      intermediates: [],
      attestationKey: this.attestationKey.toString('base64'),
    };
  }
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([u16(bytes.length), bytes]);
}

/** What a length stands before, and the rest. */
function takeSized(bytes: Buffer): [Buffer, Buffer] {
  const end = 2 + bytes.readUInt16BE(0);
  return [bytes.subarray(2, end), bytes.subarray(end)];
}
