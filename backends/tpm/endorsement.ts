/**
 * Whose TPM it is: the endorsement key, the certificate by which its maker vouches for it, and the
 * chain from there to a root that the operator has configured (TCG EK Credential Profile).
 *
 * Not looked at: revocation lists, path lengths, name constraints. Roots are chosen one by one, and
 * a registry holds which key each node has; the certificate only says that a maker made it.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { found, wrong } from './findings.ts';
import type { Found } from './findings.ts';
import { ATTRIBUTE } from './public-area.ts';
import type { PublicArea } from './public-area.ts';

/** tcg-kp-EKCertificate. */
const EK_USAGE = '2.23.133.8.1';
const MOST_CERTIFICATE_BYTES = 4_096;
const MOST_INTERMEDIATES = 8;
const MOST_STEPS = 5;

const FIXED = ATTRIBUTE.fixedTpm | ATTRIBUTE.fixedParent | ATTRIBUTE.sensitiveDataOrigin;
const USES = ATTRIBUTE.restricted | ATTRIBUTE.decrypt | ATTRIBUTE.sign;

/** A key that cannot leave its TPM and protects others: what an endorsement key must be. */
export function isEndorsementKey({ attributes, protection, scheme }: PublicArea): boolean {
  const uses = ATTRIBUTE.restricted | ATTRIBUTE.decrypt;
  const isFixed = (attributes & FIXED) === FIXED && (attributes & USES) === uses;
  return isFixed && protection !== null && scheme === 0x10;
}

/** A key that cannot leave its TPM and signs only what the TPM says: quotes, and no forged ones. */
export function isAttestationKey({ attributes, protection, scheme }: PublicArea): boolean {
  const uses = ATTRIBUTE.restricted | ATTRIBUTE.sign;
  const isFixed = (attributes & FIXED) === FIXED && (attributes & USES) === uses;
  return isFixed && protection === null && scheme !== 0x10;
}

/** Hex SHA-256 of the public key (SubjectPublicKeyInfo, DER): what the registry knows a TPM by. */
export function endorsementKeyHash({ key }: PublicArea): string {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');
}

/** Certificates to trust, from PEM or DER. @throws where one cannot be read: they are ours */
export function readCertificates(texts: readonly (string | Uint8Array)[]): X509Certificate[] {
  return texts.map((text) => new X509Certificate(text));
}

/** What a certificate is held against. */
export interface TrustedMakers {
  readonly roots: readonly X509Certificate[];
  /** The operator's own; nodes may send more. */
  readonly intermediates: readonly X509Certificate[];
}

/**
 * Null where a trusted maker vouches for the key.
 * @param certificate DER, perhaps with padding behind it, as it stands in the TPM's memory
 * @param sent intermediates that the node sent, DER
 */
export function checkEndorsement(
  endorsementKey: PublicArea,
  certificate: Uint8Array,
  sent: readonly Uint8Array[],
  makers: TrustedMakers,
  nowMs: number,
): Found<null> {
  const leaf = readDer(certificate);
  if (leaf === null) return untrusted('it is none');
  if (!hasKey(leaf, endorsementKey)) return untrusted('it is of another key');
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(EK_USAGE)) {
    return untrusted('it is not for an endorsement key');
  }
  if (sent.length > MOST_INTERMEDIATES) return untrusted('it comes with too many others');
  const others = sent.map(readDer).filter((other) => other !== null);
  const issuers = [...makers.roots, ...makers.intermediates, ...others];
  let current = leaf;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (!isValidAt(current, nowMs)) return untrusted('it, or one above it, is not valid today');
    if (makers.roots.some((root) => root.raw.equals(current.raw))) return found(null);
    const issuer = issuers.find((candidate) => hasIssued(candidate, current));
    if (issuer === undefined) break;
    current = issuer;
  }
  return untrusted('it does not lead to a root that is trusted');
}

function readDer(bytes: Uint8Array): X509Certificate | null {
  if (bytes.length > MOST_CERTIFICATE_BYTES || bytes.length < 4) return null;
  // A sequence with two bytes of length; behind it the TPM's memory may go on.
  if (bytes[0] !== 0x30 || bytes[1] !== 0x82) return null;
  const length = 4 + bytes[2]! * 256 + bytes[3]!;
  if (length > bytes.length) return null;
  try {
    const certificate = new X509Certificate(bytes.subarray(0, length));
    // Reads its key, which may be of a kind that is not known.
    return certificate.publicKey.asymmetricKeyType === undefined ? null : certificate;
  } catch {
    return null;
  }
}

function hasKey(certificate: X509Certificate, area: PublicArea): boolean {
  return certificate.publicKey.equals(area.key);
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  return from <= nowMs && nowMs <= to;
}

function untrusted(why: string): Found<never> {
  return wrong('ATTEST_CERTIFICATE', `the endorsement key's certificate is no proof: ${why}`);
}
