/**
 * Every worked case with hostile values at its places, one at a time: it is solved, or refused with a
 * code and the key that is wrong, and it never takes long.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { caseKinds, solveCase } from '../../core/market/cases/registry.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { NASTY, placesOf, withValue } from '../market/support/hostile.ts';

const folder = process.env['OCX_CASES'];
const withCases = folder === undefined ? test.skip : test;
/** Places of one case that are spoilt: enough to meet every kind of entry. */
const MOST_PLACES = 50;
/** As large as an honest count may be. */
const LARGE: readonly (readonly [string, unknown])[] = [
  ['1e5', 1e5],
  ['1e9', 1e9],
  ['1e-9', 1e-9],
];

interface WorkedCase {
  readonly id: string;
  readonly mechanism: string;
  readonly input: unknown;
}

withCases('a worked case may hold anything', (t) => {
  const { cases } = JSON.parse(readFileSync(join(folder!, 'market.json'), 'utf8')) as {
    cases: readonly WorkedCase[];
  };
  const values = [...NASTY, ...LARGE].filter(([name]) => !/NaN|Infinity|undefined/.test(name));
  let refused = 0;
  let slowestMs = 0;
  for (const { id, mechanism, input } of cases) {
    if (!caseKinds.has(mechanism)) continue;
    const places = placesOf({ input });
    const stride = Math.max(1, places.length / MOST_PLACES);
    for (let at = 0; at < places.length; at += stride) {
      const place = places[Math.floor(at)]!;
      for (const [name, value] of values) {
        const spoilt = withValue({ input }, place, value) as { input: unknown };
        const start = performance.now();
        try {
          solveCase({ mechanism, input: spoilt.input });
        } catch (error) {
          const what = `${id}: ${place.join('.')} is ${name}: ${String(error)}`;
          if (!(error instanceof OcxError) || !/^INPUT_/.test(error.code)) t.fail(what);
          refused += 1;
        }
        if (name !== 'a million') slowestMs = Math.max(slowestMs, performance.now() - start);
      }
    }
  }
  t.true(refused > 1_000, `${refused} refused`);
  t.true(slowestMs < 2_000, `${slowestMs} ms`);
});
