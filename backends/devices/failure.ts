/** How drivers of devices say that something failed. */

/** What did not happen or failed to be read. */
export interface Failure {
  readonly status: 'noEffect' | 'uncertain';
  readonly error: { readonly code: string; readonly message: string };
}

/** Nothing has happened, and nothing still will. */
export function nothing(code: string, message: string): Failure {
  return { status: 'noEffect', error: { code, message: oneLine(message) } };
}

/** It may have happened. */
export function doubtful(code: string, message: string): Failure {
  return { status: 'uncertain', error: { code, message: oneLine(message) } };
}

const LONGEST_MESSAGE = 300;

/** What a BMC says goes into logs: one line, no control characters, not long. */
export function oneLine(text: string): string {
  const line = text.slice(0, LONGEST_MESSAGE).replaceAll(/[^\P{C}]+|[\u2028\u2029]+/gu, ' ');
  return line.trim();
}
