import test from 'ava';
import fc from 'fast-check';
import {
  describeDuration,
  describeEstimate,
  describePlain,
  describeValue,
  formatNumber,
  formatTick,
} from '../../reports/text/number.ts';
import { oneLine, printable } from '../../reports/text/printable.ts';
import { fitName, fitText, textWidth } from '../../reports/text/width.ts';
import { describeMeasure, unitOfMeasure } from '../../reports/text/names.ts';

const NBSP = '\u00a0';

test('numbers have thousands marks, a true minus and no negative zero', (t) => {
  t.is(formatNumber(1_234_567.891, 1), '1,234,567.9');
  t.is(formatNumber(-1_234, 0), '\u22121,234');
  t.is(formatNumber(-0.001, 2), '0.00');
  t.is(formatNumber(1_267, -2), '1,300');
  t.is(formatNumber(Number.NaN, 2), 'undefined');
});

test('a figure shows as many digits as its interval bears, its unit and its interval', (t) => {
  const share = { mean: 0.1183, ci95: [0.1013, 0.1353] as const, n: 10 };
  t.is(describeEstimate(share, 'share'), `11.8${NBSP}% [10.1,${NBSP}13.5]`);
  const hours = { mean: 12_287, ci95: [11_549, 13_025] as const, n: 10 };
  t.is(describeEstimate(hours, 'node-hours'), `12,300 [11,500,${NBSP}13,000] node-hours`);
  const million = { mean: 2_345_678, ci95: [2_300_000, 2_391_356] as const, n: 5 };
  t.is(
    describeEstimate(million, 'node-hours', { compact: true, withoutUnit: true }),
    `2.35${NBSP}M [2.30,${NBSP}2.39]`,
  );
  const wide = { mean: 1_123, ci95: [-11_077, 13_323] as const, n: 2 };
  t.is(describeEstimate(wide, 'node-hours'), `1,100 [\u221211,100,${NBSP}13,300] node-hours`);
});

test('durations choose their unit by size, and share it with their interval', (t) => {
  const wait = { mean: 1_320, ci95: [1_230, 1_410] as const, n: 8 };
  t.is(describeEstimate(wait, 'seconds'), `22.0${NBSP}min [20.5,${NBSP}23.5]`);
  t.is(describeDuration(900), `15${NBSP}min`);
  t.is(describeDuration(115_200), `32${NBSP}h`);
  t.is(describeDuration(172_800), `2${NBSP}d`);
  t.is(describeDuration(100_000), `1.2${NBSP}d`);
});

test('one replication has no interval, and a missing figure has its reason', (t) => {
  const single = { mean: 42, ci95: [42, 42] as const, n: 1 };
  t.is(describeEstimate(single, 'nodes'), '42 [one replication] nodes');
  const missing = { value: null, reason: 'nothing\nwas traded' } as const;
  t.is(describeEstimate(missing, 'share'), 'not available: nothing was traded');
});

test('the interval never excludes the printed mean by rounding', (t) => {
  const reading = (text: string) => Number(text.replaceAll(',', '').replace('\u2212', '-'));
  fc.assert(
    fc.property(
      fc.double({ min: -1e8, max: 1e8, noNaN: true }),
      fc.double({ min: 0, max: 1e8, noNaN: true }),
      (mean, half) => {
        const figure = { mean, ci95: [mean - half, mean + half] as const, n: 9 };
        const text = describeEstimate(figure, 'count');
        const [, middle, low, high] = /^(\S+) \[(\S+),\u00a0?(\S+)\]$/.exec(
          text.replace(`,${NBSP}`, `,${NBSP}`),
        )!;
        t.true(reading(low!) <= reading(middle!) && reading(middle!) <= reading(high!), text);
      },
    ),
    { numRuns: 300 },
  );
});

test('ticks and parameters have just the decimals that they need', (t) => {
  t.is(formatTick(0.30000000000000004, 0.1), '0.3');
  t.is(formatTick(20_000, 5_000), '20,000');
  t.is(describePlain(0.5), '0.5');
  t.is(describePlain(3_600), '3,600');
  t.is(describeValue(0, 'nodes'), `0${NBSP}nodes`);
});

test('unprintable characters become a mark, printable ones stay', (t) => {
  t.is(
    printable('a\u0000b\u001b[31mc\u202ed\ud800e\ufffff'),
    'a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffdf',
  );
  t.is(printable('naïve 名前 😀 – “x”\n\t'), 'naïve 名前 😀 – “x”\n\t');
  t.is(oneLine('a\r\n\tb'), 'a b');
});

test('text is cut to its width with an ellipsis, between characters', (t) => {
  t.is(fitText('short', 100, 12), 'short');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      const cut = fitText(text, 80, 12);
      t.true(textWidth(cut, 12) <= 80);
      t.false(/\p{Cs}/u.test(cut));
    }),
    { numRuns: 200 },
  );
  const names = [1, 2, 3].map((index) => fitName(`A very long name of a campus ${index}`, 90, 12));
  t.is(new Set(names).size, 3);
  t.true(names.every((name) => textWidth(name, 12) <= 90 && name.startsWith('A very')));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (name) => {
      t.true(textWidth(fitName(name, 80, 12), 12) <= 80);
    }),
    { numRuns: 200 },
  );
});

test('names of measures are readable and carry their unit', (t) => {
  t.is(describeMeasure('meanWaitSeconds'), 'mean wait');
  t.is(describeMeasure('lostLoadShare'), 'lost load share');
  t.is(unitOfMeasure('meanWaitSeconds'), 'seconds');
  t.is(unitOfMeasure('penaltyCredits'), 'credits');
  t.is(unitOfMeasure('meanBoundedSlowdown'), 'count');
});
