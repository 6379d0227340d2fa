/** Reading a mechanism's parameters, which may be any numbers. */
import type { MechanismParameters } from '../mechanism.ts';

/** A whole number from 0 to `most`, rounded down; undefined where there is none or it makes no sense. */
export function countOf(
  parameters: MechanismParameters,
  name: string,
  most: number,
): number | undefined {
  const asked = parameters[name];
  if (asked === undefined || !(asked >= 0)) return undefined;
  return Math.min(most, Math.floor(asked));
}
