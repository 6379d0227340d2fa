/** Refusals by what is wrong; their codes are stable. */
import type { Refusal } from '../kernel/errors.ts';

export function refuse(code: string, message: string): Refusal {
  return { code, message };
}

/** `what` is one of the nouns of the codes: NODE, NIC, PORT, SWITCH, NETWORK, LEASE, … */
export function notFound(what: string, name: string | null): Refusal {
  return refuse(`NOT_FOUND_${what}`, `no ${what.toLowerCase()} ${name}`);
}

const as = (code: string) => (message: string) => refuse(code, message);

export const duplicate = as('CONFLICT_DUPLICATE');
/** Something else has to be undone or finished first. */
export const blocked = as('CONFLICT_BLOCKED');
/** The things named do not belong together. */
export const mismatch = as('CONFLICT_PROJECT_MISMATCH');
export const denied = as('DENIED_AUTHORIZATION');
export const badArgument = as('INPUT_BAD_ARGUMENT');

export function wrongState(what: string, state: string): Refusal {
  return refuse('CONFLICT_STATE', `${what} is ${state}`);
}

export function isRefusal(value: object): value is Refusal {
  return 'code' in value;
}
