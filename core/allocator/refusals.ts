/** Refusals by what is wrong; their codes are stable. */
import type { Refusal } from '../kernel/errors.ts';

export function refuse(code: string, message: string): Refusal {
  return { code, message };
}

/** `what` is one of the nouns of the codes: NODE, NIC, PORT, SWITCH, NETWORK, LEASE, … */
export function notFound(what: string, name: string | null): Refusal {
  return refuse(`NOT_FOUND_${what}`, `no ${what.toLowerCase()} ${name}`);
}

export function duplicate(message: string): Refusal {
  return refuse('CONFLICT_DUPLICATE', message);
}

/** Something else has to be undone or finished first. */
export function blocked(message: string): Refusal {
  return refuse('CONFLICT_BLOCKED', message);
}

export function wrongState(what: string, state: string): Refusal {
  return refuse('CONFLICT_STATE', `${what} is ${state}`);
}

/** The things named do not belong together. */
export function mismatch(message: string): Refusal {
  return refuse('CONFLICT_PROJECT_MISMATCH', message);
}

export function denied(message: string): Refusal {
  return refuse('DENIED_AUTHORIZATION', message);
}

export function badArgument(message: string): Refusal {
  return refuse('INPUT_BAD_ARGUMENT', message);
}

export function isRefusal(value: object): value is Refusal {
  return 'code' in value;
}
