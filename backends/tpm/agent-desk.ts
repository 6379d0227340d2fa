/**
 * What an attestation service does in the world: nonces, quotes of real TPMs, and key shares. A
 * quote that is asked for waits here until the node's agent has answered; a share is sealed for the
 * very TPM whose quote was good, under the secret of the credential that it has activated for that
 * quote.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import type { RequestQuote, ReleaseKeyShare, RevokeKeys } from '../../core/attester/protocol.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { Outcome, Principal } from '../../core/kernel/service.ts';
import { ok } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { KeyShares, type ShareKey } from '../keys/key-shares.ts';
import type { TrustedMakers } from './endorsement.ts';
import type { Finding } from './findings.ts';
import { parsePublic } from './public-area.ts';
import { QuoteDesk } from './quote-desk.ts';
import type { Answered, Invitation, Response, SentKeys } from './quote-desk.ts';

/** What a node has shown: a key, and that its TPM has read the secret. */
interface NodeKeys {
  readonly attestationName: Buffer;
  readonly secret: Buffer;
}

/** AES-256-GCM: number of this use, then the tag behind the text. */
const NUMBER_BYTES = 12;

interface Waiting {
  readonly nodeId: string;
  readonly bootCount: number;
  readonly deadlineMs: TimeMs;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

export class AgentDesk {
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
    const key = { leaseId, nodeId, party };
    if (this.#shares.release(key, sequence, (share) => seal(share, keys.secret))) return ok;
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
    const attestationName = nameOf(sent.attestationKey);
    this.#offered.set(nodeId, { attestationName, secret: result.secret });
    // With another key the node has begun anew.
    const before = this.#proved.get(nodeId);
    if (!before?.attestationName.equals(attestationName)) this.#shares.unseal(nodeId);
    return result.invitation;
  }

  /** @throws OcxError where nothing is asked of the node */
  answer(nodeId: string, response: Response): void {
    const result = this.#desk.answer(nodeId, response, this.#nowMs());
    if (!result.ok) throw new OcxError(result.finding);
    const offered = this.#offered.get(nodeId);
    this.#offered.delete(nodeId);
    if (result.value.outcome.status === 'ok' && offered) {
      this.#proved.set(nodeId, offered);
      // Its agent has the secret of this quote and no longer that of the one before.
      this.#shares.sealAnew(nodeId, (share) => seal(share, offered.secret));
    }
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

/** The key was read before, when the desk let it pass. */
function nameOf(attestationKey: Uint8Array): Buffer {
  const area = parsePublic(attestationKey);
  if (!area.ok) throw new Error('the desk takes keys that it can read');
  return area.value.name;
}

/** iv ‖ ciphertext ‖ tag. */
function seal(share: Buffer, secret: Buffer): Buffer {
  const number = randomBytes(NUMBER_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, number);
  return Buffer.concat([number, cipher.update(share), cipher.final(), cipher.getAuthTag()]);
}

function nothingDone(code: string, message: string): Outcome<unknown> {
  return { status: 'noEffect', error: { code, message } };
}
