/**
 * Four services in processes of their own, two organisations that trade and use each other's nodes for
 * a while, kill -9 in between: what they leave behind is replayed, and run once more in the simulator.
 */
import test from 'ava';
import seedrandom from 'seedrandom';
import { runCli, temporaryFolder } from '../cli/run.ts';
import { Traders } from './support/traders.ts';
import { ORGANISATIONS, ROLES, TradingProcesses } from './support/trading-processes.ts';

const KILLS = 5;
const PAUSE_MS = 4_000;

interface Said {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly instances: readonly { readonly instance: string; readonly events: number }[];
  readonly findings: readonly unknown[];
}

test('five services trade and are killed, live and simulated: 0 differences', async (t) => {
  const folder = temporaryFolder(t);
  const site = new TradingProcesses(t, folder);
  for (const role of ROLES) await site.start(role);
  await site.startOrchestrators();
  const traders = new Traders(site, 'one-program');
  await traders.prepare();
  traders.trade();
  const random = seedrandom.alea('kills');
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(PAUSE_MS * (0.6 + random()));
    const role = ROLES[Math.floor(random() * ROLES.length)]!;
    await site.kill(role);
    await pause(1_500 * random());
    await site.start(role);
  }
  await pause(PAUSE_MS);
  await traders.stop();
  // What is under way comes to its end.
  await pause(6_500);
  await site.stop();

  const stores = [...ROLES, ...ORGANISATIONS].map((name) => `sqlite:${name}.db`);
  const audit = (...line: string[]) =>
    runCli(['journal', ...line, '--json'], { workingDirectory: folder });
  t.is((await audit('replay', ...stores)).exitCode, 0);
  const logs = [...ROLES, ...ORGANISATIONS].flatMap((name) => {
    return ['--effects', `effects/${name}.effects.jsonl`];
  });
  const result = await audit('resimulate', ...stores, ...logs);
  const said = JSON.parse(result.stdout) as Said;
  t.log(`${traders.planned} leases: ${JSON.stringify(said.counts)}`);
  t.log(said.instances.map(({ instance, events }) => `${instance} ${events}`).join(', '));
  t.deepEqual(said.findings, []);
  t.is(result.exitCode, 0, result.stderr);
  t.is(said.counts['restarts'], KILLS);
  t.true(said.counts['messages']! > 200, 'they talked');
  t.true(traders.planned > 3, 'they traded');
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
