/** What one run needs: the resolved scenario, one replication's demand, and the ports. */
import type { Strategy } from '../../core/agents/agent.ts';
import type { Demand } from '../../core/demand/demand.ts';
import { DAY_MS, MINUTE_MS } from '../../core/kernel/units.ts';
import type { NodeProperties } from '../../core/market/constraints/properties.ts';
import type { Mechanism } from '../../core/market/mechanism.ts';
import type { MarketRound, SecurityLevel } from '../../core/market/orders.ts';
import type { MeasuredWindow } from '../clusters/window.ts';
import type { Hardware } from '../experiment/hardware-search.ts';
import type { NodeClass, Organisation, Scenario } from '../scenario/schema.ts';
import type { EventObserver } from './bus.ts';
import type { Calibration } from '../hardware/calibration/calibration.ts';

export interface RunSetup {
  readonly variant: string;
  readonly scenario: Scenario;
  readonly replication: number;
  /** By organisation. */
  readonly demand: ReadonlyMap<string, Demand>;
  /** Nodes by organisation and class; the scenario's own unless a search says otherwise. */
  readonly hardware: Hardware;
  readonly ports: RunPorts;
}

export interface RunPorts {
  readonly mechanism: Mechanism;
  readonly strategies: ReadonlyMap<string, Strategy>;
  readonly calibration: Calibration;
  /** Upper bound on a round's welfare, millicredits; null where no rounds are sampled. */
  readonly bound: ((round: MarketRound) => number) | null;
  readonly observe: EventObserver | null;
  /** False where nobody looks at the history's digest; it then holds the outcomes alone. */
  readonly digests?: boolean;
}

export function measuredWindow(scenario: Scenario): MeasuredWindow {
  return {
    startMs: Math.round(scenario.warmUpDays * DAY_MS),
    endMs: Math.round(scenario.horizonDays * DAY_MS),
  };
}

export function slotMs(scenario: Scenario): number {
  return Math.round(scenario.slotMinutes * MINUTE_MS);
}

export function installedHardware(scenario: Scenario): Hardware {
  return Object.fromEntries(scenario.organisation.map(({ name, nodes }) => [name, { ...nodes }]));
}

export function totalNodes(nodes: Readonly<Record<string, number>>): number {
  return Object.values(nodes).reduce((sum, count) => sum + count, 0);
}

/** Without a TPM nothing can be proved. */
export function classSecurity(nodeClass: NodeClass): SecurityLevel {
  return nodeClass.tpm ? 'full' : 'none';
}

/** What an ask says about nodes of a class. */
export function classProperties(nodeClass: NodeClass): NodeProperties {
  const { cores, memoryGiB, firmware, tpm } = nodeClass;
  return { cores, memoryGiB, firmware, tpm };
}

/** What borrowed nodes must prove under this variant. */
export function neededSecurity(scenario: Scenario, organisation: Organisation): SecurityLevel {
  return scenario.provisioning.attestation ? organisation.securityLevel : 'none';
}

/** Classes that an organisation may run on: those that prove enough, plain ones first. */
export function usableClasses(scenario: Scenario, level: SecurityLevel): string[] {
  return scenario.nodeClass
    .filter((nodeClass) => level === 'none' || nodeClass.tpm)
    .sort((a, b) => Number(a.tpm) - Number(b.tpm) || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

/** Credits for an hour of a node, by class. */
export function classCosts(scenario: Scenario): Record<string, number> {
  return Object.fromEntries(scenario.nodeClass.map(({ name, costPerHour }) => [name, costPerHour]));
}

/** So many hours of every owned node at its cost: how endowments are measured. */
export function nodeHoursAtCostMillicredits(
  scenario: Scenario,
  nodes: Readonly<Record<string, number>>,
  hours: number,
): number {
  const costs = classCosts(scenario);
  const hourly = Object.entries(nodes).reduce(
    (sum, [nodeClass, count]) => sum + count * (costs[nodeClass] ?? 0),
    0,
  );
  return Math.round(hourly * hours * 1000);
}

/** Work that is not resolved so long after the end never will be. */
export const ROUND_SETTLE_LIMIT_MS = 60 * DAY_MS;
