/** The isolation service, live and simulated, is one program; what decides in between is found. */
import test from 'ava';
import { isolationRun } from './isolation-run.ts';
import { PLANTS } from './plants.ts';
import { tryIsolation } from './trial.ts';

test('a live run and its resimulation have no difference', async (t) => {
  const run = await isolationRun({ seed: 'one', commands: 200, kills: 3 });
  const { findings, counts } = tryIsolation(run);
  t.log(JSON.stringify(counts));
  t.deepEqual(findings, []);
  t.true(counts.timers > 50 && counts.outcomes > 150 && counts.witnessed > 150);
  t.is(counts.restarts, 3);
});

test('a slow disk and kills: no difference', async (t) => {
  const run = await isolationRun({ seed: 'slow', commands: 200, kills: 2, isDiskSlow: true });
  const { findings, counts } = tryIsolation(run);
  t.log(JSON.stringify(counts));
  t.deepEqual(findings, []);
});

for (const [name, { plant, said }] of PLANTS) {
  test(`found: ${name}`, async (t) => {
    const run = await isolationRun({ seed: 'plant', commands: 120, kills: 2, plant: plant() });
    const { findings } = tryIsolation(run);
    const told = findings.map(({ what }) => what);
    t.true(
      told.some((what) => said.test(what)),
      told.slice(0, 5).join('\n') || 'nothing was found',
    );
    t.log(told[0]);
  });
}
