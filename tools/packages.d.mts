/** Types of `packages.mjs`, which is plain JavaScript because it runs before anything is installed. */
export function readJson(path: string): unknown;
export function matchesLock(folder: string): boolean;
export function runNpm(folder: string, npmArguments: readonly string[]): boolean;
