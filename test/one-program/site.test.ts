/** All services, live and simulated, are one program; links that decide something are found. */
import test from 'ava';
import { LINK_PLANTS } from './link-plants.ts';
import { siteRun } from './site-run.ts';
import { trySite } from './trial.ts';

test('two organisations trade while processes are killed: 0 differences', async (t) => {
  const remains = await siteRun({ seed: 'one', minutes: 120, kills: 8 });
  const { findings, counts } = trySite(remains);
  t.log(JSON.stringify(counts));
  t.deepEqual(findings, []);
  t.true(counts.messages > 200 && counts.timers > 40 && counts.witnessed > 150);
  t.is(counts.restarts, 8);
});

test('found: a façade that turns away whom it should let in', async (t) => {
  const remains = await siteRun({ seed: 'links', minutes: 60, kills: 0, turnsAway: true });
  const told = trySite(remains).findings.map(({ what }) => what);
  t.true(
    told.some((what) => /DENIED_LEASE/.test(what)),
    told.slice(0, 3).join('\n'),
  );
});

for (const [name, { plants, said }] of LINK_PLANTS) {
  test(`found: ${name}`, async (t) => {
    const remains = await siteRun({ seed: 'links', minutes: 60, kills: 1, plants: plants() });
    const told = trySite(remains).findings.map(({ what }) => what);
    t.true(
      told.some((what) => said.test(what)),
      told.slice(0, 5).join('\n') || 'nothing was found',
    );
    t.log(told[0]?.slice(0, 160));
  });
}
