/** A small site on which two organisations trade: what each service starts with. */
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import { ATTESTER_DEFAULTS } from '../../core/attester/state.ts';
import type { AttesterConfiguration } from '../../core/attester/state.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/kernel/units.ts';
import { ORCHESTRATOR_DEFAULTS } from '../../core/leasing/state.ts';
import type { OrchestratorConfiguration } from '../../core/leasing/state.ts';
import type { ExchangeConfiguration } from '../../core/market/exchange/configuration.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerConfiguration } from '../../core/provisioner/state.ts';
import { smallSite } from '../allocator/site.ts';

/** What PCR 0 of an untampered node shows. */
export const GOLDEN = 'ab'.repeat(32);
export const SLOT_MS = 10 * MINUTE_MS;
export const EPOCH_MS = 5 * MINUTE_MS;

export function isolation(): IsolationConfiguration {
  const delegations = [{ service: 'market', rights: ['leasing' as const] }];
  return {
    ...smallSite({ retryBaseMs: 2 * SECOND_MS, retryMaximumMs: MINUTE_MS }, 3),
    organisations: ['org-a', 'org-b'].map((name) => ({ name, delegations })),
  };
}

export function attester(): AttesterConfiguration {
  const pcrs = [{ index: '0', digests: [GOLDEN] }];
  const policies = ['attested', 'full'].map((level) => ({
    ...{ policyId: `policy-${level}`, owner: 'operator', version: 1, runtimeDigests: null },
    ...{ profiles: [{ profile: 'server', pcrs }], releasesKeyShare: level === 'full' },
  }));
  return {
    ...ATTESTER_DEFAULTS,
    name: 'attester',
    nonceTtlMs: 5 * MINUTE_MS,
    quoteDeadlineMs: 2 * MINUTE_MS,
    freshnessMs: 20 * MINUTE_MS,
    reattestIntervalMs: 10 * MINUTE_MS,
    reportRetryMs: 20 * SECOND_MS,
    nodes: ['a1', 'a2', 'a3'].map((nodeId) => ({
      ...{ nodeId, endorsementKeyHash: `ek:${nodeId}`, profile: 'server' },
    })),
    policies,
  };
}

export function provisioner(): ProvisionerConfiguration {
  const image = { imageId: 'image', owner: 'operator', shared: true, snapshotId: 'golden' };
  return { ...PROVISIONER_DEFAULTS, name: 'provisioner', images: [image], watchdog: true };
}

export function orchestrator(name: string): OrchestratorConfiguration {
  return { ...ORCHESTRATOR_DEFAULTS, name: `tenant-${name}`, requestTimeoutMs: 3 * MINUTE_MS };
}

export function exchange(): ExchangeConfiguration {
  return {
    name: 'market',
    market: {
      ...{ mechanism: 'k-double-auction', parameters: {}, slotMs: SLOT_MS, horizonSlots: 6 },
      ...{ seed: 'one-program', isolationService: 'isolation' },
      buyerDepositPartsPerMillion: 100_000,
      sellerDepositPartsPerMillion: 100_000,
      organisations: ['org-a', 'org-b'].map((name) => ({
        ...{ name, openingBalanceMillicredits: 10_000_000 },
      })),
    },
    clocks: [{ everyMs: EPOCH_MS, leadMs: 0, revealMs: MINUTE_MS }],
    releaseMs: 2 * MINUTE_MS,
    setupMs: { none: 0, attested: MINUTE_MS, full: MINUTE_MS },
    nodeClasses: [{ name: 'standard', securityLevel: 'full' }],
    attester: 'attester',
    solveDeadlineMs: MINUTE_MS,
  };
}
