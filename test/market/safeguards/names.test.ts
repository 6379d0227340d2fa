import test from 'ava';
import type { SafeguardConfiguration } from '../../../core/market/safeguards/configuration.ts';
import { SAFEGUARD_NAMES } from '../../../core/market/safeguards/names.ts';
import { safeguardsOf } from '../../../core/market/safeguards/registry.ts';
import { CONFIGURATION } from '../support/market.ts';
import { BASE } from './support.ts';

/** Terms that switch everything on; what they say does not matter here. */
const ALL: Required<SafeguardConfiguration> = {
  ...BASE,
  positionLimit: { sharePartsPerMillion: 1, exempt: [] },
  priceCollar: { bandPartsPerMillion: 1 },
  priceFloor: { sharePartsPerMillion: 1 },
  volatilityHalt: { movePartsPerMillion: 1, rounds: 1 },
  mustOffer: { feePartsPerMillion: 1, tolerancePartsPerMillion: 1 },
  pivotalSupplier: { markupPartsPerMillion: 1 },
  selfTrade: { groups: [] },
  identityDeposit: { depositMillicredits: 1 },
  reputation: { mostDiscountPartsPerMillion: 1 },
  orderSize: { sharePartsPerMillion: 1 },
  minimumLease: { slots: 1 },
  switchingCost: { millicreditsPerNode: 1 },
  useOrRelease: { graceMs: 1 },
  extraRound: { demandPartsPerMillion: 1, leastGapMs: 1 },
  warranty: {
    bondPartsPerMillion: 1,
    tolerancePartsPerMillion: 1,
    claimMs: 1,
    barredRounds: 1,
  },
  recallPenalty: { quantilePartsPerMillion: 1 },
  jitter: { epochPartsPerMillion: 1 },
  cartelScreen: { rounds: 8, leastScore: 1 },
  shillScreen: { trades: 8, leastScore: 1 },
  marketMaker: {
    organisation: 'maker',
    spreadPartsPerMillion: 1,
    limitNodeSlots: 1,
    leaseSlots: 1,
  },
};

test('each set of terms switches one safeguard on, and every safeguard has its name in the list', (t) => {
  const named = (safeguards: SafeguardConfiguration) =>
    safeguardsOf({ ...CONFIGURATION, safeguards }).map(({ name }) => name);
  t.deepEqual([...named(ALL)].sort(), [...SAFEGUARD_NAMES]);
  t.deepEqual(named(BASE), []);
  const { nodeClasses: _classes, priceWindowMs: _window, ...terms } = ALL;
  for (const [key, value] of Object.entries(terms)) {
    t.is(named({ ...BASE, [key]: value }).length, 1, key);
  }
});
