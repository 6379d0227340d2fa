/**
 * Errors with stable codes. What a user or another party can cause is a *refusal*: a value. What
 * only a bug can cause is thrown as an `OcxError` with an INVARIANT_ code.
 *
 * Families: INPUT_ (bad file, scenario, argument) · DENIED_ · CONFLICT_ · NOT_FOUND_ · MARKET_ ·
 * ATTEST_ · DEVICE_ · RESOURCE_ (disk full, not writable) · INVARIANT_ (a bug).
 */

/** Where in the input something is wrong. */
export interface ErrorPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Path of a key in a structured document, e.g. `organisation.hpc-a.nodes.standard`. */
  readonly keyPath?: string;
}

/** A command or input that was turned down; it changed nothing. */
export interface Refusal {
  readonly code: string;
  /** One sentence: what is wrong. */
  readonly message: string;
  readonly place?: ErrorPlace;
  /** One sentence: what the user can do. */
  readonly remedy?: string;
}

export class OcxError extends Error implements Refusal {
  readonly code: string;
  readonly place?: ErrorPlace;
  readonly remedy?: string;

  constructor(refusal: Refusal, options?: { cause?: unknown }) {
    super(refusal.message, options);
    this.name = 'OcxError';
    this.code = refusal.code;
    if (refusal.place) this.place = refusal.place;
    if (refusal.remedy) this.remedy = refusal.remedy;
  }
}

/** `CODE: what, where, what to do` on one line. */
export function describeRefusal(refusal: Refusal): string {
  const parts = [`${refusal.code}: ${refusal.message}`];
  const place = describePlace(refusal.place);
  if (place) parts.push(place);
  if (refusal.remedy) parts.push(refusal.remedy);
  return parts.join(', ').replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

function describePlace(place: ErrorPlace | undefined): string {
  if (!place) return '';
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined);
  return [position.join(':'), place.keyPath].filter(Boolean).join(' ');
}

/** Throws: something that can only be a bug. Assertions stay on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new OcxError({ code: 'INVARIANT_VIOLATED', message });
}
