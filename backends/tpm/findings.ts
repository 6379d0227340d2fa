/** What is wrong with evidence, as a value: a code of the attestation service and one sentence. */
import type { AttestationCode } from '../../core/attester/verification.ts';
import type { Refusal } from '../../core/kernel/errors.ts';

/** A refusal that the attestation service knows how bad it is. */
export interface Finding extends Refusal {
  readonly code: AttestationCode;
}

/** A value, or what stands against it. */
export type Found<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly finding: Finding };

export function found<Value>(value: Value): Found<Value> {
  return { ok: true, value };
}

export function wrong(code: AttestationCode, message: string, remedy?: string): Found<never> {
  return { ok: false, finding: { code, message, ...(remedy ? { remedy } : {}) } };
}
