/** An attester to test with: nodes `n1` and `n2` of one profile, and a policy of `ghent`. */
import type { AttesterEffect, Quote } from '../../core/attester/protocol.ts';
import { attesterService } from '../../core/attester/attester.ts';
import { ATTESTER_DEFAULTS } from '../../core/attester/state.ts';
import type { AttesterConfiguration } from '../../core/attester/state.ts';
import { Driver, only, organisation } from '../leasing/driver.ts';

export const GHENT = organisation('ghent');
export const LYON = organisation('lyon');
export const ADMIN = { role: 'admin', name: 'operator' } as const;

export const GOOD = 'a'.repeat(64);
export const BAD = 'b'.repeat(64);
export const RANDOM = '0123456789abcdef'.repeat(2);

export const POLICY = {
  policyId: 'strict',
  version: 1,
  profiles: [
    {
      profile: 'model-1',
      pcrs: [
        { index: '0', digests: [GOOD, 'c'.repeat(64)] },
        { index: '4', digests: [GOOD] },
      ],
    },
  ],
  runtimeDigests: ['known-file'],
  releasesKeyShare: true,
};

export function attester(changes: Partial<AttesterConfiguration> = {}) {
  return new Driver(attesterService, {
    ...ATTESTER_DEFAULTS,
    name: 'a',
    nodes: [
      { nodeId: 'n1', endorsementKeyHash: 'ek-1', profile: 'model-1' },
      { nodeId: 'n2', endorsementKeyHash: 'ek-2', profile: 'model-2' },
    ],
    policies: [{ ...POLICY, owner: 'ghent' }],
    nonceTtlMs: 30_000,
    quoteDeadlineMs: 20_000,
    retryDelayMs: 1_000,
    attempts: 3,
    ...changes,
  });
}

export type Attester = ReturnType<typeof attester>;

export const ABOUT = { leaseId: 'lease', nodeId: 'n1' } as const;
export const TIMER = 'watch/5:lease:n1';

export function attestNode(changes: { readonly [name: string]: unknown } = {}) {
  const fields = { fencingToken: 1, bootCount: 7, policyId: 'strict' };
  return { kind: 'AttestNode', ...ABOUT, ...fields, ...changes } as const;
}

/** Asks for an attestation and makes its nonce. */
export function challenge(service: Attester, changes: { readonly [name: string]: unknown } = {}) {
  const { code, effects } = service.command(GHENT, attestNode(changes));
  if (code !== null) throw new Error(`refused: ${code}`);
  return answerNonce(service, effects);
}

/** The request for a quote that follows the nonce asked for among `effects`. */
export function answerNonce(service: Attester, effects: readonly AttesterEffect[]) {
  return only(service.ok(only(effects, 'MakeNonce'), RANDOM), 'RequestQuote');
}

export function quote(nonce: string, changes: Partial<Quote> = {}): Quote {
  return {
    nonce,
    endorsementKeyHash: 'ek-1',
    signatureValid: true,
    resetCount: 3,
    bootCount: 7,
    pcrs: { '0': GOOD, '4': GOOD, '10': BAD },
    replayedPcrs: { '0': GOOD, '4': GOOD, '10': BAD },
    runtimeDigests: ['known-file'],
    ...changes,
  };
}

/** The verdict among `effects` as the asker was told it; throws where there is none. */
export function verdict(effects: readonly AttesterEffect[]) {
  return only(effects, 'Notify').notice;
}

/** Attests node n1 without trouble. */
export function attestWell(service: Attester, changes: { readonly [name: string]: unknown } = {}) {
  const request = challenge(service, changes);
  const bootCount = (changes['bootCount'] as number | undefined) ?? 7;
  return service.ok(request, quote(request.nonce, { bootCount }));
}
