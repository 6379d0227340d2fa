/**
 * What a TPM's refusal means for attestation. After power-offs without TPM2_Shutdown a TPM counts
 * each as a failed guess at a protected authorisation, and after a few is locked: that is no sign
 * of an attack, and a firmware's agent can end it (TPM2_DictionaryAttackLockReset).
 *
 * Source: TPM 2.0 Library, Part 2, 6.6 (response codes); Part 1, 19.8 (dictionary attacks).
 */
import type { Finding } from './findings.ts';

/** TPM_RC_LOCKOUT: a warning, so without the number of a parameter. */
const LOCKED_OUT = 0x921;
/** TPM_RC_INTEGRITY and TPM_RC_VALUE, of form 1: bits 8–11 and 6 say of which parameter. */
const FORM_1 = 0x080;
const FORM_1_ERROR = 0x0bf;
const INTEGRITY = 0x09f;
/** Warnings that go by: TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING, TPM_RC_OBJECT_MEMORY… */
const WARNINGS = 0x900;

/** What the node's agent says its TPM answered, as a finding. */
export function responseFinding(responseCode: number): Finding {
  const shown = `0x${responseCode.toString(16)}`;
  if (responseCode === LOCKED_OUT) {
    return {
      code: 'ATTEST_LOCKED_OUT',
      message: 'the TPM is locked: hard power-offs counted as guesses at its authorisations',
      remedy: 'reset its lockout, or wait until it has run off; shut TPMs down before power-off',
    };
  }
  const isForm1 = (responseCode & FORM_1) !== 0;
  if (isForm1 && (responseCode & FORM_1_ERROR) === INTEGRITY) {
    return {
      code: 'ATTEST_ATTESTATION_KEY',
      message: `the TPM did not take the credential (${shown}): the attestation key is another's`,
    };
  }
  const goesBy = !isForm1 && (responseCode & 0xf00) === WARNINGS;
  const message = goesBy ? 'the TPM was busy' : 'the TPM refused';
  return { code: 'ATTEST_SILENT', message: `${message} (${shown})` };
}
