/** The kernel modules that a node needs, with those that they need. */

/** Path of a module → paths of those that have to be loaded before it; as depmod writes it. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Source: modules.dep(5). */
export function parseDependencies(text: string): Dependencies {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .split(' ')
          .filter(Boolean),
      ];
    }),
  );
}

/** `-` and `_` are the same in names of modules. */
const moduleName = (path: string) =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');

/**
 * Paths of the named modules and of all that they need, sorted; `unknown` are those that this kernel
 * has not as a module.
 */
export function modulesNeeded(
  names: readonly string[],
  dependencies: Dependencies,
): { readonly paths: readonly string[]; readonly unknown: readonly string[] } {
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const paths = new Set<string>();
  const unknown: string[] = [];
  for (const name of names) {
    const path = byName.get(name);
    if (path === undefined) unknown.push(name);
    else for (const needed of [path, ...(dependencies.get(path) ?? [])]) paths.add(needed);
  }
  return { paths: [...paths].sort(), unknown };
}

/** As depmod would write it for these modules alone. */
export function writeDependencies(paths: readonly string[], dependencies: Dependencies): string {
  const line = (path: string) => `${path}: ${(dependencies.get(path) ?? []).join(' ')}`.trimEnd();
  return paths.map((path) => `${line(path)}\n`).join('');
}
