/** Rows of files with a separator: quotes, places, damage. */
import test from 'ava';
import { CSV_OPTIONS, delimitedRows, headedRows, numberIn } from '../../workloads/delimited.ts';
import { refusal, testFile } from './files.ts';

test('quoted fields may hold separators, quotes and line feeds, and every field has its place', (t) => {
  const text = 'a,b,c\r\n"1,5","say ""hi""\nand go",x\n\n2,,z\n';
  const rows = [...delimitedRows(testFile(t, text), CSV_OPTIONS)];
  t.deepEqual(
    rows.map((row) => row.fields),
    [
      ['a', 'b', 'c'],
      ['1,5', 'say "hi"\nand go', 'x'],
      ['2', '', 'z'],
    ],
  );
  t.deepEqual(rows[1]!.placeOf(1), { line: 2, column: 7 });
  t.deepEqual(rows[1]!.placeOf(2), { line: 3, column: 9 });
  t.deepEqual(rows[2]!.placeOf(2), { line: 5, column: 4 });
});

test('open quotes, text behind them and endless rows are refused with their place', (t) => {
  const rows = (text: string) => [...delimitedRows(testFile(t, text), CSV_OPTIONS)];
  t.deepEqual(placeOf(refusal(t, () => rows('a\nb,"c\n'), 'INPUT_CSV')), [2, 3]);
  t.deepEqual(placeOf(refusal(t, () => rows('a\n"b"c\n'), 'INPUT_CSV')), [2, 4]);
  t.deepEqual(placeOf(refusal(t, () => rows(`${','.repeat(5_000)}\n`), 'INPUT_CSV')), [1, 1]);
  t.deepEqual(placeOf(refusal(t, () => rows(`"${'a\n'.repeat(2 << 20)}`), 'INPUT_CSV')), [1, 1]);
});

const placeOf = (error: { place?: { line?: number; column?: number } }) => [
  error.place?.line,
  error.place?.column,
];

test('a header finds columns by any of their names and misses with its line', (t) => {
  const { header } = headedRows(testFile(t, '# x\na, b\n1,2\n'), { ...CSV_OPTIONS, comment: '#' });
  t.is(header.find('z', 'b'), 1);
  t.is(refusal(t, () => header.need('z', 'y'), 'INPUT_CSV').place?.line, 2);
});

test('numbers are decimal numbers and nothing else', (t) => {
  t.is(numberIn('-1.5e3'), -1_500);
  for (const text of ['', ' 1', '0x10', 'NaN', 'Infinity', '1_000', '1e999', '--1', '1,5']) {
    t.is(numberIn(text), null, text);
  }
});

test('bytes that are not UTF-8 are refused with their line', (t) => {
  const path = testFile(t, Buffer.concat([Buffer.from('a\nb'), Buffer.from([0xff, 10])]));
  t.is(refusal(t, () => [...delimitedRows(path, CSV_OPTIONS)], 'INPUT_ENCODING').place?.line, 2);
});
