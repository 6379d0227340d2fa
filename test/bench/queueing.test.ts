import test from 'ava';
import { erlangC, waitMG1, waitMMc, waitTailMMc } from '../../bench/validation/closed-forms.ts';
import { QUEUEING_CASES, validateStation } from '../../bench/validation/queueing.ts';
import type { Waits } from '../../bench/validation/queueing.ts';
import { SERVICE_LAWS, waitsByCluster, waitsByEvents } from '../../bench/validation/stations.ts';
import { randomStream } from '../../core/kernel/random.ts';

const SIZE = { replications: 10, customers: 6_000, warmUp: 1_000 };

const near = (a: number, b: number, tolerance: number) => Math.abs(a - b) <= tolerance;

test('the closed forms have the values of their special cases', (t) => {
  // M/M/1: P(wait) = ρ, W = ρ/(μ − λ). M/M/2: P(wait) = 2ρ²/(1 + ρ).
  t.true(near(erlangC(1, 0.8), 0.8, 1e-12));
  t.true(near(waitMMc(0.8, 1, 1), 4, 1e-12));
  t.true(near(erlangC(2, 1.6), (2 * 0.64) / 1.8, 1e-12));
  t.true(near(waitMMc(0.8, 1, 1), waitMG1(0.8, 1, 2), 1e-12));
  t.true(near(waitMG1(0.8, 1, 1), 2, 1e-12));
  t.true(near(waitTailMMc(0.8, 1, 1, 0), 0.8, 1e-12));
  // By the definition: c servers, load a: (aᶜ/c!)(c/(c − a)) over itself plus the terms below c.
  const [a, c] = [6, 8];
  let term = 1;
  let below = 0;
  for (let k = 0; k < c; k++) {
    below += term;
    term *= a / (k + 1);
  }
  const last = (term * c) / (c - a);
  t.true(near(erlangC(c, a), last / (below + last), 1e-12));
});

test('the laws of service have the mean 1 and the second moment that the theory is given', (t) => {
  for (const law of Object.values(SERVICE_LAWS)) {
    const random = randomStream({ seed: 5, replication: 0, entity: 'law', purpose: law.name });
    let sum = 0;
    let squares = 0;
    const draws = 100_000;
    for (let i = 0; i < draws; i++) {
      const value = law.draw(random);
      sum += value;
      squares += value * value;
    }
    t.true(near(sum / draws, 1, 0.02), law.name);
    t.true(near(squares / draws / law.secondMoment, 1, 0.04), law.name);
  }
});

for (const station of QUEUEING_CASES.filter(({ servers }) => servers < 64)) {
  test(`${station.name} at ${station.utilisation}, ${station.law.name}, waits as theory says`, (t) => {
    const { deviation, differentWaits, simulated, theory } = validateStation(station, SIZE);
    t.is(differentWaits, 0);
    t.true(Math.abs(deviation) < 4, `${deviation} standard errors`);
    t.true(Math.abs(simulated.mean / theory - 1) < 0.2, `${simulated.mean} instead of ${theory}`);
  });
}

test('planted mistakes are found: a server too many, services a tenth too short', (t) => {
  const station = QUEUEING_CASES.find(({ name }) => name === 'M/M/2')!;
  const tooMany: Waits = (customers, servers) => waitsByCluster(customers, servers + 1);
  const shortened: Waits = (customers, servers) =>
    waitsByEvents(
      { ...customers, serviceMs: customers.serviceMs.map((ms) => Math.max(1, ms * 0.9)) },
      servers,
    );
  for (const planted of [tooMany, shortened]) {
    const result = validateStation(station, SIZE, planted);
    t.true(result.differentWaits > 0);
    t.true(Math.abs(result.deviation) > 4, `${result.deviation}`);
  }
});
