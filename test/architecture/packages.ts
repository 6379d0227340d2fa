/** What the lock files promise about the packages. */
import type { Violation } from './tree.ts';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Packages whose install script was read and is wanted: none so far. */
const APPROVED_INSTALL_SCRIPTS: ReadonlySet<string> = new Set();

/** Every package is pinned by content, comes from no address of its own and runs nothing. */
export function lockViolations(path: string, lock: Lock): Violation[] {
  return Object.entries(lock.packages).flatMap(([name, entry]) => {
    if (name === '') return [];
    const problems: string[] = [];
    if (!/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '')) problems.push('has no sha512');
    if (entry.resolved !== undefined) problems.push(`is bound to ${entry.resolved}`);
    if (entry.hasInstallScript && !APPROVED_INSTALL_SCRIPTS.has(name)) {
      problems.push('runs an install script that nobody approved');
    }
    return problems.map((problem) => ({ path, line: 1, what: `${name} ${problem}` }));
  });
}

/** Versions are exact, so that two installations of one commit are the same. */
export function looseVersions(path: string, manifest: Manifest): Violation[] {
  return Object.entries(allDependencies(manifest))
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => ({ path, line: 1, what: `${name} is not pinned: ${version}` }));
}

/** All that a manifest names, by whatever role. */
export function allDependencies(manifest: Manifest): Record<string, string> {
  return {
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  };
}
