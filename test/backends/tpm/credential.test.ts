import {
  constants,
  createDecipheriv,
  createHmac,
  generateKeyPairSync,
  privateDecrypt,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import test from 'ava';
import { ByteReader } from '../../../backends/tpm/bytes.ts';
import {
  credentialFile,
  deriveByHash,
  deriveByHmac,
  makeCredential,
} from '../../../backends/tpm/credential.ts';
import type { Credential } from '../../../backends/tpm/credential.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import { bytes, valueOf, vector } from './vectors.ts';

const KEY = Buffer.alloc(32, 1);
const NONE = Buffer.alloc(0);
const NAME = bytes(vector('ecdsa').attestationName);

test('the derivations give what OpenSSL 3.0.19 gives (KBKDF, SSKDF)', (t) => {
  const storage = deriveByHmac('sha256', KEY, 'STORAGE', Buffer.alloc(34, 10), NONE, 128);
  t.is(storage.toString('hex'), '41b7be7e754f582924fa46b04162faa0');
  const integrity = deriveByHmac('sha384', KEY, 'INTEGRITY', NONE, NONE, 384);
  t.is(
    integrity.toString('hex'),
    '362a1baa9ddd59d5760142b3dd32d42a3bbff4b31e27e9d855880b1c3d1bc5b25c30742a33cd5bf6b3f7cb93e2c6587c',
  );
  const [partyU, partyV] = [Buffer.alloc(32, 2), Buffer.alloc(32, 3)];
  t.is(
    deriveByHash('sha256', KEY, 'IDENTITY', partyU, partyV, 384).toString('hex'),
    '2073a3306eedcfb178183d8a721f949bba9c3d4501b6c2839487bbdd3b9730702aa32fa762e06152bd36c9ee7778a4da',
  );
});

/** The endorsement key of a vector, with a modulus whose private half is known here. */
function knownKey() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const area = bytes(vector('ecdsa').endorsementKey);
  const { n } = publicKey.export({ format: 'jwk' });
  Buffer.from(n!, 'base64url').copy(area, area.length - 256);
  return { endorsementKey: valueOf(parsePublic(area)), privateKey };
}

/** TPM2_ActivateCredential for an RSA key with SHA-256 and AES-128; null: integrity failed. */
function activate(credential: Credential, name: Buffer, key: KeyObject): Buffer | null {
  const oaep = { oaepHash: 'sha256', oaepLabel: Buffer.from('IDENTITY\0') };
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const seed = privateDecrypt({ key, padding, ...oaep }, credential.encryptedSecret.subarray(2));
  const reader = new ByteReader(credential.credentialBlob);
  reader.u16();
  const mac = reader.sized(64);
  const identity = credential.credentialBlob.subarray(reader.offset);
  const macKey = deriveByHmac('sha256', seed, 'INTEGRITY', NONE, NONE, 256);
  const expected = createHmac('sha256', macKey).update(identity).update(name).digest();
  if (!expected.equals(mac)) return null;
  const cipherKey = deriveByHmac('sha256', seed, 'STORAGE', name, NONE, 128);
  const cipher = createDecipheriv('aes-128-cfb', cipherKey, Buffer.alloc(16));
  return new ByteReader(cipher.update(identity)).sized(64);
}

test('only the holder of the key reads the secret, and only for the key that was named', (t) => {
  const { endorsementKey, privateKey } = knownKey();
  const secret = Buffer.from('known to one TPM');
  const credential = makeCredential(endorsementKey, NAME, secret);
  t.deepEqual(activate(credential, NAME, privateKey), secret);
  t.is(activate(credential, bytes(vector('other').attestationName), privateKey), null);
  t.throws(() => activate(credential, NAME, knownKey().privateKey));
});

test('no two credentials are alike, not even of one secret', (t) => {
  for (const name of ['ecdsa', 'eccEk']) {
    const key = valueOf(parsePublic(bytes(vector(name).endorsementKey)));
    const made = [1, 2].map(() => makeCredential(key, NAME, KEY).credentialBlob.toString('hex'));
    t.not(made[0], made[1]);
  }
  const credential = { credentialBlob: bytes('0001aa'), encryptedSecret: bytes('0001bb') };
  t.is(credentialFile(credential).toString('hex'), 'badcc0de000000010001aa0001bb');
});
