/**
 * An attestation service and the desk at which nodes answer it, joined; the node's TPM is a vector.
 * Only the secret of the credential is taken from the desk's side: no TPM is there to read it.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { attesterService } from '../../../core/attester/attester.ts';
import { ATTESTER_DEFAULTS } from '../../../core/attester/state.ts';
import type { AttesterConfiguration, AttesterState } from '../../../core/attester/state.ts';
import type { NodeIdentity } from '../../../core/attester/commands.ts';
import type { AttesterEffect, AttesterEvent, Quote } from '../../../core/attester/protocol.ts';
import { endorsementKeyHash } from '../../../backends/tpm/endorsement.ts';
import { readEvidence } from '../../../backends/tpm/evidence.ts';
import type { Evidence } from '../../../backends/tpm/evidence.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import {
  NODE_PCR,
  PROFILE_PCRS,
  identityOf,
  policyOf,
  valuesOf,
} from '../../../backends/tpm/references.ts';
import { Driver, only, organisation } from '../../leasing/driver.ts';
import { bytes, evidenceOf, valueOf, vector } from './vectors.ts';
import type { Vector } from './vectors.ts';

export const HARDWARE = { firmware: 'made', cpu: 'any', memoryMib: 512 };
export const BOOT = 7;
export const TENANT = organisation('ghent');

/** What a vector's TPM is known by. */
export function hashOfKey({ endorsementKey }: Vector): string {
  return endorsementKeyHash(valueOf(parsePublic(bytes(endorsementKey))));
}

/** The quote in a vector, or in evidence that is said to be its. */
export function read(name: string, evidence: Evidence = evidenceOf(vector(name))) {
  const one = vector(name);
  const attestationKey = valueOf(parsePublic(bytes(one.attestationKey)));
  const key = { attestationKey, endorsementKeyHash: hashOfKey(one), bootCount: BOOT };
  return readEvidence(evidence, key);
}

/** A service that knows the node `n1` by `quote`, and asks it for one over its own nonce. */
export function asking(
  quote: Quote,
  changes: { readonly nonceTtlMs?: number } = {},
  files: readonly string[] | null = null,
) {
  const pcrs = valuesOf(quote, PROFILE_PCRS);
  const policy = policyOf(
    { policyId: 'p', version: 1 },
    [{ hardware: HARDWARE, pcrs }],
    false,
    files,
  );
  const own = valuesOf(quote, [NODE_PCR]);
  const node = identityOf('n1', quote.endorsementKeyHash, HARDWARE, own) as NodeIdentity;
  if (!('policyId' in policy)) throw new Error(policy.message);
  const service = new Driver(attesterService, {
    ...ATTESTER_DEFAULTS,
    name: 'a',
    nodes: [node],
    policies: [{ ...policy, owner: TENANT.name }],
    attempts: 1,
    ...changes,
  });
  return { service, request: ask(service, 'l', 'a5'.repeat(32)) };
}

type AskingDriver = Driver<AttesterConfiguration, AttesterState, AttesterEvent, AttesterEffect>;

/** Nonces end in the service's counter. */
export function ask(service: AskingDriver, leaseId: string, random: string) {
  const fields = { leaseId, nodeId: 'n1', fencingToken: 1, bootCount: BOOT, policyId: 'p' };
  const { effects } = service.command(TENANT, { kind: 'AttestNode', ...fields });
  return only(service.ok(only(effects, 'MakeNonce'), random), 'RequestQuote');
}

/** The code that the service ends with, and its verdict. */
export function ending(effects: readonly AttesterEffect[]) {
  const { code, verdict } = only(effects, 'Notify').notice;
  return { code, verdict };
}

/** Behind magic, type, signer's name, a nonce of 39 bytes, clock and reset counter. */
export const RESTART_COUNT = 4 + 2 + 2 + 34 + 2 + 39 + 8 + 4;
/** Behind the restart counter, a flag, the firmware's version and the number of banks. */
export const BANK = RESTART_COUNT + 4 + 1 + 8 + 4;
export const BITMAP = BANK + 3;

/** What a TPM would sign that had this to say: the quote under a key of ours. */
export function signAnew(quote: Buffer) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const area = bytes(vector('ecdsa').attestationKey);
  // It ends in x and y, each with two bytes of length.
  Buffer.from(x!, 'base64url').copy(area, area.length - 66);
  Buffer.from(y!, 'base64url').copy(area, area.length - 32);
  const point = sign('sha256', quote, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const length = Buffer.from([0, 32]);
  const parts = [Buffer.from([0, 0x18, 0, 0x0b]), length, point.subarray(0, 32), length];
  const signature = Buffer.concat([...parts, point.subarray(32)]);
  const attestationKey = valueOf(parsePublic(area));
  return { signature, key: { attestationKey, endorsementKeyHash: 'ek', bootCount: BOOT } };
}
