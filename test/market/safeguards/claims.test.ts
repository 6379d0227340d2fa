/** What mechanisms claim, held against random markets once more with the safeguards on. */
import test from 'ava';
import type { Mechanism } from '../../../core/market/mechanism.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { randomMarket, simplified } from '../../../core/market/properties/random-markets.ts';
import {
  behindSafeguards,
  MEASURED_SAFEGUARDS,
} from '../../../core/market/properties/safeguarded.ts';
import { judge } from '../support/conformance-suite.ts';
import { testSafeguardedClaims } from '../support/property-tests.ts';

testSafeguardedClaims(test);

test('the safeguards act in the markets in which they are measured', (t) => {
  const kDoubleAuction = mechanisms.get('k-double-auction')!;
  const guarded = behindSafeguards(kDoubleAuction);
  let different = 0;
  let traded = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { round } = simplified(randomMarket('unit-demand', seed));
    const plain = kDoubleAuction.clear(round, {}, {}).clearing;
    const { fills, prices } = guarded.clear(round, {}, {}).clearing;
    if (fills.length > 0) traded += 1;
    if (fills.length !== plain.fills.length) different += 1;
    for (const { millicreditsPerNodeSlot } of prices) {
      if (millicreditsPerNodeSlot === null) continue;
      t.true(millicreditsPerNodeSlot >= 500 && millicreditsPerNodeSlot <= 1_500);
    }
  }
  t.true(traded > 60 && different > 10, `${traded} traded, ${different} differ`);
});

test('a switching cost that nobody reckons with when bids are ranked is caught', (t) => {
  const sbba = mechanisms.get('sbba')!;
  const { switchingCost: _without, ...others } = MEASURED_SAFEGUARDS;
  const inner = behindSafeguards(sbba, others);
  const late: Mechanism = {
    ...sbba,
    clear(round, parameters, state) {
      const { clearing } = inner.clear(round, parameters, state);
      const fills = clearing.fills.map((fill) => ({
        ...fill,
        paymentMillicredits: fill.paymentMillicredits + 40,
      }));
      return { clearing: { ...clearing, fills }, state };
    },
  };
  t.regex(judge(late, 'individualRationality', 300).finding ?? '', /pays more than its worth/);
  t.regex(judge(late, 'incentiveCompatibility', 300).finding ?? '', /gains \d+ by/);
});
