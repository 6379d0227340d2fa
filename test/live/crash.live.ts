/** kill -9, three hundred rounds, each series of them on a store of its own. */
import test from 'ava';
import { crashRounds } from './support/crash-rounds.ts';

const ROUNDS = Number(process.env['OCX_CRASH_ROUNDS']);
const HALF = Math.ceil(ROUNDS / 2);

for (const seed of ['one', 'two']) {
  test(`${HALF} times kill -9 loses nothing, repeats nothing, gives no node away twice (${seed})`, async (t) => {
    const report = await crashRounds(HALF, seed);
    t.log(JSON.stringify(report));
    t.deepEqual(report.violations, []);
    t.is(report.rounds, HALF);
    t.true(report.acknowledged > 10 * HALF, 'the load is a load');
    t.true(report.keptUnanswered > 0, 'some were killed between the disk and the answer');
    t.true(report.unanswered > report.keptUnanswered, 'and some before the disk');
  });
}
