import test from 'ava';
import fc from 'fast-check';
import type { Mechanism } from '../../core/market/mechanism.ts';
import { mechanisms } from '../../core/market/mechanisms/registry.ts';
import { exchangeThreshold } from '../../core/market/mechanisms/exchange-threshold.ts';
import type { MarketRound } from '../../core/market/orders.ts';
import { junkOrder, mixedRound } from './support/arbitraries.ts';
import { claimedProperties, judge, RUNS, SEED } from './support/conformance-suite.ts';
import {
  clear,
  INVARIANCES,
  isDeterministic,
  isFeasible,
  survivesHostility,
} from './support/conformance.ts';
import type { Check } from './support/conformance.ts';
import {
  leakyTill,
  payAsBid,
  plantedUnitAuction,
  truthfulCall,
  vickreyUnits,
} from './support/planted-mechanisms.ts';

/** First finding over random rounds, or null. */
function search(
  mechanism: Mechanism,
  rounds: fc.Arbitrary<MarketRound>,
  check: Check,
): string | null {
  const details = fc.check(
    fc.property(rounds, (round) => check(mechanism, round) === null),
    { numRuns: RUNS, seed: SEED },
  );
  const example = details.counterexample?.[0];
  return example
    ? `${check(mechanism, example) ?? 'not seen again'} (OCX_PROPERTY_SEED=${SEED})`
    : null;
}

for (const [name, mechanism] of mechanisms) {
  test(`${name} clears feasibly and keeps its claims on money`, (t) => {
    t.is(search(mechanism, mixedRound, isFeasible), null);
  });

  test(`${name} clears the same round in the same way`, (t) => {
    t.is(search(mechanism, mixedRound, isDeterministic), null);
    const findings: string[] = [];
    const holds = INVARIANCES.some((check) => {
      const finding = search(mechanism, mixedRound, check);
      if (finding !== null) findings.push(finding);
      return finding === null;
    });
    t.true(holds, findings.join('; '));
  });

  test(`${name} is not stopped or swayed by hostile orders`, (t) => {
    fc.assert(
      fc.property(
        mixedRound,
        fc.array(junkOrder, { minLength: 1, maxLength: 6 }),
        (round, junk) => survivesHostility(mechanism, round, junk) === null,
      ),
      { numRuns: Math.ceil(RUNS / 3), seed: SEED },
    );
    t.pass();
  });

  for (const property of claimedProperties(mechanism)) {
    test(`${name} keeps its claim: ${property} ${mechanism.properties[property]}`, (t) => {
      const { finding, telling } = judge(mechanism, property);
      t.is(finding, null);
      // Who never trades keeps every claim.
      if (name !== 'static') t.true(telling >= RUNS / 100, `${telling} markets could have told`);
    });
  }
}

test('the random rounds are worth clearing', (t) => {
  for (const name of ['leasing', 'fcfs-pool', 'posted-price', 'exchange-threshold']) {
    const rounds = fc.sample(mixedRound, { numRuns: 200, seed: 1 });
    const fills = rounds.map((round) => clear(mechanisms.get(name)!, round).fills);
    const traded = fills.filter((list) => list.length > 0);
    t.true(traded.length >= 60, `${name} traded in ${traded.length} of 200 rounds`);
    t.true(
      fills.flat().some(({ parts }) => parts.length > 1),
      `${name} never used two asks`,
    );
  }
});

test('pay-as-bid that claims truthfulness is caught', (t) => {
  t.regex(judge(payAsBid, 'incentiveCompatibility').finding ?? '', /gains \d+ by/);
  t.is(judge(payAsBid, 'efficiency').finding, null);
});

test('a k-double auction that claims truthfulness is caught', (t) => {
  t.regex(judge(truthfulCall, 'incentiveCompatibility').finding ?? '', /gains \d+ by/);
  t.is(judge(truthfulCall, 'individualRationality').finding, null);
  t.is(judge(truthfulCall, 'efficiency').finding, null);
});

test('a hole of one millicredit in the till is caught', (t) => {
  t.is(judge(vickreyUnits({}), 'individualRationality').finding, null);
  const hole = plantedUnitAuction('a hole', { budgetBalance: 'strong' }, () => ({
    payment: () => 7,
    receipt: () => 7,
  }));
  const units = { ...hole.properties, budgetBalance: 'strong' as const };
  t.is(judge({ ...hole, properties: units }, 'budgetBalance').finding, null);
  t.regex(judge(leakyTill, 'budgetBalance').finding ?? '', /payments less receipts are -1 /);
});

