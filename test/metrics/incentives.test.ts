import test from 'ava';
import { deviationGain, TRUTHFUL } from '../../core/metrics/incentives.ts';
import type { ProfileOutcome, RunOutcome } from '../../core/metrics/outcome.ts';

const VARIANT = 'market';

/** Two organisations, `a` and `b`, with these utilities in credits, one pair a replication. */
function usual(utilities: readonly (readonly [number, number])[]): RunOutcome[] {
  return utilities.map(
    ([a, b], replication) =>
      ({
        variant: VARIANT,
        replication,
        // Part of it is value, part money.
        organisations: [
          { name: 'a', valueMillicredits: a * 1000 - 500, netMillicredits: 500 },
          { name: 'b', valueMillicredits: b * 1000 + 700, netMillicredits: -700 },
        ],
        market: { rounds: [{ welfareMillicredits: 40_000 }, { welfareMillicredits: 60_000 }] },
      }) as unknown as RunOutcome,
  );
}

function profile(
  organisation: string | null,
  own: string,
  others: string | null,
  utilities: readonly (readonly [number, number])[],
): ProfileOutcome[] {
  return utilities.map(([a, b], replication) => ({
    variant: VARIANT,
    replication,
    organisation,
    own,
    others,
    utilityMillicredits: { a: a * 1000, b: b * 1000 },
  }));
}

const RUNS = usual([
  [100, 50],
  [110, 60],
]);

test('the best deviation is the one with the highest mean, not the luckiest', (t) => {
  const gain = deviationGain(RUNS, [
    ...profile('a', 'low', null, [
      [103, 0],
      [113, 0],
    ]),
    // Better in the first replication, far worse in the second.
    ...profile('a', 'bold', null, [
      [120, 0],
      [80, 0],
    ]),
    ...profile('b', 'low', null, [
      [0, 45],
      [0, 59],
    ]),
    ...profile('b', 'bold', null, [
      [0, 49],
      [0, 58],
    ]),
  ])!;
  const [a, b] = gain.organisations;
  t.deepEqual([a!.deviation, a!.gainCredits.mean], ['low', 3]);
  t.deepEqual(a!.gainCredits.ci95, [3, 3]);
  t.deepEqual([b!.deviation, b!.gainCredits.mean], ['bold', -1.5]);
  t.is(a!.gains['bold']!.mean, -5);
  // b would rather be truthful: it counts as 0.
  t.deepEqual([gain.meanCredits.mean, gain.meanCredits.n], [1.5, 2]);
  t.deepEqual(gain.largest, { organisation: 'a', deviation: 'low', gainCredits: a!.gainCredits });
  t.is((gain.shareOfSurplus as { mean: number }).mean, 3 / 100);
  t.is(gain.game, undefined);
});

test('who is not truthful in the scenario is held against a truthful run of its own', (t) => {
  const low = profile('a', 'low', null, [
    [103, 0],
    [113, 0],
  ]);
  const truth = profile('a', TRUTHFUL, null, [
    [102, 0],
    [112, 0],
  ]);
  const b = profile('b', 'low', null, [
    [0, 50],
    [0, 60],
  ]);
  const gain = deviationGain(RUNS, [...low, ...truth, ...b])!;
  t.is(gain.organisations[0]!.gainCredits.mean, 1);
  t.deepEqual(Object.keys(gain.organisations[0]!.gains), ['low']);
});

test('nothing is reported where nothing was tried', (t) => {
  t.is(deviationGain(RUNS, []), undefined);
});

test('in a prisoner’s dilemma shading is the equilibrium and truth is better for all', (t) => {
  const twice = (pair: readonly [number, number]) => [pair, pair];
  const any = [
    ...profile('a', 'x', null, twice([0, 0])),
    ...profile('b', 'x', null, twice([0, 0])),
  ];
  const gain = deviationGain(RUNS, [
    ...any,
    ...profile(null, TRUTHFUL, TRUTHFUL, twice([30, 30])),
    ...profile(null, 'shading', 'shading', twice([10, 10])),
    ...profile('a', 'shading', TRUTHFUL, twice([50, 0])),
    ...profile('b', 'shading', TRUTHFUL, twice([0, 50])),
    ...profile('a', TRUTHFUL, 'shading', twice([0, 50])),
    ...profile('b', TRUTHFUL, 'shading', twice([50, 0])),
  ])!;
  const { game } = gain;
  t.is(game!.truthAmongTruth.mean, 30);
  t.is(game!.shadeAmongTruth.mean, 50);
  t.is(game!.truthAmongShade.mean, 0);
  t.is(game!.shadeAmongShade.mean, 10);
  t.is(game!.truthRegretCredits, 20);
  t.is(game!.shadeRegretCredits, 0);
});
