/**
 * A tenant's orchestrator as the runner runs it. It asks the services by their public APIs and
 * believes each only in its own part: the isolation service about leases, the attester and the
 * provisioner that the plan of a lease names about the nodes of that lease.
 */
import { attestationNotice, leaseNotice, provisionNotice } from '../peers/notices.ts';
import { orchestratorService } from '../../core/leasing/orchestrator.ts';
import type { OrchestratorEffect, OrchestratorEvent } from '../../core/leasing/protocol.ts';
import type { OrchestratorConfiguration, OrchestratorState } from '../../core/leasing/state.ts';
import type { LiveService } from './live-service.ts';
import { PeerMail } from './peer-mail.ts';

/** Who reads what the orchestrator tells its tenant (`NodeReady`, `NodeEnding`, `NodeLost`). */
export const TENANT = { role: 'service', name: 'tenant' } as const;

export const liveOrchestrator: LiveService<
  OrchestratorConfiguration,
  OrchestratorState,
  OrchestratorEvent,
  OrchestratorEffect
> = {
  service: orchestratorService,

  awaited: () => [],

  message(effect) {
    switch (effect.kind) {
      case 'NodeReady':
      case 'NodeEnding':
      case 'NodeLost':
        return { to: TENANT, body: effect };
      default:
        return null;
    }
  },

  openMail: () =>
    new PeerMail({
      request(effect) {
        if (effect.kind !== 'Request') return null;
        return { peer: effect.service, command: effect.command };
      },

      isAwaited: (state, commandId) => state.requests.has(commandId),

      notice(state, peer, body) {
        const notice = noticeOf(state, peer, body);
        return notice && { kind: 'NoticeReceived', notice };
      },
    }),
};

function noticeOf(state: OrchestratorState, peer: string, body: unknown) {
  if (peer === state.configuration.isolation) return leaseNotice(body);
  const verdict = attestationNotice(body);
  if (verdict) return state.leases.get(verdict.leaseId)?.plan.attester === peer ? verdict : null;
  const progress = provisionNotice(body);
  if (!progress) return null;
  return state.leases.get(progress.leaseId)?.plan.provisioner === peer ? progress : null;
}
