/** The walk of a lease over HTTP alone, each service in a process of its own. */
import test from 'ava';
import { profileEvents } from '../backends/tpm/made-log.ts';
import { runCli } from '../cli/run.ts';
import { becomes } from './support/deployment.ts';
import { WalkedSite } from './support/walked-site.ts';

/** Process → its journal. */
const JOURNALS = [
  ['isolation', 'isolation'],
  ['attester', 'attestation'],
  ['provisioner', 'provisioning'],
  ['orchestrator-org-q', 'orchestrator'],
] as const;

test.serial(
  'a node is handed over, attested, provisioned, used, returned and free again',
  async (t) => {
    const site = new WalkedSite(t);
    const { deployment } = site;
    await site.startProvider(['n1'], ['attester']);
    await site.startAttester('attester', 'org-q');
    await site.startProvisioner('provisioner', 'org-a');
    await site.startOrchestrator('org-q', ['attester', 'provisioner']);
    const lease = { leaseId: 'l1', lessee: 'org-q', nodeId: 'n1' } as const;
    const startMs = performance.now();
    await site.lease({ ...lease, attester: 'attester', provisioner: 'provisioner' });
    await site.until('n1', 'active');
    t.log(`handover to active: ${Math.round(performance.now() - startMs)} ms`);
    const { answers } = site.nodes.get('n1')!;
    t.is(answers, 1, 'one quote was asked for and given');
    t.like(await deployment.done('org-q', 'attester', 'GET /leases/l1/nodes/n1/attestation'), {
      verdict: 'trusted',
    });
    const { sessions } = await deployment.done('org-q', 'provisioner', 'GET /sessions');
    t.is((sessions as readonly unknown[]).length, 1);
    await deployment.done('org-q', 'isolation', 'POST /leases/l1/return', {});
    await site.until('n1', 'free');
    t.false(site.nodes.get('n1')!.isOn());
    const isForgotten = await becomes(async () => {
      const { attestations } = await deployment.done('operator', 'attester', 'GET /attestations');
      const { disks } = await deployment.done('org-q', 'provisioner', 'GET /disks');
      return (attestations as unknown[]).length === 0 && (disks as unknown[]).length === 0;
    });
    t.true(isForgotten, 'nobody keeps anything of the lease');
    for (const [name, journal] of JOURNALS) {
      await deployment.kill(name);
      const replay = ['journal', 'replay', `sqlite:${name}.db#${journal}`];
      const replayed = await runCli(replay, { workingDirectory: deployment.folder });
      t.is(replayed.exitCode, 0, `${name}: ${replayed.stderr}`);
    }
  },
);

test.serial('a bad quote of a node in use shuts its ports within 3 s', async (t) => {
  const site = new WalkedSite(t);
  const { deployment } = site;
  await site.startProvider(['n1', 'n2'], ['attester']);
  await site.startAttester('attester', 'org-q', {
    ...{ reattestIntervalMs: 500, quoteDeadlineMs: 5_000, freshnessMs: 30_000 },
  });
  await site.startProvisioner('provisioner', 'org-a');
  await site.startOrchestrator('org-q', ['attester', 'provisioner']);
  for (const nodeId of ['n1', 'n2']) {
    const lease = { leaseId: `l-${nodeId}`, lessee: 'org-q', nodeId } as const;
    await site.lease({ ...lease, attester: 'attester', provisioner: 'provisioner' });
  }
  for (const nodeId of ['n1', 'n2']) await site.until(nodeId, 'active');
  const node = site.nodes.get('n1')!;
  const before = node.answers;
  t.true(await becomes(() => node.answers > before + 1), 'it is attested again and again');
  t.is((await site.node('n1'))['state'], 'active');
  // From here on its TPM signs that something else was measured.
  node.tpm.events = profileEvents('aa:bb', 'kernel 6.2');
  const answered = node.answers;
  t.true(await becomes(() => node.answers > answered));
  const badMs = node.answeredAtMs;
  const isShut = await becomes(async () => {
    const { nics } = (await site.node('n1')) as { nics: readonly { attachments: unknown[] }[] };
    return nics.every(({ attachments }) => attachments.length === 0);
  }, 10_000);
  const tookMs = performance.now() - badMs;
  t.true(isShut);
  t.log(`bad quote to ports shut and read back: ${Math.round(tookMs)} ms`);
  t.true(tookMs < 3_000);
  await site.until('n1', 'rejected');
  t.is((await site.node('n2'))['state'], 'active', 'the other one goes on');
  t.true(deployment.isRunning('isolation'));
});