test('Vickrey prices that claim a balanced budget are caught', (t) => {
  const strong = vickreyUnits({ budgetBalance: 'strong' });
  t.regex(judge(strong, 'budgetBalance').finding ?? '', /payments less receipts are -/);
  const weak = vickreyUnits({ budgetBalance: 'weak' });
  t.regex(judge(weak, 'budgetBalance').finding ?? '', /a deficit of/);
});

test('Vickrey prices are truthful for single units, and caught where they claim more', (t) => {
  const honest = vickreyUnits({ incentiveCompatibility: 'unit-demand' });
  t.is(judge(honest, 'incentiveCompatibility').finding, null);
  const several = vickreyUnits({ incentiveCompatibility: 'diminishing-returns' });
  t.regex(judge(several, 'incentiveCompatibility').finding ?? '', /gains \d+ by/);
  const names = vickreyUnits({
    incentiveCompatibility: 'unit-demand',
    falseNameProofness: 'diminishing-returns',
  });
  t.regex(judge(names, 'falseNameProofness').finding ?? '', /gains \d+ by/);
});

test('a mechanism that claims false-name-proofness without having it is caught', (t) => {
  const onePerName: Mechanism = {
    ...exchangeThreshold,
    properties: { ...exchangeThreshold.properties, falseNameProofness: 'always' },
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
  t.regex(judge(onePerName, 'falseNameProofness').finding ?? '', /gains \d+ by/);
});

test('a mechanism that claims truthfulness with gangs without having it is caught', (t) => {
  const liar = claiming(exchangeThreshold, { incentiveCompatibility: 'single-minded' });
  t.regex(judge(liar, 'incentiveCompatibility').finding ?? '', /gains \d+ by/);
});

test('a generalised second-price auction that claims truthfulness is caught', (t) => {
  for (const domain of ['unit-demand', 'diminishing-returns'] as const) {
    const liar = claiming(mechanisms.get('gsp')!, { incentiveCompatibility: domain });
    t.regex(judge(liar, 'incentiveCompatibility').finding ?? '', /gains \d+ by/, domain);
  }
});

test('combinatorial Vickrey payments that claim a balance, or no use of names, are caught', (t) => {
  const vcg = mechanisms.get('combinatorial-vcg')!;
  const weak = claiming(vcg, { budgetBalance: 'weak' });
  t.regex(judge(weak, 'budgetBalance').finding ?? '', /a deficit of/);
  const names = claiming(vcg, { falseNameProofness: 'single-minded' });
  t.regex(judge(names, 'falseNameProofness').finding ?? '', /gains \d+ by/);
});

test('a mechanism that claims efficiency without having it is caught', (t) => {
  const leasing = claiming(mechanisms.get('leasing')!, { efficiency: 'unit-demand' });
  t.regex(judge(leasing, 'efficiency').finding ?? '', /^welfare/);
});

test('a mechanism that claims individual rationality without having it is caught', (t) => {
  const leasing = claiming(mechanisms.get('leasing')!, { individualRationality: 'always' });
  t.regex(search(leasing, mixedRound, isFeasible) ?? '', /less than its reserve/);
  t.regex(judge(leasing, 'individualRationality').finding ?? '', /less than its reserve/);
});

test('a mechanism that claims to serve gangs and fills them in part is caught', (t) => {
  const half: Mechanism = {
    ...exchangeThreshold,
    clear(round, parameters, state) {
      const { clearing } = exchangeThreshold.clear(round, parameters, state);
      const fills = clearing.fills.map((fill) => {
        const [first] = fill.parts;
        return { ...fill, nodes: first!.nodes, parts: [first!] };
      });
      return { clearing: { ...clearing, fills }, state };
    },
  };
  t.regex(judge(half, 'gangs').finding ?? '', /was not asked for/);
});

function claiming(mechanism: Mechanism, claims: Partial<Mechanism['properties']>): Mechanism {
  return { ...mechanism, properties: { ...mechanism.properties, ...claims } };
}
