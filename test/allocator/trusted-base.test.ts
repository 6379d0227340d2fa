/**
 * How much everybody has to trust: all code that runs in the isolation service. It is counted as
 * the lineage's systems were (lines without comments and blank lines), after the types, which do
 * not run, are gone.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAXIMUM_LINES = 3_000;
const COMMENT = /^\s*(\/\/|\/\*|\*)/;

/** Path → its running code, for everything that the entry needs. */
function closure(entry: string): Map<string, string> {
  const found = new Map<string, string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const code = stripTypeScriptTypes(readFileSync(join(ROOT, path), 'utf8'));
    found.set(path, code);
    for (const [, specifier] of code.matchAll(/^(?:import|export)[^;]*?from\s+'([^']+)';/gm)) {
      const isRelative = specifier!.startsWith('.');
      open.push(isRelative ? relative(ROOT, join(ROOT, dirname(path), specifier!)) : specifier!);
      if (!isRelative) found.set(specifier!, '');
    }
  }
  return found;
}

function lines(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '' && !COMMENT.test(line)).length;
}

const service = closure('core/allocator/service.ts');

test(`the isolation service is at most ${MAXIMUM_LINES} lines of running code`, (t) => {
  const own = [...service].filter(([path]) => path.startsWith('core/allocator/'));
  const total = own.reduce((sum, [, code]) => sum + lines(code), 0);
  t.log(`${total} lines in ${own.length} files`);
  t.true(total <= MAXIMUM_LINES);
  t.true(total > 1_500, 'the count still counts something');
});

test('it needs nothing outside its folder but the kernel’s errors, units and service type', (t) => {
  const foreign = [...service.keys()].filter((path) => !path.startsWith('core/allocator/'));
  t.deepEqual(foreign.sort(), [
    'core/kernel/errors.ts',
    'core/kernel/service.ts',
    'core/kernel/units.ts',
  ]);
});

test('reading and checking are not part of it', (t) => {
  t.false(service.has('core/allocator/views.ts'));
  t.false(service.has('core/allocator/invariants.ts'));
});
