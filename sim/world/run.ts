/** One run: one replication of one variant, from its demand to what it leaves behind. */
import { Digest } from '../../core/kernel/digest.ts';
import { joinWindows } from '../../core/metrics/bounds.ts';
import type { MarketOutcome, OrganisationOutcome, RunOutcome } from '../../core/metrics/outcome.ts';
import type { ClusterOutcome } from '../clusters/cluster.ts';
import { HourlyNodeTime } from '../clusters/window.ts';
import type { Organisation } from '../scenario/schema.ts';
import { runAlone } from './alone.ts';
import type { Member } from './member.ts';
import { measuredWindow, totalNodes } from './setup.ts';
import type { RunSetup } from './setup.ts';
import { MarketWorld } from './world.ts';

export function run(setup: RunSetup): RunOutcome {
  return setup.scenario.market.mechanism === 'static' ? runStatic(setup) : runMarket(setup);
}

function runStatic(setup: RunSetup): RunOutcome {
  const { scenario } = setup;
  const nothing = new HourlyNodeTime(measuredWindow(scenario)).hours;
  const outcomes = scenario.organisation.map((organisation) => runAlone(setup, organisation));
  const organisations = outcomes.map((outcome, index): OrganisationOutcome => {
    const organisation = scenario.organisation[index]!;
    return {
      ...figuresOf(setup, organisation, outcome),
      netMillicredits: 0,
      borrowedNodeMs: 0,
      lentNodeMs: 0,
      idleNodeRounds: 0,
      offeredNodeRounds: 0,
      offeredNodeMs: 0,
      movedNodeMs: 0,
      timeToOffer: [],
      lentHours: nothing,
      borrowedHours: nothing,
    };
  });
  return finish(setup, organisations, outcomes, null, new Digest(), {
    events: 0,
    resolvedMs: measuredWindow(scenario).endMs,
    invariantViolations: [],
    ledgerImbalanceMillicredits: 0,
  });
}

function runMarket(setup: RunSetup): RunOutcome {
  const world = new MarketWorld(setup);
  world.start();
  return outcomeOf(setup, world);
}

/** Lets a world that was started or restored go on to its end. */
export function outcomeOf(setup: RunSetup, world: MarketWorld): RunOutcome {
  world.runUntil(Infinity);
  world.finish();
  const outcomes = world.members.map(({ cluster }) => cluster.outcome());
  const organisations = world.members.map((member, index) =>
    memberOutcome(setup, member, outcomes[index]!, world),
  );
  return finish(setup, organisations, outcomes, world.marketOutcome(), world.digest, {
    events: world.events,
    resolvedMs: Math.max(measuredWindow(setup.scenario).endMs, world.nowMs),
    invariantViolations: world.violations,
    ledgerImbalanceMillicredits: world.ledgerImbalance(),
  });
}

function memberOutcome(
  setup: RunSetup,
  member: Member,
  outcome: ClusterOutcome,
  world: MarketWorld,
): OrganisationOutcome {
  member.lent.change(0, world.nowMs);
  member.borrowed.change(0, world.nowMs);
  return {
    ...figuresOf(setup, member.organisation, outcome),
    netMillicredits: world.netMillicredits(member.name),
    borrowedNodeMs: member.borrowed.hours.total(),
    lentNodeMs: member.lent.hours.total(),
    idleNodeRounds: member.idleNodeRounds,
    offeredNodeRounds: member.offeredNodeRounds,
    offeredNodeMs: member.offeredNodeMs,
    movedNodeMs: member.movedNodeMs,
    timeToOffer: member.timeToOffer.histogram(),
    lentHours: member.lent.hours.hours,
    borrowedHours: member.borrowed.hours.hours,
  };
}

function figuresOf(setup: RunSetup, organisation: Organisation, outcome: ClusterOutcome) {
  return {
    name: organisation.name,
    kind: organisation.kind,
    installedNodes: totalNodes(setup.hardware[organisation.name]!),
    securityLevel: organisation.securityLevel,
    demandNodeMs: outcome.demandNodeMs,
    metNodeMs: outcome.metNodeMs,
    valueMillicredits: outcome.valueMillicredits,
    lostNodeMs: outcome.lostNodeMs,
    ownMeasures: outcome.ownMeasures,
    demandHours: outcome.demandHours,
    busyHours: outcome.busyHours,
    jobs: setup.replication === 0 ? (outcome.jobs ?? null) : null,
  };
}

function finish(
  setup: RunSetup,
  organisations: readonly OrganisationOutcome[],
  outcomes: readonly ClusterOutcome[],
  market: MarketOutcome | null,
  digest: Digest,
  rest: Pick<
    RunOutcome,
    'events' | 'resolvedMs' | 'invariantViolations' | 'ledgerImbalanceMillicredits'
  >,
): RunOutcome {
  const met = joinWindows(outcomes.map((outcome) => outcome.met));
  for (const { demandNodeMs, metNodeMs, valueMillicredits } of organisations) {
    digest.add([demandNodeMs, metNodeMs, valueMillicredits]);
  }
  return {
    variant: setup.variant,
    replication: setup.replication,
    organisations,
    demand: joinWindows(outcomes.map((outcome) => outcome.demand)),
    met,
    market,
    digest: digest.toString(),
    ...rest,
  };
}
