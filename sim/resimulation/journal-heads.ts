/**
 * The lottery of a sealed round hangs on the hash of a record that nobody could choose: the last one of
 * the market's own journal when it was asked for. That answer of the world can be checked.
 */
import type { AnsweredEffect } from '../../core/kernel/effect-log.ts';
import type { EffectOutcome } from '../../core/kernel/service.ts';
import type { Finding } from './finding.ts';
import { recordNumber } from './recording.ts';
import type { SimulatedStep } from './resimulation.ts';

/** @param hashes of the records of the events */
export function checkHeads(
  instance: string,
  steps: readonly SimulatedStep[],
  hashes: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const asked = new Map<string, number>();
  steps.forEach(({ event, effects, momentMs }, index) => {
    const { effectId = '', outcome } = event as Partial<EffectOutcome<{ head?: unknown } | null>>;
    const since = event.kind === 'EffectOutcome' ? asked.get(effectId) : undefined;
    if (since !== undefined && outcome?.status === 'ok') {
      const candidates: readonly unknown[] = hashes.slice(since, index);
      if (!candidates.includes(outcome.value?.head)) {
        const what = 'the head that fixes a lottery is the hash of no record of then';
        const cause = 'whoever chose it could choose who wins';
        findings.push({ momentMs, instance, record: recordNumber(index), what, cause });
      }
    }
    for (const effect of effects) {
      if (effect.kind === 'ReadJournalHead') asked.set((effect as AnsweredEffect).effectId, index);
    }
  });
  return findings;
}
