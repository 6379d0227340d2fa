/**
 * What drivers answer, made fit for the journal. A device may say anything; what is no plain JSON
 * value of well-formed text tells nothing about it.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Outcome } from '../../core/kernel/service.ts';

const STATUSES: ReadonlySet<string> = new Set(['ok', 'noEffect', 'uncertain']);
const GARBAGE: Outcome<unknown> = Object.freeze({
  status: 'uncertain',
  error: { code: 'DEVICE_GARBAGE', message: 'the answer is no plain value' },
});

/** As it will be read back from the journal. */
export function plainOutcome(outcome: Outcome<unknown>): Outcome<unknown> {
  try {
    const text = JSON.stringify(outcome, (_, value: unknown) =>
      typeof value === 'string' ? value.toWellFormed() : value,
    );
    const plain = JSON.parse(text) as Outcome<unknown>;
    canonicalJson(plain);
    if (!STATUSES.has(plain.status)) return GARBAGE;
    return plain.status === 'ok' || typeof plain.error?.code === 'string' ? plain : GARBAGE;
  } catch {
    return GARBAGE;
  }
}
