import test from 'ava';
import fc from 'fast-check';
import {
  constraintsFault,
  fulfils,
  MAXIMUM_CONSTRAINTS,
  plainConstraints,
} from '../../../core/market/constraints/constraint.ts';
import type { Constraint } from '../../../core/market/constraints/constraint.ts';
import { matchesGlob, parseGlob } from '../../../core/market/constraints/glob.ts';
import { parsePath, valueAt } from '../../../core/market/constraints/path.ts';
import { plainProperties, propertiesFault } from '../../../core/market/constraints/properties.ts';

const NODE = {
  cores: 32,
  arch: 'x86_64',
  tpm: true,
  spare: false,
  note: '',
  nothing: null,
  flags: ['vmx', 'sse4'],
  inventory: {
    disks: [
      { size: 480, kind: 'ssd' },
      { size: 8_000, kind: 'hdd' },
    ],
    cpu: { count: 2 },
  },
};

function holds(...constraint: [string, string | null, unknown]): boolean {
  const list = [constraint] as Constraint[];
  if (constraintsFault(list)) throw new Error(`${JSON.stringify(constraint)} is refused`);
  return fulfils(list, NODE);
}

test('numbers, texts and lists are compared, and turned round by an exclamation mark', (t) => {
  const yes: [string, string | null, unknown][] = [
    ['cores', '==', 32],
    ['cores', '!=', 31],
    ['cores', '<', 33],
    ['cores', '>', 31],
    ['cores', '<=', 32],
    ['cores', '>=', 32],
    ['cores', '!>', 32],
    ['cores', '!==', 16],
    ['arch', 'eq', 'x86_64'],
    ['arch', '!eq', 'arm64'],
    ['arch', 'ne', 'arm64'],
    ['arch', 'startswith', 'x86'],
    ['arch', 'endswith', '64'],
    ['arch', '!endswith', '32'],
    ['arch', 'matches', 'x*_6?'],
    ['arch', '!matches', 'arm*'],
    ['arch', 'in', ['arm64', 'x86_64']],
    ['cores', 'in', [16, 32]],
    ['cores', '!in', [16, 64]],
    ['flags', 'contains', 'vmx'],
    ['flags', '!contains', 'avx'],
    ['tpm', null, null],
    ['flags', null, 'ignored'],
    ['inventory.disks[1].size', '>=', 8_000],
    ['inventory.cpu.count', '==', 2],
  ];
  for (const constraint of yes) t.true(holds(...constraint), JSON.stringify(constraint));
  const no: [string, string | null, unknown][] = [
    ['cores', '==', 31],
    ['cores', '!=', 32],
    ['cores', '>', 32],
    ['arch', 'ne', 'x86_64'],
    ['arch', 'matches', 'x86'],
    ['arch', 'in', []],
    ['flags', 'contains', 'avx'],
    ['spare', null, null],
    ['note', null, null],
    ['nothing', null, null],
  ];
  for (const constraint of no) t.false(holds(...constraint), JSON.stringify(constraint));
});

test('a property that is missing or of another type does not match, turned round or not', (t) => {
  for (const [path, operator, value] of [
    ['gpu', '>=', 1],
    ['gpu', '!>=', 1],
    ['gpu', 'startswith', 'N'],
    ['gpu', '!startswith', 'N'],
    ['gpu', 'contains', 'x'],
    ['gpu', '!contains', 'x'],
    ['gpu', 'in', ['a']],
    ['gpu', null, null],
    ['arch', '>=', 1],
    ['arch', '!>=', 1],
    ['cores', 'startswith', '3'],
    ['cores', 'contains', 3],
    ['arch', 'contains', 'x'],
    ['flags', 'in', ['vmx']],
    ['inventory.disks[7].size', '>', 0],
    ['inventory.disks.size', '>', 0],
    ['flags.length', '>', 0],
    ['arch.length', '>', 0],
    ['constructor', null, null],
    ['inventory.hasOwnProperty', null, null],
  ] as const) {
    t.false(holds(path, operator, value), `${path} ${operator}`);
  }
  t.false(fulfils([['cores', '>', 1]], undefined));
  t.true(fulfils([], undefined));
  t.true(fulfils(undefined, undefined));
});

