/** An attestation service as the runner runs it. */
import { attesterService } from '../../core/attester/attester.ts';
import type {
  AttesterEffect,
  AttesterEvent,
  MakeNonce,
  ReleaseKeyShare,
  RequestQuote,
  RevokeKeys,
} from '../../core/attester/protocol.ts';
import { watchKey } from '../../core/attester/state.ts';
import type { AttesterConfiguration, AttesterState, Watch } from '../../core/attester/state.ts';
import type { Outcome, Principal } from '../../core/kernel/service.ts';
import { leaseNotice } from '../peers/notices.ts';
import { randomNonce } from '../tpm/quote-desk.ts';
import type { LiveService } from './live-service.ts';
import { PeerMail } from './peer-mail.ts';

/** Effects whose outcomes come back. */
export type AttesterWork = MakeNonce | RequestQuote | ReleaseKeyShare | RevokeKeys;

/** What an attestation service does in the world. */
export interface AttesterWorld {
  /** @param bootCount of the boot that the service asks about */
  requestQuote(effect: RequestQuote, bootCount: number): Promise<Outcome<unknown>>;
  /** @param party that had the node attested */
  releaseKeyShare(effect: ReleaseKeyShare, party: Principal): Promise<Outcome<unknown>>;
  revokeKeys(effect: RevokeKeys): Promise<Outcome<unknown>>;
}

export const liveAttestation: LiveService<
  AttesterConfiguration,
  AttesterState,
  AttesterEvent,
  AttesterEffect
> = {
  service: attesterService,

  awaited(state) {
    const rounds = [...state.watches.values()].flatMap((watch) => [
      ...roundOf(watch),
      ...releaseOf(watch),
    ]);
    const revocations = [...state.revocations.values()].map((revocation): RevokeKeys => {
      const { effectId } = revocation;
      return { kind: 'RevokeKeys', ...revocation, sequence: sequenceOf(effectId) };
    });
    return [...rounds, ...revocations];
  },

  message(effect) {
    return effect.kind === 'Notify' ? { to: effect.to, body: effect.notice } : null;
  },

  openMail: () =>
    new PeerMail({
      // A tenant that acts on a verdict must find the isolation service informed.
      informsPeersFirst: true,

      request(effect) {
        if (effect.kind !== 'ReportVerdict') return null;
        return { peer: effect.service, command: effect.command };
      },

      isAwaited: (state, commandId) => state.reports.has(commandId),

      notice(state, peer, body) {
        if (peer !== state.configuration.isolation) return null;
        const notice = leaseNotice(body);
        return notice && { kind: 'NoticeReceived', notice };
      },
    }),
};

/** Does what the service wants done in the world. */
export async function carryOutAttestation(
  world: AttesterWorld,
  effect: AttesterWork,
  state: AttesterState,
): Promise<Outcome<unknown>> {
  switch (effect.kind) {
    case 'MakeNonce':
      return { status: 'ok', value: randomNonce() };
    case 'RequestQuote':
      return world.requestQuote(effect, watchOf(state, effect)?.bootCount ?? 0);
    case 'ReleaseKeyShare': {
      const watch = watchOf(state, effect);
      if (watch) return world.releaseKeyShare(effect, watch.asker);
      const error = { code: 'CONFLICT_LATE', message: 'nobody has the node attested any more' };
      return { status: 'noEffect', error };
    }
    case 'RevokeKeys':
      return world.revokeKeys(effect);
  }
}

function watchOf(
  { watches }: AttesterState,
  { leaseId, nodeId }: { readonly leaseId: string; readonly nodeId: string },
) {
  return watches.get(watchKey(leaseId, nodeId));
}

/** The question that a round waits for; a nonce that nobody has answered is still good. */
function roundOf(watch: Watch): (MakeNonce | RequestQuote)[] {
  const { effectId, phase, nonce, wakeAtMs, leaseId, nodeId } = watch;
  if (effectId === null || wakeAtMs === null) return [];
  const deadlineMs = wakeAtMs;
  if (phase === 'nonce') return [{ kind: 'MakeNonce', effectId, deadlineMs }];
  if (phase !== 'quote' || nonce === null) return [];
  return [{ kind: 'RequestQuote', effectId, leaseId, nodeId, nonce, deadlineMs }];
}

function releaseOf({ release, leaseId, nodeId }: Watch): ReleaseKeyShare[] {
  if (release === null) return [];
  const { effectId, deadlineMs } = release;
  const sequence = sequenceOf(effectId);
  return [{ kind: 'ReleaseKeyShare', effectId, sequence, leaseId, nodeId, deadlineMs }];
}

/** Effect ids are the service's name and the number. */
function sequenceOf(effectId: string): number {
  return Number(effectId.slice(effectId.lastIndexOf('/') + 1));
}
