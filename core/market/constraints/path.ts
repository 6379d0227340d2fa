/**
 * Paths into an ask's properties: names and list positions, as in `inventory.disks[0].size`.
 *
 * Nothing but own members is ever looked at, so that no path reaches a prototype; length and depth
 * are bounded.
 */

export type PathStep = string | number;

export const MAXIMUM_PATH_LENGTH = 128;
export const MAXIMUM_PATH_STEPS = 8;
const FIRST = /^[A-Za-z][A-Za-z0-9_-]*/;
const NEXT = /^(?:\.([A-Za-z][A-Za-z0-9_-]*)|\[(0|[1-9][0-9]?)\])/;

/** The steps of a path, or null where it is none. */
export function parsePath(path: unknown): readonly PathStep[] | null {
  if (typeof path !== 'string' || path.length > MAXIMUM_PATH_LENGTH) return null;
  const first = FIRST.exec(path)?.[0];
  if (first === undefined) return null;
  const steps: PathStep[] = [first];
  let rest = path.slice(first.length);
  while (rest !== '') {
    const found = NEXT.exec(rest);
    if (!found || steps.length === MAXIMUM_PATH_STEPS) return null;
    steps.push(found[1] ?? Number(found[2]));
    rest = rest.slice(found[0].length);
  }
  return steps;
}

/** What is at the path, or undefined. */
export function valueAt(root: unknown, steps: readonly PathStep[]): unknown {
  let value = root;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) !== (typeof step === 'number')) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}
