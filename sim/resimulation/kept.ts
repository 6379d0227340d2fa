/**
 * Holds what a store has kept beside its journal, the answers to commands and the outbox, against what
 * the simulation decided: what parties are told comes from there.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { Command, Reply } from '../../core/kernel/service.ts';
import { messageOf, type OutboxMessage } from './effect-kinds.ts';
import type { Finding } from './finding.ts';
import { recordNumber } from './recording.ts';
import type { SimulatedStep } from './resimulation.ts';

export interface Kept {
  /** Command → its answer. */
  readonly replies: ReadonlyMap<string, Pick<Reply, 'refusal' | 'result'>>;
  /** The outbox, in order. */
  readonly messages: readonly OutboxMessage[];
}

const CAUSE = 'what parties are told is not what the service decided';

export function checkKept(
  instance: string,
  steps: readonly SimulatedStep[],
  kept: Kept,
): Finding[] {
  const findings: Finding[] = [];
  const answers = new Set<string>();
  let place = 0;
  steps.forEach((step, index) => {
    const at = (what: string) => {
      const { momentMs } = step;
      findings.push({ momentMs, instance, record: recordNumber(index), what, cause: CAUSE });
    };
    const { commandId } = step.event as Partial<Command>;
    for (const effect of step.effects) {
      if (effect.kind === 'Reply' && commandId !== undefined) {
        answers.add(commandId);
        const { refusal, result } = effect as Reply;
        const found = kept.replies.get(commandId);
        if (!found) at(`the answer to ${commandId} is not kept`);
        else if (canonicalJson(found) !== canonicalJson({ refusal, result: result ?? null })) {
          at(`the answer to ${commandId} is kept as another`);
        }
      }
      const expected = messageOf(effect, step.event);
      if (!expected) continue;
      const found = kept.messages[place];
      place += 1;
      if (!found) at(`message ${place} is not in the outbox`);
      else if (textOf(found) !== textOf(expected)) at(`message ${place} of the outbox is another`);
    }
  });
  const endMs = steps.at(-1)?.momentMs ?? 0;
  const extra = (what: string) =>
    findings.push({ momentMs: endMs, instance, record: null, what, cause: CAUSE });
  if (kept.messages.length > place) extra(`the outbox holds ${kept.messages.length - place} more`);
  for (const commandId of kept.replies.keys()) {
    if (!answers.has(commandId)) extra(`an answer to ${commandId} is kept, which nobody asked`);
  }
  return findings;
}

/** A signature is made anew by whoever has the key; the receipt under it is compared. */
function textOf({ to, body }: OutboxMessage): string {
  const { signature: _, ...signed } = body as { signature?: unknown };
  return canonicalJson([to, signed]);
}
