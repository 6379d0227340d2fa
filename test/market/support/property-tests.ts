/** Registers one test a claim, for the long runs; `npm test` has its own in conformance.test.ts. */
import type { TestFn } from 'ava';
import type { ClaimedProperty } from '../../../core/market/mechanism.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { claimedProperties, judge, RUNS, SAFEGUARDED_PROPERTIES } from './conformance-suite.ts';

/** Every mechanism's claims on the properties named. */
export function testClaims(test: TestFn, properties: readonly ClaimedProperty[]): void {
  for (const [name, mechanism] of mechanisms) {
    for (const property of claimedProperties(mechanism)) {
      if (!properties.includes(property)) continue;
      const claim = `${property} ${mechanism.properties[property]}`;
      test(`${name} keeps its claim on ${RUNS} markets: ${claim}`, (t) => {
        t.is(judge(mechanism, property).finding, null);
      });
    }
  }
}

/** The claims that must hold behind a market's safeguards too. */
export function testSafeguardedClaims(test: TestFn): void {
  for (const [name, mechanism] of mechanisms) {
    for (const property of claimedProperties(mechanism)) {
      if (!SAFEGUARDED_PROPERTIES.includes(property)) continue;
      test(`${name} keeps its ${property} with safeguards on, on ${RUNS} markets`, (t) => {
        t.is(judge(mechanism, property, RUNS, undefined, true).finding, null);
      });
    }
  }
}
