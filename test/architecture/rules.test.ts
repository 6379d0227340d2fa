/**
 * Code that tests the code. Each rule is held against the tree, and against a planted violation
 * that it must report: a check that cannot fail is worse than none.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { unrepeatableConstructs, unwantedConstructs } from './constructs.ts';
import { deadLinks } from './documents.ts';
import { directionViolations, undeclaredPackages } from './modules.ts';
import { allDependencies, lockViolations, looseVersions } from './packages.ts';
import type { Lock, Manifest } from './packages.ts';
import {
  badFileNames,
  lengthViolations,
  machineTraces,
  undocumentedFiles,
  unreachableTests,
} from './shape.ts';
import { describe, ROOT, source, sources, tests, textFiles } from './tree.ts';
import type { SourceFile, Violation } from './tree.ts';

const files = textFiles();
const sourceFiles = sources(files);
const testFiles = tests(files);
const manifest = readJson<Manifest>('package.json');
const runtime = new Set(Object.keys(manifest.dependencies ?? {}));
const declared = new Set(Object.keys(allDependencies(manifest)));

function readJson<Value>(path: string): Value {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Value;
}

/** What a rule says about one planted file: the texts of its violations. */
function planted(
  rule: (planted: readonly SourceFile[]) => readonly Violation[],
  path: string,
  text: string,
): string[] {
  return rule([source(path, text)]).map(({ line, what }) => `${line} ${what}`);
}

test('the tree that the rules see is the whole tree', (t) => {
  t.true(sourceFiles.some(({ path }) => path === 'core/kernel/service.ts'));
  t.true(sourceFiles.some(({ path }) => path === 'cli/main.ts'));
  t.true(testFiles.some(({ path }) => path === 'test/architecture/rules.test.ts'));
  t.true(files.some(({ path }) => path === '.ci/run'));
});

test('dependencies point from the command line towards the core', (t) => {
  t.is(describe(directionViolations(sourceFiles)), '');
});

for (const [path, text, expected] of [
  ['core/market/a.ts', `import type { A } from '../../sim/a.ts';`, 'core/ imports sim/a.ts'],
  ['core/market/a.ts', `export { a } from '../../cli/a.ts';`, 'core/ imports cli/a.ts'],
  ['core/a.ts', `import { b } from 'node:fs';`, 'core/ imports node:fs: only'],
  ['core/a.ts', `type A = import('d3-node').D3Node;`, 'core/ imports d3-node: only'],
  ['core/kernel/a.ts', `import '../market/orders.ts';`, 'the kernel imports core/market/orders.ts'],
  ['core/attester/a.ts', `import '../allocator/state.ts';`, 'core/attester imports the inside of'],
  ['sim/a.ts', `await import('../backends/a.ts');`, 'sim/ imports backends/a.ts'],
  ['backends/a.ts', `import { a } from '../sim/a.ts';`, 'backends/ imports sim/a.ts'],
  ['reports/a.ts', `import { a } from '../workloads/a.ts';`, 'reports/ imports workloads/a.ts'],
  ['workloads/a.ts', `import { a } from '../cli/a.ts';`, 'workloads/ imports cli/a.ts'],
  ['cli/a.ts', `import { a } from '../test/a.ts';`, 'cli/ imports test/a.ts'],
  ['cli/a.ts', `import { a } from './b';`, './b has no ending'],
] as const) {
  test(`a planted import is reported: ${path} with ${text}`, (t) => {
    const found = planted(directionViolations, path, text);
    t.is(found.length, 1);
    t.true(found[0]!.startsWith(`1 ${expected}`), found[0]);
  });
}

test('an import that is only talked about is none', (t) => {
  const text = `// import { a } from '../sim/a.ts';\nexport const a = "from '../sim/a.ts'";`;
  t.deepEqual(planted(directionViolations, 'core/a.ts', text), []);
});

