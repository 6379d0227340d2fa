/**
 * Bytes that a hostile node could send: real ones, changed, cut and stretched. Each gives a value
 * or a finding; none throws, none passes that should not. Together 24,000 inputs.
 */
import test from 'ava';
import fc from 'fast-check';
import { isAttestationCode } from '../../../core/attester/verification.ts';
import { parseQuote } from '../../../backends/tpm/attest.ts';
import { checkEndorsement } from '../../../backends/tpm/endorsement.ts';
import { parseEventLog, replay } from '../../../backends/tpm/event-log.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import { QuoteDesk } from '../../../backends/tpm/quote-desk.ts';
import { parseSignature } from '../../../backends/tpm/signature.ts';
import { BOOT, read } from './attestation.ts';
import {
  TODAY_MS,
  bytes,
  codeOf,
  evidenceOf,
  keysOf,
  makers,
  valueOf,
  vectors,
} from './vectors.ts';
import type { Found } from '../../../backends/tpm/findings.ts';
import type { Vector } from './vectors.ts';

interface Change {
  readonly place: number;
  readonly byte: number;
  readonly how: 'flip' | 'set' | 'cut' | 'insert' | 'repeat';
}

const CHANGE = fc.record<Change>({
  // Structures are decided at their beginning: half of the changes fall there.
  place: fc.oneof(fc.nat(80), fc.nat(4_000)),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  how: fc.constantFrom('flip', 'flip', 'set', 'set', 'cut', 'insert', 'repeat'),
});

const INPUT = fc.record({
  base: fc.constantFrom(...vectors),
  changes: fc.array(CHANGE, { minLength: 1, maxLength: 4 }),
});

function changed(original: Buffer, changes: readonly Change[]): Buffer {
  let now = Buffer.from(original);
  for (const { place, byte, how } of changes) {
    const at = now.length === 0 ? 0 : place % now.length;
    const [before, after] = [now.subarray(0, at), now.subarray(at)];
    if (how === 'cut') now = Buffer.from(before);
    else if (how === 'insert') now = Buffer.concat([before, Buffer.from([byte]), after]);
    else if (how === 'repeat') now = Buffer.concat([now, after.subarray(0, byte)]);
    else if (now.length > 0) now[at] = how === 'set' ? byte : now[at]! ^ (byte || 1);
  }
  return now;
}

type Part =
  'quote' | 'signature' | 'eventLog' | 'endorsementKey' | 'certificate' | 'attestationKey';

/** Runs `look` on so many changed parts; how many of them it still took. */
function fuzz(
  runs: number,
  part: Part,
  look: (input: Buffer, base: Vector) => Found<unknown>,
): number {
  let taken = 0;
  const property = fc.property(INPUT, ({ base, changes }) => {
    const original = bytes(base[part]);
    const input = changed(original, changes);
    const result = look(input, base);
    if (result.ok) taken += 1;
    return result.ok ? true : isAttestationCode(result.finding.code);
  });
  fc.assert(property, { numRuns: runs, seed: 4 });
  return taken;
}

test('changed quotes, signatures and keys are read or refused', (t) => {
  t.true(fuzz(5_000, 'quote', parseQuote) > 500);
  t.true(fuzz(3_000, 'signature', parseSignature) > 300);
  t.true(fuzz(3_000, 'attestationKey', parsePublic) > 100);
  t.true(fuzz(2_000, 'endorsementKey', parsePublic) > 100);
});

test('changed logs are read or refused, and replay or do not', (t) => {
  const taken = fuzz(4_000, 'eventLog', (input, { bank }) => {
    const log = parseEventLog(input);
    return log.ok ? replay(log.value, bank, [0, 23]) : log;
  });
  t.true(taken > 300);
});

test('no changed quote or signature passes', (t) => {
  for (const part of ['quote', 'signature'] as const) {
    const taken = fuzz(1_500, part, (input, base) => {
      if (input.equals(bytes(base[part]))) return { ok: false, finding: UNCHANGED };
      return read(base.name, { ...evidenceOf(base), [part]: input });
    });
    t.is(taken, 0, part);
  }
});

const UNCHANGED = { code: 'ATTEST_SILENT', message: 'as it was' } as const;

test('no changed certificate passes but where the change is behind its end', (t) => {
  const trusted = makers();
  const known = vectors.filter(
    ({ certificate, name }) => certificate !== '' && name !== 'stranger',
  );
  const keys = new Map(
    known.map(({ name, endorsementKey }) => [name, valueOf(parsePublic(bytes(endorsementKey)))]),
  );
  fuzz(2_000, 'certificate', (input, { name, certificate }) => {
    const key = keys.get(name) ?? keys.get('ecdsa')!;
    const result = checkEndorsement(key, input, [], trusted, TODAY_MS);
    const whole = bytes(certificate);
    if (result.ok) t.true(input.subarray(0, whole.length).equals(whole));
    return result;
  });
});

test('changed keys at the desk end in an invitation or a finding', (t) => {
  const desk = new QuoteDesk(makers());
  for (const part of ['endorsementKey', 'attestationKey'] as const) {
    fuzz(1_000, part, (input, base) => {
      const about = { kind: 'RequestQuote', effectId: 'a/2', leaseId: 'l', nodeId: 'n1' } as const;
      desk.request({ ...about, nonce: base.nonce, deadlineMs: TODAY_MS });
      const result = desk.hello('n1', BOOT, { ...keysOf(base), [part]: input }, TODAY_MS);
      if ('finding' in result) return { ok: false, finding: result.finding };
      if ('invitation' in result) return { ok: true, value: null };
      const { outcome } = result.answered;
      if (outcome.status === 'ok') return { ok: true, value: null };
      return { ok: false, finding: outcome.error as typeof UNCHANGED };
    });
  }
  t.is(
    codeOf(desk.answer('n1', { responseCode: 0 }, TODAY_MS)),
    desk.size === 0 ? 'ATTEST_NONCE' : null,
  );
});
