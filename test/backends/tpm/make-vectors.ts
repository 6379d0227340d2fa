/**
 * Makes `vectors.json` with real TPMs of software: `node test/backends/tpm/make-vectors.ts`.
 * Needs swtpm, swtpm-tools, gnutls-bin and tpm2-tools. The vectors differ at each run (keys,
 * nonces), so they are made once and kept.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { logBytes, profileEvents } from './made-log.ts';
import { Authority, SoftTpm } from './soft-tpm.ts';
import type { KeyKind } from './soft-tpm.ts';
import type { HashName } from '../../../backends/tpm/algorithms.ts';
import type { Vector, Vectors } from './vectors.ts';

/** The attestation service's first: 32 random bytes, then its counter. */
const NONCE = `${'a5'.repeat(32)}00000000000002`;
const folder = mkdtempSync(join(tmpdir(), 'tpm-'));

async function vector(
  name: string,
  authority: Authority,
  kind: KeyKind,
  bank: HashName = 'sha256',
): Promise<Vector> {
  const tpm = new SoftTpm(join(folder, name), authority);
  await tpm.powerOn();
  try {
    tpm.makeKeys(kind);
    tpm.measure(profileEvents(name));
    tpm.quote(NONCE, bank, kind.hash, undefined, ['--scheme', kind.scheme]);
    const hex = (file: string) => tpm.read(file).toString('hex');
    return {
      name,
      bank,
      nonce: NONCE,
      endorsementKey: hex('ek.pub'),
      certificate: kind.endorsement === 'rsa' ? hex('ek.der') : '',
      attestationKey: hex('ak.tpm'),
      attestationName: hex('ak.name'),
      attestationPem: tpm.read('ak.pem').toString('utf8'),
      quote: hex('q.msg'),
      signature: hex('q.sig'),
      pcrs: tpm.pcrValues(bank),
      eventLog: logBytes(profileEvents(name)).toString('hex'),
    };
  } finally {
    await tpm.powerOff();
  }
}

try {
  const authority = new Authority(join(folder, 'authority'));
  const stranger = new Authority(join(folder, 'stranger'));
  const ecdsa = {
    endorsement: 'rsa',
    attestation: 'ecc',
    hash: 'sha256',
    scheme: 'ecdsa',
  } as const;
  const rsa = { endorsement: 'rsa', attestation: 'rsa', hash: 'sha256' } as const;
  const vectors = [
    await vector('ecdsa', authority, ecdsa),
    await vector('other', authority, ecdsa),
    await vector('rsassa', authority, { ...rsa, scheme: 'rsassa' }),
    await vector('rsapss', authority, { ...rsa, scheme: 'rsapss' }),
    await vector('p384', authority, { ...ecdsa, attestation: 'ecc384', hash: 'sha384' }, 'sha384'),
    await vector('eccEk', authority, { ...ecdsa, endorsement: 'ecc' }),
    await vector('stranger', stranger, ecdsa),
  ];
  const der = (pem: string) => new X509Certificate(pem).raw.toString('hex');
  const makers = { root: der(authority.root), issuer: der(authority.issuer) };
  const out: Vectors = { makers, strangerIssuer: der(stranger.issuer), vectors };
  const file = join(import.meta.dirname, 'vectors.json');
  writeFileSync(file, `${JSON.stringify(out, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
