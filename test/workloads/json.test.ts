/** The JSON reader: places, 64-bit numbers, hostile documents. */
import test from 'ava';
import { member, readJson } from '../../workloads/json.ts';
import { refusal, testFile } from './files.ts';

const read = (t: Parameters<typeof testFile>[0], text: string) => readJson(testFile(t, text, 'a'));

test('what it reads is what the platform reads', (t) => {
  const text = '{"a": [1, -2.5e3, true, false, null, "x\\u0041\\"\\\\"], "b": {}, "": [[]]} \n';
  t.deepEqual(JSON.parse(JSON.stringify(read(t, text).value)), JSON.parse(text));
});

test('objects and lists have places, whole numbers beyond 2^53 stay text', (t) => {
  const document = read(t, '{\n  "jobs": [\n    {"id": 9223372036854775807}]\n}\n');
  const jobs = member(document.value, 'jobs');
  t.true(Array.isArray(jobs));
  if (!Array.isArray(jobs)) return;
  t.deepEqual(document.placeOf(jobs), { line: 2, column: 11 });
  t.deepEqual(document.placeOf(jobs[0] as object), { line: 3, column: 5 });
  t.is(member(jobs[0], 'id'), '9223372036854775807');
});

test('a key like __proto__ is a key as any other', (t) => {
  const { value } = read(t, '{"__proto__": {"polluted": 1}}');
  t.is(member(value, 'polluted'), undefined);
  t.deepEqual(Object.keys(value as object), ['__proto__']);
});

test('damage is refused with line and column, what ends too early as such', (t) => {
  for (const [text, line, column] of [
    ['{"a": 1,\n "b" 2}', 2, 6],
    ['[1, 2 3]', 1, 7],
    ['[01]', 1, 3],
    ['{"a": "\t"}', 1, 7],
    ['[1] x', 1, 5],
    ['{a: 1}', 1, 2],
    ['["\\x"]', 1, 2],
    ['[NaN]', 1, 2],
  ] as const) {
    const { place } = refusal(t, () => read(t, text), 'INPUT_JSON');
    t.deepEqual([place?.line, place?.column], [line, column], text);
  }
  for (const text of ['{"a": [1, ', '["abc', '["abc\\"', '{']) {
    refusal(t, () => read(t, text), 'INPUT_TRUNCATED');
  }
  refusal(t, () => read(t, '['.repeat(100_000)), 'INPUT_JSON');
});
