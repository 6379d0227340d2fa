/**
 * Problem documents (RFC 9457) with the codes of the core. What an answer says about objects that
 * are not the caller's must be the same whether they exist or not.
 */
import type { Refusal } from '../../core/kernel/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** Stable; see `core/kernel/errors.ts` for the families. */
  readonly code: string;
  readonly detail: string;
  readonly remedy?: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** Codes with a status of their own; of the others the family decides. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['INPUT_UNAUTHENTICATED', 401],
  ['INPUT_BODY_TOO_LARGE', 413],
  ['INPUT_MEDIA_TYPE', 415],
  ['INPUT_TIMEOUT', 408],
  ['CONFLICT_IDEMPOTENCY_KEY', 422],
  ['RESOURCE_TOO_MANY_STREAMS', 429],
  ['RESOURCE_QUOTA', 429],
]);
const STATUS_OF_FAMILY: ReadonlyMap<string, number> = new Map([
  ['INPUT', 400],
  ['DENIED', 403],
  ['NOT', 404],
  ['CONFLICT', 409],
  ['ATTEST', 409],
  ['MARKET', 409],
  ['RESOURCE', 503],
  ['DEVICE', 502],
]);
const TITLES: ReadonlyMap<number, string> = new Map([
  [400, 'The request is wrong'],
  [401, 'Who asks is not known'],
  [403, 'This is not the caller’s to do'],
  [404, 'There is no such object'],
  [408, 'The request took too long'],
  [409, 'It conflicts with how things are'],
  [413, 'The request is too large'],
  [415, 'The request is not JSON'],
  [422, 'The idempotency key was used before'],
  [429, 'Too many at once'],
  [502, 'A device failed'],
  [503, 'The service cannot take it now'],
]);

export function statusOf(code: string): number {
  return STATUS_OF_CODE.get(code) ?? STATUS_OF_FAMILY.get(code.split('_', 1)[0]!) ?? 500;
}

/** Of a bug nothing is told but that it is one. */
export function problemOf({ code, message, remedy }: Refusal): Problem {
  const status = statusOf(code);
  if (status === 500) return BUG;
  const told = { code, detail: message, ...(remedy === undefined ? {} : { remedy }) };
  return { type: `urn:ocx:problem:${code}`, title: TITLES.get(status)!, status, ...told };
}

const BUG: Problem = {
  type: 'urn:ocx:problem:INTERNAL_ERROR',
  title: 'The service has a bug',
  status: 500,
  code: 'INTERNAL_ERROR',
  detail: 'something that cannot happen has happened; the operator finds it in the log',
};

/** For what is not there and for what the caller may not see. */
export const NOT_THERE: Refusal = Object.freeze({
  code: 'NOT_FOUND',
  message: 'there is no such object, or it is not yours to see',
});
