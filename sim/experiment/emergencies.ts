/**
 * The emergencies of a hardware search: every replication has one of the size that the government
 * cluster is built for at a random time, and one at the joint peak of the others. Hardware that
 * is only enough while nothing happens is not enough.
 */
import type { Demand, Emergency } from '../../core/demand/demand.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { DAY_MS, HOUR_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { HourlyNodeTime } from '../clusters/window.ts';
import type { MeasuredWindow } from '../clusters/window.ts';
import type { Organisation, Scenario } from '../scenario/schema.ts';
import { measuredWindow } from '../world/setup.ts';

/** How long an injected emergency lasts at most; shorter where the workload's own are. */
const DEFAULT_DURATION_MS = DAY_MS;

/** Set-up and recall of one emergency are over before the next one is put in. */
const GAP_MS = 2 * DAY_MS;

export function withSearchEmergencies(
  scenario: Scenario,
  replication: number,
  demand: ReadonlyMap<string, Demand>,
): Map<string, Demand> {
  const changed = new Map(demand);
  for (const organisation of scenario.organisation) {
    const own = demand.get(organisation.name)!;
    if (own.kind !== 'government') continue;
    const nodes = builtFor(scenario, organisation, own.needs.nodes);
    if (nodes <= 0) continue;
    const emergencies = inject(scenario, replication, organisation, own.emergencies, nodes, demand);
    changed.set(organisation.name, { ...own, emergencies });
  }
  return changed;
}

/** Nodes of a class that can prove the organisation's level, less what it needs anyway. */
function builtFor(scenario: Scenario, organisation: Organisation, needs: Float64Array): number {
  const capable = scenario.nodeClass
    .filter(({ tpm }) => tpm || organisation.securityLevel === 'none')
    .reduce((sum, { name }) => sum + (organisation.nodes[name] ?? 0), 0);
  return capable - needs.reduce((most, nodes) => Math.max(most, nodes), 0);
}

function inject(
  scenario: Scenario,
  replication: number,
  organisation: Organisation,
  own: readonly Emergency[],
  nodes: number,
  demand: ReadonlyMap<string, Demand>,
): Emergency[] {
  const window = measuredWindow(scenario);
  const durationMs = Math.min(
    ...[DEFAULT_DURATION_MS, ...own.map((emergency) => emergency.durationMs)],
  );
  const latestMs = window.endMs - durationMs;
  const stream = randomStream({
    seed: scenario.seed,
    replication,
    entity: organisation.name,
    purpose: 'injected emergency',
  });
  const randomMs =
    window.startMs + Math.floor(stream.uniform() * Math.max(0, latestMs - window.startMs));
  const peakMs = Math.min(latestMs, jointPeakMs(window, organisation.name, demand));
  const put = (startMs: TimeMs, name: string): Emergency => ({
    emergencyId: name,
    startMs,
    durationMs,
    nodes,
    injected: true,
    weight: 1,
  });
  const isThere = own.some(
    (emergency) =>
      emergency.nodes >= nodes &&
      emergency.startMs >= window.startMs &&
      emergency.startMs < latestMs,
  );
  const random = isThere ? [] : [put(randomMs, 'random')];
  const all: Emergency[] = [];
  // The joint peak comes first: what gets in its way is left out.
  for (const emergency of [put(peakMs, 'joint-peak'), ...own, ...random]) {
    const apart = all.every(
      (other) =>
        emergency.startMs >= other.startMs + other.durationMs + GAP_MS ||
        other.startMs >= emergency.startMs + emergency.durationMs + GAP_MS,
    );
    if (apart && emergency.nodes <= nodes) all.push(emergency);
  }
  return all.sort((a, b) => a.startMs - b.startMs);
}

/** Hour of the measured window in which the others together need most nodes. */
function jointPeakMs(
  window: MeasuredWindow,
  organisation: string,
  demand: ReadonlyMap<string, Demand>,
): TimeMs {
  const total = new HourlyNodeTime(window);
  for (const [name, other] of demand) if (name !== organisation) addNeed(total, other, window);
  let peak = 0;
  for (let hour = 1; hour < total.hours.length; hour++) {
    if (total.hours[hour]! > total.hours[peak]!) peak = hour;
  }
  return window.startMs + peak * HOUR_MS;
}

/** Nodes needed over time if everything could start at once. */
function addNeed(total: HourlyNodeTime, demand: Demand, window: MeasuredWindow): void {
  switch (demand.kind) {
    case 'batch': {
      const { jobs } = demand;
      for (let job = 0; job < jobs.count; job++) {
        const startMs = jobs.submitSeconds[job]! * 1000;
        total.add(startMs, startMs + jobs.runSeconds[job]! * 1000, jobs.processors[job]!);
      }
      return;
    }
    case 'testbed':
      for (const { releaseMs, durationMs, nodes } of demand.experiments) {
        total.add(releaseMs, releaseMs + durationMs, nodes);
      }
      return;
    default: {
      const { timeMs, nodes } = demand.needs;
      for (let i = 0; i < timeMs.length; i++) {
        total.add(timeMs[i]!, i + 1 < timeMs.length ? timeMs[i + 1]! : window.endMs, nodes[i]!);
      }
    }
  }
}
