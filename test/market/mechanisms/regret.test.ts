import test from 'ava';
import { combinatorialVcg } from '../../../core/market/mechanisms/combinatorial-vcg.ts';
import { exchangeThreshold } from '../../../core/market/mechanisms/exchange-threshold.ts';
import { measureRegret, payAsBidExchange } from '../support/regret.ts';

test('the threshold rule leaves little to gain in exchanges of four and four traders', (t) => {
  const { rounds, mean, largest } = measureRegret(exchangeThreshold);
  t.is(rounds, 42);
  t.true(mean <= 0.06, `mean ${mean}`);
  t.true(largest <= 0.2, `largest ${largest}`);
});

test('nothing can be gained under Clarke`s payments, much where everybody pays the own bid', (t) => {
  t.is(measureRegret(combinatorialVcg).largest, 0);
  const { mean } = measureRegret(payAsBidExchange);
  t.true(mean > 0.15, `mean ${mean}`);
});
