/** What a store's errors say about what has happened. */
import { OcxError } from '../../core/kernel/errors.ts';
import type { Outcome } from '../../core/kernel/service.ts';

/** Nothing has happened, and nothing still will. */
export function nothing(code: string, message: string): Outcome {
  return { status: 'noEffect', error: { code, message } };
}

/** A later order about the same disk has been here. */
export function late(): Outcome {
  return nothing('DEVICE_FENCED', 'a later order about the disk has been carried out');
}

/**
 * Refused input and conflicts are found before anything is done. Whatever else failed may have left
 * something behind.
 */
export function failureOf(error: unknown): Outcome {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 300);
  if (!(error instanceof OcxError)) {
    return { status: 'uncertain', error: { code: 'DEVICE_STORE_FAILED', message } };
  }
  const { code, remedy } = error;
  const told = { code, message, ...(remedy === undefined ? {} : { remedy }) };
  return { status: NOTHING_DONE.test(code) ? 'noEffect' : 'uncertain', error: told };
}

const NOTHING_DONE =
  /^(INPUT|CONFLICT|NOT_FOUND|RESOURCE)_|^DEVICE_(IMAGE_CHANGED|TOOL_MISSING|NO_PORT)$/;
