/** Small clusters for tests: one class with a TPM, one without, no costs, everything measured. */
import type { Emergency, Experiment } from '../../../core/demand/demand.ts';
import { DAY_MS, HOUR_MS } from '../../../core/kernel/units.ts';
import { CloudCluster } from '../../../sim/clusters/cloud.ts';
import { GovernmentCluster } from '../../../sim/clusters/government.ts';
import { TestbedCluster } from '../../../sim/clusters/testbed.ts';
import type { Policy, Valuation } from '../../../sim/scenario/schema.ts';

export const POLICY: Policy = {
  patienceHours: 24,
  patienceFactor: 4,
  bidAfterMinutes: 30,
  checkpointableShare: 0.5,
  headRoomShare: 0,
  scaleUpMinutes: 0,
  leaseHours: 6,
  tauMinutes: 30,
  recallNoticeMinutes: 5,
  sellsBusyNodes: true,
  sellsTwice: false,
  reshapes: false,
  emergencyNodes: 0,
  lendsFirm: false,
  acceptsRecall: true,
};

export const VALUATION: Valuation = {
  nodeHour: 2,
  spread: 0,
  penaltyNodeHour: 1,
  offHoursFactor: 1,
  urgencyFactor: 1,
};

const COMMON = {
  organisation: 'org',
  nodeClasses: ['legacy', 'standard'],
  classCostPerHour: { standard: 0.2, legacy: 0.1 },
  securityLevel: 'none',
  valuation: VALUATION,
  window: { startMs: 0, endMs: 7 * DAY_MS },
} as const;

export function series(...steps: readonly [hour: number, nodes: number][]) {
  return {
    timeMs: Float64Array.from(steps, ([hour]) => hour * HOUR_MS),
    nodes: Float64Array.from(steps, ([, nodes]) => nodes),
  };
}

export function cloud(
  needs: ReturnType<typeof series>,
  nodes: Record<string, number>,
  policy: Partial<Policy> = {},
): CloudCluster {
  return new CloudCluster({ ...COMMON, needs, nodes, policy: { ...POLICY, ...policy } });
}

export function experiment(
  experimentId: string,
  hours: { release: number; deadline: number; duration: number },
  nodes: number,
  acceptsOffHours = true,
): Experiment {
  return {
    experimentId,
    releaseMs: hours.release * HOUR_MS,
    deadlineMs: hours.deadline * HOUR_MS,
    durationMs: hours.duration * HOUR_MS,
    nodes,
    acceptsOffHours,
  };
}

export function testbed(
  experiments: readonly Experiment[],
  nodes: Record<string, number>,
): TestbedCluster {
  return new TestbedCluster({ ...COMMON, experiments, nodes, policy: POLICY });
}

export function emergency(
  emergencyId: string,
  startHour: number,
  durationHours: number,
  nodes: number,
): Emergency {
  return {
    emergencyId,
    startMs: startHour * HOUR_MS,
    durationMs: durationHours * HOUR_MS,
    nodes,
    injected: false,
    weight: 1,
  };
}

export function government(
  emergencies: readonly Emergency[],
  nodes: Record<string, number>,
  ownSetupMs = 7 * 60_000,
  needs = series([0, 0]),
): GovernmentCluster {
  return new GovernmentCluster({
    ...COMMON,
    nodeClasses: ['standard'],
    securityLevel: 'full',
    emergencies,
    needs,
    nodes,
    ownSetupMs,
    policy: POLICY,
  });
}
