import test from 'ava';
import fc from 'fast-check';
import type { Mechanism } from '../../core/market/mechanism.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { exchangeThreshold } from '../../core/market/mechanisms/exchange-threshold.ts';
import type { MarketRound } from '../../core/market/orders.ts';
import { junkOrder, mixedRound, separateRound, unitRound } from './support/arbitraries.ts';
import {
  clear,
  ignoresNames,
  ignoresOrganisations,
  ignoresSubmission,
  isDeterministic,
  isEfficient,
  isFeasible,
  isTruthful,
  survivesHostility,
} from './support/conformance.ts';
import type { Check } from './support/conformance.ts';

const RUNS = Number(process.env['OCX_PROPERTY_RUNS'] ?? 300);
/** Mechanisms whose result depends on who was first, and on nobody's name. */
const FIRST_COME = new Set(['leasing', 'fcfs-pool', 'posted-price']);

/** First finding over random rounds, or null. */
function search(
  mechanism: Mechanism,
  rounds: fc.Arbitrary<MarketRound>,
  check: Check,
): string | null {
  const details = fc.check(
    fc.property(rounds, (round) => check(mechanism, round) === null),
    { numRuns: RUNS },
  );
  const example = details.counterexample?.[0];
  return example ? (check(mechanism, example) ?? 'not seen again') : null;
}

for (const [name, mechanism] of mechanisms) {
  const { properties } = mechanism;

  test(`${name} clears feasibly and keeps its claims on money`, (t) => {
    t.is(search(mechanism, mixedRound, isFeasible), null);
  });

  test(`${name} clears the same round in the same way`, (t) => {
    t.is(search(mechanism, mixedRound, isDeterministic), null);
    const invariance = FIRST_COME.has(name) ? ignoresNames : ignoresSubmission;
    t.is(search(mechanism, mixedRound, invariance), null);
  });

  test(`${name} is not stopped or swayed by hostile orders`, (t) => {
    fc.assert(
      fc.property(
        mixedRound,
        fc.array(junkOrder, { minLength: 1, maxLength: 6 }),
        (round, junk) => survivesHostility(mechanism, round, junk) === null,
      ),
      { numRuns: Math.ceil(RUNS / 3) },
    );
    t.pass();
  });

  if (properties.incentiveCompatibility !== 'never') {
    const rounds = properties.incentiveCompatibility === 'unit-demand' ? unitRound : separateRound;
    test(`${name} rewards no false price in its domain`, (t) => {
      t.is(search(mechanism, rounds, isTruthful), null);
    });
  }
  if (properties.efficiency !== 'never') {
    test(`${name} finds the best allocation in its domain`, (t) => {
      t.is(properties.efficiency, 'unit-demand');
      t.is(search(mechanism, unitRound, isEfficient), null);
    });
  }
  if (properties.falseNameProofness !== 'never') {
    test(`${name} does not care under how many names somebody comes`, (t) => {
      t.is(search(mechanism, separateRound, ignoresOrganisations), null);
    });
  }
}

test('the random rounds are worth clearing', (t) => {
  for (const [name, mechanism] of mechanisms) {
    if (name === 'static') continue;
    const rounds = fc.sample(mixedRound, { numRuns: 200, seed: 1 });
    const fills = rounds.map((round) => clear(mechanism, round).fills);
    const traded = fills.filter((list) => list.length > 0);
    t.true(traded.length >= 60, `${name} traded in ${traded.length} of 200 rounds`);
    t.true(
      fills.flat().some(({ parts }) => parts.length > 1),
      `${name} never used two asks`,
    );
  }
});

test('a mechanism that claims truthfulness without having it is caught', (t) => {
  const liar = claiming({ incentiveCompatibility: 'always' });
  t.regex(search(liar, separateRound, isTruthful) ?? '', /gains by reporting/);
});

test('a mechanism that claims false-name-proofness without having it is caught', (t) => {
  const liar: Mechanism = {
    ...exchangeThreshold,
    clear(round, parameters, state) {
      // Serves at most one bid an organisation.
      const seen = new Set<string>();
      const bids = round.bids.filter(({ organisation }) => {
        if (seen.has(organisation)) return false;
        seen.add(organisation);
        return true;
      });
      return exchangeThreshold.clear({ ...round, bids }, parameters, state);
    },
  };
  t.not(search(liar, separateRound, ignoresOrganisations), null);
});

test('a mechanism that claims efficiency without having it is caught', (t) => {
  const leasing = mechanisms.get('leasing')!;
  t.regex(search(leasing, unitRound, isEfficient) ?? '', /^welfare/);
});

test('a mechanism that claims individual rationality without having it is caught', (t) => {
  const leasing = mechanisms.get('leasing')!;
  const properties = { ...leasing.properties, individualRationality: 'always' as const };
  t.regex(
    search({ ...leasing, properties }, mixedRound, isFeasible) ?? '',
    /less than its reserve/,
  );
});

test('a mechanism that claims a strong balance without having it is caught', (t) => {
  const liar: Mechanism = {
    ...exchangeThreshold,
    clear(round, parameters, state) {
      const { clearing } = exchangeThreshold.clear(round, parameters, state);
      const [first, ...rest] = clearing.receipts;
      if (!first || first[1] === 0) return { clearing, state };
      const receipts = new Map([[first[0], first[1] + 1], ...rest]);
      const surplusMillicredits = clearing.surplusMillicredits - 1;
      return { clearing: { ...clearing, receipts, surplusMillicredits }, state };
    },
  };
  t.is(search(liar, mixedRound, isFeasible), 'payments and receipts differ');
});

function claiming(claims: Partial<Mechanism['properties']>): Mechanism {
  return { ...exchangeThreshold, properties: { ...exchangeThreshold.properties, ...claims } };
}