test('every imported package is a declared dependency', (t) => {
  const shipped = sourceFiles.filter(({ path }) => !/^(bench|tools)\//.test(path));
  t.is(describe(undeclaredPackages(shipped, runtime)), '');
  t.is(describe(undeclaredPackages([...sourceFiles, ...testFiles], declared)), '');
});

test('a planted import of an undeclared package is reported', (t) => {
  const rule = (given: readonly SourceFile[]) => undeclaredPackages(given, runtime);
  const text = `import a from '@a/b/c';\nimport 'left-pad/d';\nimport 'node:fs';`;
  t.deepEqual(planted(rule, 'cli/a.ts', text), [
    '1 @a/b is not among the declared dependencies',
    '2 left-pad is not among the declared dependencies',
  ]);
});

test('core and sim hold nothing that could differ between machines or days', (t) => {
  t.is(describe(unrepeatableConstructs(sourceFiles)), '');
});

for (const [text, word] of [
  ['const a = Date.now();', 'Date'],
  ['const a = new Date();', 'Date'],
  ['const a = globalThis.Date;', 'globalThis'],
  ['const a = Math.random();', 'Math.random'],
  ['const a = Math.pow(2, b);', 'Math.pow'],
  ['const a = 2 ** b;', '**'],
  ['a **= b;', '**='],
  ['const a = new Intl.Collator();', 'Intl'],
  ['a.sort((b, c) => b.localeCompare(c));', 'localeCompare'],
  ['const a = b.toLocaleString();', 'toLocaleString'],
  ['setTimeout(a, 1);', 'setTimeout'],
  ['const a = process.env;', 'process'],
  ['const a = performance.now();', 'performance'],
  ['const a = `${Date.now()}`;', 'Date'],
  ['const a = b ? c / 2 : `${d / 2} ${Math.random()}`;', 'Math.random'],
  ['async function a() {}', 'async'],
  ['const a = new Promise(b);', 'Promise'],
] as const) {
  test(`a planted construct is reported: ${text}`, (t) => {
    const found = planted(unrepeatableConstructs, 'core/a.ts', text);
    t.is(found.length, 1, found.join('\n'));
    t.true(found[0]!.startsWith(`1 ${word}`), found[0]);
    t.deepEqual(planted(unrepeatableConstructs, 'cli/a.ts', text), []);
  });
}

test('words in comments, strings, patterns and names of members are no constructs', (t) => {
  const text = `
    /** Not Date.now(), not Math.random(), not 2 ** 3. */
    const a = 'Date.now()' + \`Math.random() \${'**'} process\`;
    const b = /Date|process/.test(a) && /[/]**/.test(a);
    const c = { process: 1, readonly: 2 };
    interface D { readonly process?: string; performance: number }
    const e = c.process / 2 / c.process;
    // setTimeout(Date)`;
  t.deepEqual(planted(unrepeatableConstructs, 'sim/a.ts', text), []);
});

test('sources do without default exports, enums, namespaces and decorators', (t) => {
  t.is(describe(unwantedConstructs(sourceFiles)), '');
});

for (const [text, word] of [
  ['export default function a() {}', 'default export'],
  ['export enum A { B }', 'enum'],
  ['declare namespace A { const b: number }', 'namespace'],
  ['@a class B {}', 'decorator'],
] as const) {
  test(`a planted construct is reported: ${text}`, (t) => {
    const found = planted(unwantedConstructs, 'cli/a.ts', text);
    t.is(found.length, 1, found.join('\n'));
    t.true(found[0]!.startsWith(`1 ${word}`), found[0]);
  });
}

test('files and functions are short', (t) => {
  t.is(describe(lengthViolations(sourceFiles)), '');
});

test('a planted long file and planted long functions are reported', (t) => {
  const lines = (count: number) => '  a();\n'.repeat(count);
  const rule = lengthViolations;
  t.deepEqual(planted(rule, 'cli/a.ts', lines(501)), ['501 has 501 lines']);
  t.deepEqual(planted(rule, 'cli/a.ts', lines(500)), []);
  t.deepEqual(planted(rule, 'cli/a.ts', `function a(): void {\n${lines(69)}}`), [
    '1 a function has 71 lines',
  ]);
  t.deepEqual(planted(rule, 'cli/a.ts', `const a = () => {\n${lines(69)}};`), [
    '1 a function has 71 lines',
  ]);
  t.deepEqual(planted(rule, 'cli/a.ts', `function a() {\n${lines(68)}}`), []);
  t.deepEqual(planted(rule, 'cli/a.ts', `const a = {\n${lines(99)}};`), []);
});

test('every source file says what it is', (t) => {
  t.is(describe(undocumentedFiles(sourceFiles)), '');
});

test('a planted export without a word is reported', (t) => {
  const text = `import 'node:fs';\n\n/** Known. */\nexport const a = 1;\nexport const b = 2;\n`;
  t.deepEqual(planted(undocumentedFiles, 'cli/a.ts', text), [
    '5 neither the file nor this export has a docstring',
  ]);
  t.deepEqual(planted(undocumentedFiles, 'cli/a.ts', `/** A file. */\n${text}`), []);
});

test('file names are in kebab-case', (t) => {
  t.is(describe(badFileNames([...sourceFiles, ...testFiles])), '');
  t.is(planted(badFileNames, 'cli/someThing.ts', '').length, 1);
  t.is(planted(badFileNames, 'cli/some_thing.ts', '').length, 1);
  t.is(planted(badFileNames, 'test/cli/some-thing.test.ts', '').length, 0);
});

test('every test is run by one of the configurations', (t) => {
  t.is(describe(unreachableTests(testFiles)), '');
  const text = `import test from 'ava';`;
  t.is(planted(unreachableTests, 'test/cli/main.ts', text).length, 1);
  t.is(planted(unreachableTests, 'test/cli/main.data.ts', text).length, 1);
  t.is(planted(unreachableTests, 'test/data/main.data.ts', text).length, 0);
  t.is(planted(unreachableTests, 'test/cli/main.properties.ts', text).length, 1);
  t.is(planted(unreachableTests, 'test/properties/main.properties.ts', text).length, 0);
});

test('no file names a path of one machine or a package registry', (t) => {
  t.is(describe(machineTraces(files)), '');
  const path = ['', 'tmp', 'a'].join('/');
  t.is(machineTraces([{ path: 'docs/a.md', text: `see ${path}` }]).length, 1);
  const host = ['registry', 'example', 'org'].join('.');
  t.is(machineTraces([{ path: 'docs/a.md', text: `from ${host}` }]).length, 1);
  t.is(machineTraces([{ path: 'docs/a.md', text: 'core/work/a and registry.ts' }]).length, 0);
});

for (const path of ['package-lock.json', 'tools/package-lock.json']) {
  test(`${path} pins every package by its content and runs no install script`, (t) => {
    const lock = readJson<Lock>(path);
    t.true(Object.keys(lock.packages).length > 1);
    t.is(describe(lockViolations(path, lock)), '');
  });
}

test('planted lock entries are reported', (t) => {
  const integrity = `sha512-${'a'.repeat(86)}==`;
  const packages = {
    '': {},
    'node_modules/good': { integrity },
    'node_modules/loose': {},
    'node_modules/old': { integrity: 'sha1-abc' },
    'node_modules/bound': { integrity, resolved: 'https://example.org/a.tgz' },
    'node_modules/runs': { integrity, hasInstallScript: true },
  };
  t.deepEqual(
    lockViolations('package-lock.json', { packages }).map(({ what }) => what),
    [
      'node_modules/loose has no sha512',
      'node_modules/old has no sha512',
      'node_modules/bound is bound to https://example.org/a.tgz',
      'node_modules/runs runs an install script that nobody approved',
    ],
  );
});

test('versions are exact', (t) => {
  t.is(describe(looseVersions('package.json', manifest)), '');
  t.is(describe(looseVersions('tools/package.json', readJson<Manifest>('tools/package.json'))), '');
  t.is(looseVersions('package.json', { dependencies: { a: '^1.0.0', b: '1.0.0' } }).length, 1);
});

test('documents link to files that are there', (t) => {
  t.is(describe(deadLinks(files, (path) => existsSync(join(ROOT, path)))), '');
  const text = 'see [a](b.md), [c](../README.md#d) and [e](https://example.org/)';
  const found = deadLinks([{ path: 'docs/a.md', text }], (path) => path === 'README.md');
  t.deepEqual(found, [{ path: 'docs/a.md', line: 1, what: 'links to b.md, which is not there' }]);
});
