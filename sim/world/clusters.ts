/** From a scenario's organisation and its demand to its cluster. */
import { OcxError } from '../../core/kernel/errors.ts';
import { BatchOwner } from '../clusters/batch-owner.ts';
import { CloudCluster } from '../clusters/cloud.ts';
import type { Cluster } from '../clusters/cluster.ts';
import { GovernmentCluster } from '../clusters/government.ts';
import { TestbedCluster } from '../clusters/testbed.ts';
import { provisioningSeconds } from '../hardware/provisioning-time.ts';
import type { Organisation } from '../scenario/schema.ts';
import { classCosts, measuredWindow, neededSecurity, usableClasses } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { profileOf } from './site.ts';

export function clusterOf(setup: RunSetup, organisation: Organisation): Cluster {
  const { scenario } = setup;
  const demand = setup.demand.get(organisation.name)!;
  const securityLevel = neededSecurity(scenario, organisation);
  const common = {
    organisation: organisation.name,
    nodes: setup.hardware[organisation.name]!,
    nodeClasses: usableClasses(scenario, securityLevel),
    classCostPerHour: classCosts(scenario),
    securityLevel,
    valuation: organisation.valuation,
    policy: organisation.policy,
    window: measuredWindow(scenario),
  };
  switch (demand.kind) {
    case 'batch':
      return new BatchOwner({
        ...common,
        kind: organisation.kind === 'htc' ? 'htc' : 'hpc',
        jobs: demand.jobs,
        scheduler: organisation.scheduler,
        ...(organisation.priority === undefined ? {} : { priority: organisation.priority }),
        seed: scenario.seed,
        replication: setup.replication,
      });
    case 'cloud':
      return new CloudCluster({ ...common, needs: demand.needs });
    case 'testbed':
      return new TestbedCluster({ ...common, experiments: demand.experiments });
    case 'government':
      return new GovernmentCluster({
        ...common,
        needs: demand.needs,
        emergencies: demand.emergencies,
        // Its own site is as it left it: a reserve proves its level in every variant.
        nodeClasses: usableClasses(scenario, organisation.securityLevel),
        ownSetupMs: ownSetupMs(setup, organisation),
      });
    default:
      throw new OcxError({ code: 'INVARIANT_VIOLATED', message: 'no such kind of demand' });
  }
}

/** An own node is attested and booted from the network as a borrowed one, but needs no hand-over. */
function ownSetupMs(setup: RunSetup, organisation: Organisation): number {
  const firmwares = [...new Set(setup.scenario.nodeClass.map(({ firmware }) => firmware))];
  const seconds = firmwares.map((firmware) =>
    provisioningSeconds({
      profile: profileOf(setup),
      firmware,
      securityLevel: organisation.securityLevel,
      method: 'diskless',
    }),
  );
  return Math.round(Math.max(...seconds) * 1000);
}
