/**
 * What an attestation service does in the world: nonces, quotes of real TPMs, and key shares. A
 * quote that is asked for waits here until the node's agent has answered; a share is sealed for the
 * very TPM whose quote was good, as the secret of a second credential, so that the agent needs
 * nothing but its TPM to open it.
 */
import type { RequestQuote, ReleaseKeyShare, RevokeKeys } from '../../core/attester/protocol.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Outcome, Principal } from '../../core/kernel/service.ts';
import { ok } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { KeyShares, type ShareKey } from '../keys/key-shares.ts';
import type { AttesterWorld } from '../runner/attestation.ts';
import { credentialFile, makeCredential } from './credential.ts';
import type { TrustedMakers } from './endorsement.ts';
import type { Finding } from './findings.ts';
import { parsePublic, type PublicArea } from './public-area.ts';
import { QuoteDesk } from './quote-desk.ts';
import type { Answered, Invitation, Response, SentKeys } from './quote-desk.ts';

/** The keys of a node's TPM. */
interface NodeKeys {
  readonly endorsement: PublicArea;
  readonly attestationName: Buffer;
}

interface Waiting {
  readonly nodeId: string;
  readonly bootCount: number;
  readonly deadlineMs: TimeMs;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

export class AgentDesk implements AttesterWorld {
  readonly #desk: QuoteDesk;
  readonly #shares: KeyShares;
  readonly #nowMs: () => TimeMs;
  /** Effect id → who waits for the quote. */
  readonly #waiting = new Map<string, Waiting>();
  /** Keys of the last hello, and those whose quote was read. */
  readonly #offered = new Map<string, NodeKeys>();
  readonly #proved = new Map<string, NodeKeys>();

  constructor(makers: TrustedMakers, shares: KeyShares, nowMs: () => TimeMs) {
    this.#desk = new QuoteDesk(makers);
    this.#shares = shares;
    this.#nowMs = nowMs;
  }

  /** @param bootCount of the boot that the service asks about */
  requestQuote(effect: RequestQuote, bootCount: number): Promise<Outcome<unknown>> {
    const { effectId, nodeId, deadlineMs } = effect;
    this.#sweep(nodeId);
    this.#desk.request(effect);
    return new Promise((settle) => {
      this.#waiting.set(effectId, { nodeId, bootCount, deadlineMs, settle });
    });
  }

  /** @param party that had the node attested */
  async releaseKeyShare(effect: ReleaseKeyShare, party: Principal): Promise<Outcome<unknown>> {
    const { leaseId, nodeId, sequence } = effect;
    const keys = this.#proved.get(nodeId);
    // As after a restart: the keys are proved anew by the next quote.
    if (!keys) return nothingDone('ATTEST_ATTESTATION_KEY', `no key of node ${nodeId} is proved`);
    const seal = (share: Buffer) =>
      credentialFile(makeCredential(keys.endorsement, keys.attestationName, share));
    if (this.#shares.release({ leaseId, nodeId, party }, sequence, seal)) return ok;
    return nothingDone('CONFLICT_LATE', 'something newer was done with the share');
  }

  async revokeKeys({ leaseId, nodeId, sequence }: RevokeKeys): Promise<Outcome<unknown>> {
    this.#shares.revoke(leaseId, nodeId, sequence);
    return ok;
  }

  deposit(key: ShareKey, share: Buffer): void {
    this.#shares.deposit(key, share);
  }

  /** @throws OcxError with the finding, where nothing is asked of the node or its keys are no good */
  hello(nodeId: string, sent: SentKeys): Invitation {
    const bootCount = this.#waitingOf(nodeId)?.bootCount ?? 0;
    const result = this.#desk.hello(nodeId, bootCount, sent, this.#nowMs());
    if ('finding' in result) throw new OcxError(result.finding);
    if ('answered' in result) throw new OcxError(this.#settle(result.answered)!);
    const keys = keysOf(sent);
    this.#offered.set(nodeId, keys);
    // With another key the node has begun anew; what was sealed for the one before opens no more.
    const before = this.#proved.get(nodeId);
    if (!before?.attestationName.equals(keys.attestationName)) this.#shares.unseal(nodeId);
    return result.invitation;
  }

  /** @throws OcxError where nothing is asked of the node */
  answer(nodeId: string, response: Response): void {
    const result = this.#desk.answer(nodeId, response, this.#nowMs());
    if (!result.ok) throw new OcxError(result.finding);
    const offered = this.#offered.get(nodeId);
    this.#offered.delete(nodeId);
    if (result.value.outcome.status === 'ok' && offered) this.#proved.set(nodeId, offered);
    this.#settle(result.value);
  }

  /** The share for the node, sealed; null until it was released for this boot. */
  sealedShare(nodeId: string): Buffer | null {
    return this.#shares.sealed(nodeId);
  }

  close(): void {
    this.#shares.close();
  }

  /** @returns what was wrong */
  #settle({ effectId, outcome }: Answered): Finding | null {
    this.#waiting.get(effectId)?.settle(outcome);
    this.#waiting.delete(effectId);
    return outcome.status === 'ok' ? null : (outcome.error as Finding);
  }

  #waitingOf(nodeId: string): Waiting | undefined {
    return [...this.#waiting.values()].findLast((waiting) => waiting.nodeId === nodeId);
  }

  /** Lets go of what nobody asks any more: the service has deadlines of its own. */
  #sweep(nodeId: string): void {
    const nowMs = this.#nowMs();
    this.#desk.sweep(nowMs);
    for (const [effectId, waiting] of this.#waiting) {
      if (waiting.nodeId !== nodeId && waiting.deadlineMs >= nowMs) continue;
      this.#waiting.delete(effectId);
      waiting.settle(nothingDone('ATTEST_SILENT', 'the node did not answer in time'));
    }
  }
}

/** They were read before, when the desk let them pass. */
function keysOf(sent: SentKeys): NodeKeys {
  const endorsement = parsePublic(sent.endorsementKey);
  const attestation = parsePublic(sent.attestationKey);
  if (!endorsement.ok || !attestation.ok) throw new Error('the desk takes keys that it can read');
  return { endorsement: endorsement.value, attestationName: attestation.value.name };
}

function nothingDone(code: string, message: string): Outcome<unknown> {
  return { status: 'noEffect', error: { code, message } };
}
