import canonicalize from 'canonicalize';
import fc from 'fast-check';
import test from 'ava';
import { canonicalJson } from '../../core/kernel/canonical-json.ts';

test('it writes what the reference package writes, on any JSON value', (t) => {
  const values = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' });
  fc.assert(
    fc.property(values, (value) => {
      const expected = canonicalize(value);
      if (canonicalJson(value) !== expected) throw new Error(`${canonicalJson(value)} ${expected}`);
    }),
    { numRuns: 3_000, seed: 8_785 },
  );
  t.pass();
});

test('the example of RFC 8785 comes out as printed there', (t) => {
  const value = {
    numbers: JSON.parse('[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]'),
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\u002f',
    literals: [null, true, false],
  };
  t.is(
    canonicalJson(value),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test('keys stand in the order of their UTF-16 code units', (t) => {
  // The keys of the RFC's example of sorting.
  const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
  const value = Object.fromEntries(keys.map((key) => [key, 0]));
  const order = [...canonicalJson(value).matchAll(/"((?:[^"\\]|\\.)*)":/g)].map(([, key]) => key);
  const sorted = [String.raw`\r`, '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
  t.deepEqual(order, sorted);
});

test('Maps are objects, Sets and typed arrays are arrays, absent members are absent', (t) => {
  const value = {
    b: new Map<string, unknown>([
      ['z', new Set([3, 1])],
      ['a', Float64Array.of(0.5, -0)],
    ]),
    a: undefined,
    c: [undefined, -0],
    d: {},
    __proto__: null,
  };
  t.is(canonicalJson(value), '{"b":{"a":[0.5,0],"z":[3,1]},"c":[null,0],"d":{}}');
  t.is(canonicalJson(JSON.parse('{"__proto__":1}')), '{"__proto__":1}');
});

test('what is no JSON value throws', (t) => {
  const circle: unknown[] = [];
  circle.push(circle);
  const half = String.fromCharCode(0xdc00);
  for (const value of [
    undefined,
    NaN,
    -Infinity,
    1n,
    () => 0,
    circle,
    half,
    { [half]: 1 },
    [Symbol('s')],
  ]) {
    t.throws(() => canonicalJson(value), { code: 'INVARIANT_VIOLATED' });
  }
});
