/** A maker of TPMs: X.509 certificates of endorsement keys under a root of its own, in DER. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { der, sequence, time } from '../bmc/self-signed.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const EXTENDED_USAGE = oid('551d25');
/** tcg-kp-EKCertificate. */
const ENDORSEMENT = oid('6781050801');

export class MadeAuthority {
  /** PEM. */
  readonly root: string;
  readonly #key: KeyObject;
  readonly #name = sequence(der(0x31, sequence(COMMON_NAME, text('maker of TPMs'))));
  #serial = 1;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.#key = privateKey;
    const isAuthority = sequence(
      BASIC_CONSTRAINTS,
      octets(sequence(der(0x01, Buffer.from([0xff])))),
    );
    const whole = this.#certificate(this.#name, publicKey, isAuthority);
    const lines = whole.toString('base64').match(/.{1,64}/g)!;
    this.root = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join(
      '\n',
    );
  }

  /** DER, for an endorsement key. */
  issue(key: KeyObject): Buffer {
    const usage = sequence(EXTENDED_USAGE, octets(sequence(ENDORSEMENT)));
    const subject = sequence(der(0x31, sequence(COMMON_NAME, text(`TPM ${this.#serial}`))));
    return this.#certificate(subject, key, usage);
  }

  #certificate(subject: Buffer, key: KeyObject, extension: Buffer): Buffer {
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.from([this.#serial++])),
      ECDSA_SHA256,
      this.#name,
      sequence(time(Date.now() - YEAR_MS), time(Date.now() + YEAR_MS)),
      subject,
      key.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extension)),
    );
    const signature = sign('sha256', body, this.#key);
    return sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature));
  }
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function octets(bytes: Buffer): Buffer {
  return der(0x04, bytes);
}

function text(words: string): Buffer {
  return der(0x0c, Buffer.from(words));
}
