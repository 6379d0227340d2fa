/**
 * An attestation service and the desk at which nodes answer it, joined; the node's TPM is a vector.
 * Only the secret of the credential is taken from the desk's side: no TPM is there to read it.
 */
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
export function asking(quote: Quote, changes: { readonly nonceTtlMs?: number } = {}) {
  const pcrs = valuesOf(quote, PROFILE_PCRS);
  const policy = policyOf({ policyId: 'p', version: 1 }, [{ hardware: HARDWARE, pcrs }], false);
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
