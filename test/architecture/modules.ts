/** Who may import whom. */
import { posix } from 'node:path';
import { moduleReferences } from './tokens.ts';
import type { SourceFile, Violation } from './tree.ts';

/** Folder → the other folders that its files may import. */
const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map([
  ['core', []],
  ['sim', ['core']],
  ['backends', ['core']],
  ['workloads', ['core']],
  ['reports', ['core']],
  ['cli', ['core', 'sim', 'backends', 'workloads', 'reports']],
  ['bench', ['core', 'sim', 'backends', 'workloads', 'reports', 'cli', 'test']],
  ['tools', []],
]);

/** Small, pure and synchronous: all that core/ may import from outside. */
const CORE_PACKAGES: ReadonlySet<string> = new Set([
  'seedrandom',
  '@noble/hashes/sha2.js',
  '@noble/hashes/utils.js',
]);

/** Services that may run at different parties know each other by these files only. */
const SERVICES: ReadonlySet<string> = new Set([
  'allocator',
  'attester',
  'leasing',
  'market',
  'provisioner',
]);
const SERVICE_BORDERS: ReadonlySet<string> = new Set(['protocol.ts', 'orders.ts', 'mechanism.ts']);

/** `core ← {sim, backends, workloads, reports} ← cli`, and what follows from it. */
export function directionViolations(files: readonly SourceFile[]): Violation[] {
  return forEachReference(files, (file, specifier) => {
    const folder = top(file.path);
    if (!specifier.startsWith('.')) {
      if (folder !== 'core' || CORE_PACKAGES.has(specifier)) return null;
      return `core/ imports ${specifier}: only ${[...CORE_PACKAGES].join(' and ')} are allowed`;
    }
    const target = posix.join(posix.dirname(file.path), specifier);
    if (!target.endsWith('.ts') && !target.endsWith('.mjs')) return `${specifier} has no ending`;
    const targetFolder = top(target);
    if (targetFolder !== folder && !MAY_IMPORT.get(folder)?.includes(targetFolder)) {
      return `${folder}/ imports ${target}`;
    }
    return folder === 'core' ? coreProblem(file.path, target) : null;
  });
}

function coreProblem(path: string, target: string): string | null {
  const [, from = ''] = path.split('/');
  const [, to = ''] = target.split('/');
  if (from === 'kernel' && to !== 'kernel') return `the kernel imports ${target}`;
  const foreign = SERVICES.has(from) && SERVICES.has(to) && from !== to;
  if (foreign && !SERVICE_BORDERS.has(posix.basename(target))) {
    return `core/${from} imports the inside of another service, ${target}`;
  }
  return null;
}

/** What only comes along with another package may vanish with it. */
export function undeclaredPackages(
  files: readonly SourceFile[],
  declared: ReadonlySet<string>,
): Violation[] {
  return forEachReference(files, (_, specifier) => {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
    const parts = specifier.split('/');
    const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
    return declared.has(name) ? null : `${name} is not among the declared dependencies`;
  });
}

function forEachReference(
  files: readonly SourceFile[],
  judge: (file: SourceFile, specifier: string) => string | null,
): Violation[] {
  return files.flatMap((file) =>
    moduleReferences(file.tokens).flatMap(({ specifier, line }) => {
      const what = judge(file, specifier);
      return what === null ? [] : [{ path: file.path, line, what }];
    }),
  );
}

function top(path: string): string {
  return path.split('/', 1)[0]!;
}
