/**
 * Holds what the world was really asked for against what the simulation decided: every effect once,
 * unchanged and in order, its answer as it was, and sent again after a restart exactly where the
 * service still waited. A retry, a filter or a second opinion between the core and the devices has
 * nowhere to hide here.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { AnsweredEffect } from '../../core/kernel/effect-log.ts';
import type { EffectOutcome, Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Life } from './effect-lives.ts';
import type { Finding, Limits } from './finding.ts';
import { recordNumber } from './recording.ts';
import type { SimulatedStep } from './resimulation.ts';

/** Answers that a process gives for a device it has not asked, each for a reason that can be checked. */
export type Excuse = (effect: AnsweredEffect, answer: AuditedAnswer, issued: Issued) => boolean;

export interface AuditedAnswer {
  readonly outcome: Outcome<unknown>;
  readonly timeMs: TimeMs;
  readonly index: number;
}

export interface IssuedEffect {
  readonly effect: AnsweredEffect;
  /** Event that it follows from. */
  readonly index: number;
  readonly momentMs: number;
}

export type Issued = ReadonlyMap<string, IssuedEffect>;

/** What the devices of a service, and what stands in front of them, may do. */
export interface EffectRules {
  /** Whether an answer without a question is right. */
  readonly isExcused: Excuse;
  /** Devices at which effects begin in the order in which they were decided. */
  devicesOf(effect: AnsweredEffect): readonly string[];
  /** Whether the second may have to wait until the first is done. */
  mayHoldUp(first: AnsweredEffect, second: AnsweredEffect): boolean;
  /** Reading changes nothing, and may be done by whoever watches. */
  isWatching(effect: AnsweredEffect): boolean;
}

/** Of worlds that are asked at once, and for nothing else. */
export const PLAIN_RULES: EffectRules = {
  isExcused: () => false,
  devicesOf: () => [],
  mayHoldUp: () => false,
  isWatching: () => false,
};

export interface EffectAudit extends EffectRules {
  readonly instance: string;
  readonly steps: readonly SimulatedStep[];
  readonly lives: readonly Life[];
  /** For each life: effects that the service waited for when it began. */
  readonly awaited: readonly (readonly string[])[];
  readonly endMs: TimeMs;
  readonly limits: Limits;
}

export function auditEffects(audit: EffectAudit): Finding[] {
  return new Auditor(audit).findings();
}

class Auditor {
  readonly #audit: EffectAudit;
  readonly #issued = new Map<string, IssuedEffect>();
  readonly #answers = new Map<string, AuditedAnswer>();
  readonly #findings: Finding[] = [];

  constructor(audit: EffectAudit) {
    this.#audit = audit;
    audit.steps.forEach(({ event, effects, momentMs }, index) => {
      if (event.kind === 'EffectOutcome') {
        const { effectId, outcome, timeMs } = event as EffectOutcome;
        this.#answers.set(effectId, { outcome, timeMs, index });
      }
      for (const effect of effects) {
        if (!('effectId' in effect)) continue;
        const answered = effect as AnsweredEffect;
        this.#issued.set(answered.effectId, { effect: answered, index, momentMs });
      }
    });
  }

  findings(): Finding[] {
    this.#audit.lives.forEach((life, number) => this.#checkLife(life, number));
    for (const [effectId, answer] of this.#answers) this.#checkAnswer(effectId, answer);
    for (const [effectId, issued] of this.#issued) this.#checkBegun(effectId, issued);
    return this.#findings;
  }

  #checkLife(life: Life, number: number): void {
    const ranks = this.#ranksOf(life, number);
    const begun = new Set<string>();
    for (const { effect, timeMs } of life.begun) {
      if (this.#audit.isWatching(effect)) continue;
      const { effectId } = effect;
      const issued = this.#issued.get(effectId);
      if (!issued) {
        this.#note(
          timeMs,
          null,
          `the world was asked for ${name(effect)}, which no service decided`,
        );
      } else if (begun.has(effectId)) {
        this.#note(timeMs, issued, `the world was asked for ${name(effect)} twice by one process`);
      } else if (canonicalJson(effect) !== canonicalJson(issued.effect)) {
        this.#note(timeMs, issued, `${name(effect)} reached the world as something else`);
      } else if (!ranks.has(effectId)) {
        this.#note(timeMs, issued, `${name(effect)} was sent again though nobody waited for it`);
      }
      begun.add(effectId);
    }
    this.#checkOrder(life, ranks);
  }

  /** What a process had to send, in order: what was awaited when it began, then what it decided. */
  #ranksOf(life: Life, number: number): ReadonlyMap<string, number> {
    const next = this.#audit.lives[number + 1];
    const awaited = this.#audit.awaited[number] ?? [];
    const due = [...awaited, ...this.#issuedWithin(life.events, next?.events ?? Infinity)];
    return new Map(due.map((effectId, rank) => [effectId, rank]));
  }

  #issuedWithin(from: number, until: number): string[] {
    const found: string[] = [];
    for (const [effectId, { index }] of this.#issued) {
      // What an event leads to belongs to the process that took it.
      if (index >= from && index < until) found.push(effectId);
    }
    return found;
  }