test('constraints that make no sense are refused with a code', (t) => {
  const fine: Constraint = ['cores', '>', 1];
  const bad: unknown[] = [
    'cores > 1',
    [['cores', '>']],
    [['cores', '>', 1, 2]],
    [['cores', '>', '1']],
    [['cores', '>', NaN]],
    [['cores', '>', Infinity]],
    [['cores', 'between', 1]],
    [['cores', '!', 1]],
    [['cores', '!!==', 1]],
    [['cores', 7, 1]],
    [['cores', '__proto__', 1]],
    [['cores', 'eq', 1]],
    [['cores', 'eq', 'x'.repeat(129)]],
    [['cores', 'matches', 'x'.repeat(31)]],
    [['cores', 'in', 'x']],
    [['cores', 'in', [{}]]],
    [['cores', 'in', new Array(2)]],
    [['cores', 'in', new Array(1_000_000).fill(1)]],
    [['cores', 'contains', {}]],
    [[7, '>', 1]],
    [['', '>', 1]],
    [['.cores', '>', 1]],
    [['cores.', '>', 1]],
    [['a b', '>', 1]],
    [['a[x]', '>', 1]],
    [['[0]', '>', 1]],
    [['a[0', '>', 1]],
    [['a[-1]', '>', 1]],
    [['__proto__.x', '>', 1]],
    [['a.__proto__', '>', 1]],
    [['a'.repeat(129), '>', 1]],
    [['a.a.a.a.a.a.a.a.a', '>', 1]],
    [[`length(disks[?"x" == \`true\`])`, '>=', 2]],
    [null],
    [fine, undefined],
  ];
  for (const constraints of bad) {
    t.is(constraintsFault(constraints), 'MARKET_CONSTRAINT_INVALID', JSON.stringify(constraints));
  }
  t.is(constraintsFault(new Array(MAXIMUM_CONSTRAINTS).fill(fine)), null);
  const many = new Array(1_000_000).fill(fine);
  t.is(constraintsFault(many), 'MARKET_CONSTRAINTS_TOO_MANY');
});

test('a copy of constraints has nothing of the bidder’s own objects', (t) => {
  const list = ['a'];
  const [copy] = plainConstraints([['arch', 'in', list]]);
  list.push('b');
  t.deepEqual(copy, ['arch', 'in', ['a']]);
  t.deepEqual(plainConstraints([['arch', null, { any: 'thing' }]]), [['arch', null, null]]);
});

test('properties are bounded, and nothing of them reaches a prototype', (t) => {
  t.is(propertiesFault(NODE), null);
  t.is(propertiesFault(undefined), null);
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  for (const properties of [
    null,
    [],
    'x',
    7,
    JSON.parse('{"__proto__": {"cores": 64}}'),
    JSON.parse('{"a": {"__proto__": 1}}'),
    { '': 1 },
    { 'a b': 1 },
    { a: NaN },
    { a: Infinity },
    { a: undefined },
    { a: () => 1 },
    { a: 1n },
    { a: 'x'.repeat(129) },
    { ['x'.repeat(129)]: 1 },
    { a: new Array(65).fill(1) },
    { a: new Array(3) },
    { a: deep },
    { a: { b: { c: { d: {} } } } },
    Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i])),
  ]) {
    t.is(propertiesFault(properties), 'MARKET_PROPERTIES_INVALID');
  }
  t.is(
    JSON.stringify(plainProperties({ b: [1, { d: 1, c: 2 }], a: null })),
    '{"a":null,"b":[1,{"c":2,"d":1}]}',
  );
  t.is(({} as { cores?: number }).cores, undefined);
});

test('paths are names and positions', (t) => {
  t.deepEqual(parsePath('a.b-c[0][12].d_e'), ['a', 'b-c', 0, 12, 'd_e']);
  t.is(valueAt({ a: [{ b: 7 }] }, parsePath('a[0].b')!), 7);
  t.is(valueAt({ a: { 0: 7 } }, ['a', 0]), undefined);
  t.is(valueAt(Object.create({ a: 7 }), ['a']), undefined);
});

test('a glob matches as an obvious matcher does', (t) => {
  const matches = (pattern: string, text: string): boolean => {
    if (pattern === '') return text === '';
    if (pattern[0] === '*') {
      return matches(pattern.slice(1), text) || (text !== '' && matches(pattern, text.slice(1)));
    }
    const isOne = text !== '' && (pattern[0] === '?' || pattern[0] === text[0]);
    return isOne && matches(pattern.slice(1), text.slice(1));
  };
  const word = (letters: string) =>
    fc.array(fc.constantFrom(...letters.split('')), { maxLength: 8 }).map((list) => list.join(''));
  fc.assert(
    fc.property(word('ab*?'), word('ab'), (pattern, text) => {
      return matchesGlob(parseGlob(pattern)!, text) === matches(pattern, text);
    }),
    { numRuns: 3_000, seed: 1 },
  );
  t.true(matchesGlob(parseGlob('x'.repeat(30))!, 'x'.repeat(30)));
  t.false(matchesGlob(parseGlob('x'.repeat(30))!, 'x'.repeat(31)));
  t.true(matchesGlob(parseGlob('**?**')!, 'x'));
  t.is(parseGlob('*'.repeat(62)), null);
});
