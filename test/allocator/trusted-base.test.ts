/**
 * How much everybody has to trust: the reducer of the isolation service and the runner that runs it,
 * with all that either loads. Drivers, the façade and the board of offers are counted apart: what
 * they may do is a command or an outcome that the reducer judges.
 *
 * Counted is what runs: types are gone, and so are comments, blank lines and lines that hold nothing
 * but closing brackets, which Python, in which the lineage counted its 3,000, does not have. The
 * count with those lines is held as well, so that it can only fall.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAXIMUM_LINES = 3_000;
/** What it has come to; a change that needs more has to take as much away. */
const MAXIMUM_WITH_BRACKETS = 3_210;
const COMMENT = /^\s*(\/\/|\/\*|\*)/;
const ONLY_BRACKETS = /^[\s)\]};,]*$/;

const REDUCER = 'core/allocator/service.ts';
const RUNNER = ['backends/runner/runner.ts', 'backends/runner/isolation.ts'];

/** Path → its running code, for everything that the entries load; packages by their names. */
function closure(...entries: string[]): Map<string, string> {
  const found = new Map<string, string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const code = stripTypeScriptTypes(readFileSync(join(ROOT, path), 'utf8'));
    found.set(path, code);
    for (const specifier of loadedBy(code)) {
      const isRelative = specifier.startsWith('.');
      if (isRelative) open.push(relative(ROOT, join(ROOT, dirname(path), specifier)));
      else found.set(specifier, '');
    }
  }
  return found;
}

function loadedBy(code: string): string[] {
  const named = /^(?:import|export)[^;]*?from\s+'([^']+)';/gm;
  const other = /(?:^import|\bimport\(|\brequire\()\s*'([^']+)'/gm;
  return [...code.matchAll(named), ...code.matchAll(other)].map(([, specifier]) => specifier!);
}

function lines(code: string): string[] {
  return code.split('\n').filter((line) => line.trim() !== '' && !COMMENT.test(line));
}

const spoken = (code: string) => lines(code).filter((line) => !ONLY_BRACKETS.test(line)).length;
const sum = (files: ReadonlyMap<string, string>, count: (code: string) => number) =>
  [...files.values()].reduce((total, code) => total + count(code), 0);
const within = (files: ReadonlyMap<string, string>, folder: string) =>
  new Map([...files].filter(([path]) => path.startsWith(folder)));

const reducer = closure(REDUCER);
const trusted = closure(REDUCER, ...RUNNER.slice(0, 1));
const own = new Map([
  ...within(trusted, 'core/allocator/'),
  ...within(trusted, 'backends/runner/'),
]);
const needed = [...trusted.keys()].filter((path) => !own.has(path)).sort();

test(`reducer and runner of the isolation service are at most ${MAXIMUM_LINES} lines`, (t) => {
  const parts = { reducer: 'core/allocator/', runner: 'backends/runner/' };
  for (const [name, folder] of Object.entries(parts)) {
    const files = within(own, folder);
    t.log(`${name}: ${sum(files, spoken)} lines in ${files.size} files`);
  }
  const withBrackets = sum(own, (code) => lines(code).length);
  t.log(`with lines of brackets: ${withBrackets}; they need besides: ${needed.join(', ')}`);
  t.true(sum(own, spoken) <= MAXIMUM_LINES);
  t.true(withBrackets <= MAXIMUM_WITH_BRACKETS, `${withBrackets} lines`);
  t.true(sum(own, spoken) > 2_000, 'the count still counts something');
});

test('they need the kernel and nothing else: no market, no package, nothing of the system', (t) => {
  t.deepEqual(needed, [
    'core/kernel/canonical-json.ts',
    'core/kernel/errors.ts',
    'core/kernel/genesis.ts',
    'core/kernel/journal.ts',
    'core/kernel/service.ts',
    'core/kernel/units.ts',
  ]);
  const foreign = [...reducer.keys()].filter((path) => !path.startsWith('core/allocator/'));
  t.deepEqual(foreign.sort(), [
    'core/kernel/errors.ts',
    'core/kernel/service.ts',
    'core/kernel/units.ts',
  ]);
});

test('not even a type of theirs comes from the market, or from anything that a party runs', (t) => {
  const parties =
    /market|offers|leasing|attester|provisioner|agents|metrics|backends\/(?!runner|store|devices)/;
  const strangers = [...own.keys()].flatMap((path) => {
    const source = readFileSync(join(ROOT, path), 'utf8');
    const from = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, specifier]) =>
      relative(ROOT, join(ROOT, dirname(path), specifier!)),
    );
    return from.filter((imported) => parties.test(imported)).map((imported) => [path, imported]);
  });
  t.deepEqual(strangers, []);
});

test('what is around them is counted apart', (t) => {
  const around = {
    ...{ offers: 'core/offers/service.ts', façade: 'backends/http/service-api.ts' },
    ...{ devices: 'cli/device-drivers.ts', 'SQLite store': 'backends/store/sqlite.ts' },
  };
  for (const [name, entry] of Object.entries(around)) {
    const files = new Map([...closure(entry)].filter(([path]) => !trusted.has(path)));
    const packages = [...files.keys()].filter(
      (path) => !path.includes('/') || path.startsWith('@'),
    );
    t.log(`${name}: ${sum(files, spoken)} lines; ${packages.sort().join(', ')}`);
    t.true(sum(files, spoken) > 50);
  }
});

test('reading, checking and offers are not part of it', (t) => {
  for (const path of trusted.keys()) {
    t.notRegex(path, /views\.ts|invariants\.ts|offers|market/);
  }
});