  /** At every device in the order in which they were decided. */
  #checkOrder({ begun }: Life, ranks: ReadonlyMap<string, number>): void {
    const last = new Map<string, number>();
    for (const { effect, timeMs } of begun) {
      const rank = ranks.get(effect.effectId);
      if (rank === undefined || this.#audit.isWatching(effect)) continue;
      for (const device of this.#audit.devicesOf(effect)) {
        if (rank < (last.get(device) ?? -1)) {
          const what = `${name(effect)} overtook or was overtaken at ${device}`;
          this.#note(timeMs, this.#issued.get(effect.effectId) ?? null, what);
        }
        last.set(device, Math.max(rank, last.get(device) ?? -1));
      }
    }
  }

  /** The service was told what the device had answered. */
  #checkAnswer(effectId: string, answer: AuditedAnswer): void {
    const issued = this.#issued.get(effectId);
    if (!issued) return;
    const life = this.#lifeAt(answer.index);
    if (!life) return;
    const { effect } = issued;
    const begun = life.begun.some((line) => line.effect.effectId === effectId);
    if (!begun) {
      if (this.#audit.isExcused(effect, answer, this.#issued)) return;
      const what = `the service was told that ${name(effect)} is ${answer.outcome.status}, but the world was not asked`;
      this.#note(answer.timeMs, issued, what);
      return;
    }
    const ended = life.ended.get(effectId);
    const isRepeated = issued.index < life.events;
    if (ended && isToldAs(ended.outcome, answer.outcome, isRepeated)) return;
    const said = ended ? (ended.outcome?.status ?? 'no answer') : 'nothing yet';
    const what = `the world answered ${said} to ${name(effect)}, the service was told ${answer.outcome.status}`;
    this.#note(answer.timeMs, issued, what);
  }

  /** Whatever was decided reached the world, and its answer the service. */
  #checkBegun(effectId: string, issued: IssuedEffect): void {
    const { lives } = this.#audit;
    const first = lives.findLastIndex(({ events }) => events <= issued.index);
    if (first < 0 || this.#answers.has(effectId)) return;
    for (let number = first; number < lives.length; number++) {
      const isDue = number === first || (this.#audit.awaited[number] ?? []).includes(effectId);
      if (isDue) this.#checkUnanswered(lives[number]!, number, effectId, issued);
    }
  }

  /** No answer of this life is in the journal. */
  #checkUnanswered(life: Life, number: number, effectId: string, issued: IssuedEffect): void {
    const { limits, lives, endMs } = this.#audit;
    const next = lives[number + 1];
    const overMs = life.stoppedMs ?? next?.startMs ?? endMs;
    const issuedMs = Math.max(Math.floor(issued.momentMs), life.startMs);
    const begun = life.begun.find(({ effect }) => effect.effectId === effectId);
    const ended = life.ended.get(effectId);
    if (ended && ended.timeMs < overMs - limits.settleMs) {
      const what = `the world answered ${name(issued.effect)}, and the service was never told`;
      this.#note(ended.timeMs, issued, what);
    } else if (
      !begun &&
      issuedMs < overMs - limits.settleMs &&
      !this.#isBlocked(life, number, issued)
    ) {
      const what = `the world was never asked for ${name(issued.effect)}`;
      this.#note(issuedMs, issued, what);
    }
  }

  /**
   * Whether it may still have waited when its process ended: something before it was not done, or waited
   * in its turn.
   */
  #isBlocked(life: Life, number: number, { effect }: IssuedEffect): boolean {
    const begun = new Map(life.begun.map((line) => [line.effect.effectId, line.effect]));
    const open = [...begun.values()].filter(({ effectId }) => !life.ended.has(effectId));
    const holdsUp = (waiting: AnsweredEffect) => (other: AnsweredEffect) =>
      this.#audit.mayHoldUp(other, waiting);
    const blocked: AnsweredEffect[] = [];
    for (const effectId of this.#ranksOf(life, number).keys()) {
      if (begun.has(effectId)) continue;
      const waiting = this.#issued.get(effectId)!.effect;
      if (open.some(holdsUp(waiting)) || blocked.some(holdsUp(waiting))) blocked.push(waiting);
      if (effectId === effect.effectId) break;
    }
    return blocked.some(({ effectId }) => effectId === effect.effectId);
  }

  #lifeAt(index: number): Life | undefined {
    return this.#audit.lives.findLast(({ events }) => events <= index);
  }

  #note(timeMs: TimeMs, issued: IssuedEffect | null, what: string): void {
    const { instance } = this.#audit;
    const record = issued && recordNumber(issued.index);
    const cause = 'something between the core and its devices decides for itself';
    this.#findings.push({ momentMs: timeMs, instance, record, what, cause });
  }
}

/** Of what was sent again, that nothing happened this time does not say that nothing has. */
function isToldAs(
  answered: Outcome<unknown> | null,
  told: Outcome<unknown>,
  isRepeated: boolean,
): boolean {
  if (answered === null) return told.status === 'uncertain';
  if (isRepeated && answered.status === 'noEffect') return told.status === 'uncertain';
  return canonicalJson(answered) === canonicalJson(told);
}

function name({ kind, effectId }: AnsweredEffect): string {
  return `${kind} ${effectId}`;
}
