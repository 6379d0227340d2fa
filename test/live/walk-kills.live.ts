/**
 * Services killed at any moment of leases' walks: each walk is completed all the same. And with all
 * of them dead but the isolation service, a lease that expires is taken back.
 */
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import seedrandom from 'seedrandom';
import { missingServers } from './support/disks.ts';
import { startWalkedSite, WALKED_SERVICES } from './support/walked-site.ts';

/** A walk to `active` takes about 0.7 s where nothing is killed, and the way back about 1.5 s. */
const LATEST_KILL_MS = { out: 700, back: 1_500 };
const DOWN_MS = 300;

const missing = missingServers();
const live = missing === null ? test.serial : test.serial.skip;

live('whichever service is killed, and whenever, both nodes’ walks are completed', async (t) => {
  const site = await startWalkedSite(t, ['n1', 'n2']);
  const { deployment } = site;
  const random = seedrandom.alea('walk-kills');
  /** Kills and starts again; says what the nodes were in. */
  const killed = async (victim: (typeof WALKED_SERVICES)[number], latestMs: number) => {
    await pause(Math.floor(random() * latestMs));
    const states = await Promise.all(
      ['n1', 'n2'].map(async (nodeId) => String((await site.node(nodeId))['state'])),
    );
    await deployment.kill(victim);
    await pause(DOWN_MS);
    if (victim === 'airlock') await site.startAirlock();
    else await deployment.restart(victim);
    return states.join(' and ');
  };
  for (const [round, victim] of WALKED_SERVICES.entries()) {
    const leaseIds = ['n1', 'n2'].map((nodeId) => `l${round}-${nodeId}`);
    for (const [index, nodeId] of ['n1', 'n2'].entries()) {
      const lease = { leaseId: leaseIds[index]!, lessee: 'org-q', nodeId } as const;
      await site.lease({ ...lease, attester: 'attester', provisioner: 'provisioner' });
    }
    const out = await killed(victim, LATEST_KILL_MS.out);
    for (const nodeId of ['n1', 'n2']) await site.until(nodeId, 'active');
    for (const leaseId of leaseIds) {
      await deployment.done('org-q', 'isolation', `POST /leases/${leaseId}/return`, {});
    }
    const back = await killed(victim, LATEST_KILL_MS.back);
    for (const nodeId of ['n1', 'n2']) await site.until(nodeId, 'free');
    t.log(`${victim} killed with the nodes ${out}, and again ${back}`);
    t.deepEqual(
      [...site.nodes.values()].map((node) => node.isOn()),
      [false, false],
    );
  }
});

live('a lease that expires while everything else is dead is taken back', async (t) => {
  const site = await startWalkedSite(t, ['n1', 'n2']);
  const { deployment } = site;
  const lastsMs = 15_000;
  for (const nodeId of ['n1', 'n2']) {
    const lease = { leaseId: `l-${nodeId}`, lessee: 'org-q', nodeId, lastsMs } as const;
    await site.lease({ ...lease, attester: 'attester', provisioner: 'provisioner' });
    // The second one's walk is cut short.
    if (nodeId === 'n1') await site.until(nodeId, 'active');
  }
  for (const name of WALKED_SERVICES) if (name !== 'isolation') await deployment.kill(name);
  await site.until('n1', 'free');
  await site.until('n2', 'free');
  t.false(site.nodes.get('n1')!.isOn());
  t.false(site.nodes.get('n2')!.isOn());
  // They come back to a lease that is over, and let go of what they had of it.
  for (const name of ['attester', 'provisioner', 'orchestrator-org-q']) {
    await deployment.restart(name);
  }
  for (let turn = 0; turn < 400; turn++) {
    const { attestations } = await deployment.done('operator', 'attester', 'GET /attestations');
    const { disks } = await deployment.done('org-q', 'provisioner', 'GET /disks');
    if ((attestations as unknown[]).length === 0 && (disks as unknown[]).length === 0) break;
    await pause(50);
    t.not(turn, 399, JSON.stringify({ attestations, disks }));
  }
});
