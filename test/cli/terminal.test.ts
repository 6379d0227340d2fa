import test from 'ava';
import { barChart, condense, sparkline } from '../../cli/terminal/plot.ts';
import { startProgress } from '../../cli/terminal/progress.ts';
import { formatTable } from '../../cli/terminal/table.ts';
import { pad, textWidth, truncate } from '../../cli/terminal/text.ts';

test('a table aligns its columns and cuts what is too long', (t) => {
  const table = formatTable(
    [
      { head: 'name', maximumWidth: 6 },
      { head: 'jobs', align: 'right' },
    ],
    [
      ['kth', 28481],
      ['a-very-long-name', 7],
    ],
  );
  t.is(table, ['name     jobs', '──────  ─────', 'kth     28481', 'a-ver…      7'].join('\n'));
});

test('a name cannot steer the terminal', (t) => {
  const hostile = 'a\u001b[2Jb\u0007\r\n\u202ec\u009b1m';
  const table = formatTable([{ head: 'name' }], [[hostile]]);
  t.false(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(table));
  t.is(table.split('\n').length, 3);
});

test('widths count columns, not code units', (t) => {
  t.is(textWidth('abc'), 3);
  t.is(textWidth('日本'), 4);
  t.is(textWidth('e\u0301'), 1);
  t.is(truncate('日本語', 5), '日本…');
  t.is(pad('日本', 6) + '|', '日本  |');
});

test('a sparkline spans from nothing to the greatest value', (t) => {
  t.is(sparkline([0, 1, 2, 3, 4, 5, 6, 7]), '▁▂▃▄▅▆▇█');
  t.is(sparkline([5, 5, 5]), '███');
  t.is(sparkline([0, 0]), '▁▁');
  t.is(sparkline([]), '');
  t.is(sparkline([1, Number.NaN, 1]), '█ █');
});

test('a long series is condensed to means that use every value', (t) => {
  t.deepEqual(condense([1, 3, 5, 7], 2), [2, 6]);
  t.deepEqual(condense([1, 2], 5), [1, 2]);
  const series = Array.from({ length: 1001 }, (_, index) => index);
  t.is(condense(series, 40).length, 40);
  t.is(condense(new Float64Array(0), 40).length, 0);
});

test('bars are as long as their values', (t) => {
  const chart = barChart(
    [
      { label: 'easy', value: 10 },
      { label: 'conservative', value: 5 },
      { label: 'none', value: 0 },
    ],
    { width: 4 },
  );
  t.deepEqual(chart.split('\n'), ['easy         ████ 10', 'conservative ██ 5', 'none          0']);
});

for (const isTTY of [true, false]) {
  test(`progress waits two seconds before it shows, ${isTTY ? 'bar' : 'lines'}`, (t) => {
    const written: string[] = [];
    let nowMs = 0;
    const stream = { isTTY, write: (text: string) => written.push(text) };
    const progress = startProgress({
      stream,
      quiet: false,
      label: 'replications',
      total: 10,
      clock: () => nowMs,
    });
    nowMs = 1_999;
    progress.update(1);
    t.deepEqual(written, []);
    for (nowMs = 2_000; nowMs <= 22_500; nowMs += 10) progress.update(5);
    progress.finish();
    if (isTTY) {
      t.true(written.length > 150 && written.length < 210, String(written.length));
      t.true(written[0]!.includes('[============            ] replications: 5 of 10 (50 %, 2 s)'));
      t.is(written.at(-1), '\r\u001b[K');
    } else {
      t.deepEqual(written, [
        'replications: 5 of 10 (50 %, 2 s)\n',
        'replications: 5 of 10 (50 %, 12 s)\n',
        'replications: 5 of 10 (50 %, 22 s)\n',
      ]);
    }
  });
}

test('quiet progress says nothing', (t) => {
  const written: string[] = [];
  const stream = { isTTY: true, write: (text: string) => written.push(text) };
  let nowMs = 0;
  const clock = () => nowMs;
  const progress = startProgress({ stream, quiet: true, label: 'a', total: 1, clock });
  nowMs = 60_000;
  progress.update(1);
  progress.finish();
  t.deepEqual(written, []);
});
