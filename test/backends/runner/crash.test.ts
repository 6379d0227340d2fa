/** kill -9, a few rounds; `npm run test:live` has three hundred. */
import test from 'ava';
import { crashRounds } from '../../live/support/crash-rounds.ts';

test.serial(
  'kill -9 at random moments loses nothing, repeats nothing, and gives no node away twice',
  async (t) => {
    const report = await crashRounds(4, 'quick');
    t.log(JSON.stringify(report));
    t.deepEqual(report.violations, []);
    t.is(report.rounds, 4);
    t.true(report.acknowledged > 0);
  },
);

test.serial('a planted fault is caught: an answer before its event is durable', async (t) => {
  const { violations } = await crashRounds(10, 'early', 'early-acknowledgement');
  t.true(
    violations.some((text) => text.startsWith('lost: ')),
    violations.join('\n'),
  );
});

test.serial('a planted fault is caught: an effect before its event is durable', async (t) => {
  const { violations } = await crashRounds(10, 'hasty', 'early-effect');
  t.true(
    violations.some((text) => text.startsWith('undecided: ')),
    violations.join('\n'),
  );
  t.false(
    violations.some((text) => text.startsWith('lost: ')),
    violations.join('\n'),
  );
});
