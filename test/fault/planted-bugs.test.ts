import test from 'ava';
import { runFaultSeed } from '../../sim/fault/fault-seed.ts';
import type { Violation } from '../../sim/fault/checker.ts';
import type { Mutant } from '../../sim/fault/mutants.ts';

/** A bug that is not found within so many seeds counts as not found. */
const SEEDS = 300;

/** The first seed that shows the bug, by a violation that harms somebody. */
function firstSeed(mutant: Mutant, harms: (violation: Violation) => boolean): number | null {
  for (let seed = 1; seed <= SEEDS; seed++) {
    if (runFaultSeed(seed, { mutant }).violations.some(harms)) return seed;
  }
  return null;
}

const ofFreeNode = ({ invariant }: Violation) =>
  invariant.startsWith('a free node') || invariant === 'organisations share no network';

test('planted bug: devices that do not fence leave free nodes open, and it is found', (t) => {
  const seed = firstSeed('no-fencing', ofFreeNode);
  t.log(`found by seed ${seed}`);
  t.not(seed, null);
});

test('planted bug: a service that frees on error leaves free nodes open, and it is found', (t) => {
  const seed = firstSeed('free-on-error', ofFreeNode);
  t.log(`found by seed ${seed}`);
  t.not(seed, null);
});

test('planted bug: an attester that skips the quote on a retry trusts blindly, and it is found', (t) => {
  const seed = firstSeed(
    'attest-skipped-on-retry',
    ({ invariant, detail }) =>
      invariant === 'a trusted verdict needs a genuine quote' && detail.includes('of lease'),
  );
  t.log(`found by seed ${seed}`);
  t.not(seed, null);
});

test('without a planted bug the same seeds show nothing', (t) => {
  for (let seed = 1; seed <= 50; seed++) t.deepEqual(runFaultSeed(seed).violations, []);
});
