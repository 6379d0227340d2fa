/**
 * Figure 2.1 of the prospectus: three clusters in one provider's data centre. P trusts the provider
 * and has nothing attested, Q trusts its attester and provisioner, X brings its own. The isolation
 * service is the only one that all three share.
 */
import test from 'ava';
import type { Party } from './support/deployment.ts';
import { WalkedSite } from './support/walked-site.ts';

const CLUSTERS = [
  { lessee: 'org-p', nodeId: 'n1', attester: null, provisioner: 'provisioner' },
  { lessee: 'org-q', nodeId: 'n2', attester: 'attester', provisioner: 'provisioner' },
  { lessee: 'org-x', nodeId: 'n3', attester: 'attester-x', provisioner: 'provisioner-x' },
] as const;

test.serial(
  'clusters P, Q and X run side by side, each on the services that it trusts',
  async (t) => {
    const site = new WalkedSite(t);
    const { deployment } = site;
    await site.startProvider(['n1', 'n2', 'n3'], ['attester', 'attester-x']);
    await Promise.all([
      site.startAttester('attester', 'org-a'),
      site.startAttester('attester-x', 'org-x'),
      site.startProvisioner('provisioner', 'org-a'),
      site.startProvisioner('provisioner-x', 'org-x'),
    ]);
    for (const { lessee, attester, provisioner } of CLUSTERS) {
      await site.startOrchestrator(lessee, [...(attester ? [attester] : []), provisioner]);
    }
    for (const cluster of CLUSTERS)
      await site.lease({ leaseId: `of-${cluster.lessee}`, ...cluster });
    for (const { nodeId } of CLUSTERS) await site.until(nodeId, 'active');

    t.deepEqual(
      CLUSTERS.map(({ nodeId }) => site.nodes.get(nodeId)!.answers),
      [0, 1, 1],
      'who asks for no attestation has none',
    );
    // Each tenant is in a network of its own.
    const networks = await Promise.all(
      CLUSTERS.map(async ({ nodeId }) => {
        const { nics } = (await site.node(nodeId)) as {
          nics: readonly { attachments: readonly { networkId: number }[] }[];
        };
        return nics.flatMap(({ attachments }) => attachments.map(({ networkId }) => networkId));
      }),
    );
    t.true(networks.every((own) => own.length === 1));
    t.is(new Set(networks.flat()).size, 3);

    // The provider's services have heard nothing of X's lease, nor X's of the others'.
    const leasesAt = async (service: string, list: string) => {
      const answer = await deployment.done('operator', service, `GET /${list}`);
      return (answer[list] as readonly { leaseId: string }[]).map(({ leaseId }) => leaseId).sort();
    };
    t.deepEqual(await leasesAt('attester', 'attestations'), ['of-org-q']);
    t.deepEqual(await leasesAt('attester-x', 'attestations'), ['of-org-x']);
    const sessionsOf = async (service: string, parties: readonly Party[]) => {
      const lists = await Promise.all(
        parties.map((party) => deployment.done(party, service, 'GET /sessions')),
      );
      return lists.map(({ sessions }) => (sessions as readonly unknown[]).length);
    };
    t.deepEqual(await sessionsOf('provisioner', ['org-p', 'org-q', 'org-x']), [1, 1, 0]);
    t.deepEqual(await sessionsOf('provisioner-x', ['org-p', 'org-q', 'org-x']), [0, 0, 1]);

    // The provider's attester has no say about X's node, whatever it reports.
    const lie = { bootCount: 1, verdict: 'rejected', validUntilMs: Date.now() };
    const report = 'POST /leases/of-org-x/nodes/n3/attestation';
    t.true((await deployment.call('attester', 'isolation', report, lie)).status >= 400);
    t.is((await site.node('n3'))['state'], 'active');

    // Nor does anybody but X have its node attested, at whatever attester.
    const asked = { fencingToken: 99, bootCount: 99, policyId: 'policy' };
    const at = (service: string) => deployment.call('org-p', service, report, asked);
    t.like(await at('attester-x'), { status: 403, value: { code: 'DENIED_LEASE' } });
    t.like(
      await at('attester'),
      { status: 503 },
      'it is told nothing of a lease of another attester',
    );

    // Everything but the isolation service and its devices dies: P's and Q's nodes go back all the same.
    for (const name of ['attester', 'attester-x', 'provisioner', 'provisioner-x', 'airlock']) {
      await deployment.kill(name);
    }
    for (const { lessee } of CLUSTERS) {
      await deployment.kill(`orchestrator-${lessee}`);
      await deployment.done(lessee, 'isolation', `POST /leases/of-${lessee}/return`, {});
    }
    for (const { nodeId } of CLUSTERS) await site.until(nodeId, 'free');
  },
);
