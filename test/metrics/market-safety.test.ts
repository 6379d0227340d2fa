import test from 'ava';
import { HOUR_MS } from '../../core/kernel/units.ts';
import { offBandRounds } from '../../core/metrics/market-safety.ts';

/** One round an hour at these prices; null: no trade. */
const rounds = (prices: readonly (number | null)[]) =>
  prices.map((price, hour) => ({ atMs: hour * HOUR_MS, price }));
const quiet = Array.from({ length: 30 }, () => 1000);

test('a price counts as outside the band from more than half off the median of the day before', (t) => {
  t.is(offBandRounds(rounds(quiet)), 0);
  t.is(offBandRounds(rounds([...quiet, 1500, 500])), 0);
  t.is(offBandRounds(rounds([...quiet, 1503])), 1);
  t.is(offBandRounds(rounds([...quiet, 497])), 1);
  t.is(offBandRounds(rounds([...quiet, 1_000_000, 1000])), 1);
});

test('rounds without a whole day of prices before them are held against nothing', (t) => {
  t.is(offBandRounds([]), 0);
  t.is(offBandRounds(rounds([1000, 9000, 1, 9000])), 0);
});

test('a price that rises within the band moves the band, and an old day is forgotten', (t) => {
  const slow = Array.from({ length: 40 }, (_, i) => 1000 + 20 * i);
  t.is(offBandRounds(rounds([...quiet, ...slow])), 0);
  const idle = (length: number) => Array.from({ length }, () => null);
  t.is(offBandRounds(rounds([...quiet, ...idle(20), 1600])), 1);
  t.is(offBandRounds(rounds([...quiet, ...idle(60), 1600])), 0);
  const dear = Array.from({ length: 25 }, () => 2000);
  const above = offBandRounds(rounds([...quiet, ...dear]));
  t.true(above > 0 && above < 25, `${above}`);
});
