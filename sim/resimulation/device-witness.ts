/**
 * A second witness: the process that holds the credentials logs what reaches its drivers. Held against
 * the isolation service's own log, it shows what is decided on the way from one process to the other.
 */
import { canonicalJson } from '../../core/kernel/canonical-json.ts';
import type { AnsweredEffect, EffectLogLine } from '../../core/kernel/effect-log.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Finding } from './finding.ts';

interface Call {
  readonly effect: AnsweredEffect;
  readonly timeMs: TimeMs;
  /** Undefined: not answered in this log; null: the driver failed. */
  outcome: Outcome<unknown> | null | undefined;
}

const CAUSE = 'something between the service and the drivers decides for itself';

/** @param devicesOf devices at which calls come one after another */
export function compareWitnesses(
  instance: string,
  own: readonly EffectLogLine[],
  devices: readonly EffectLogLine[],
  devicesOf: (effect: AnsweredEffect) => readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const [asked, done] = [callsOf(own, devicesOf), callsOf(devices, devicesOf)];
  const note = (timeMs: TimeMs, what: string) =>
    findings.push({ momentMs: timeMs, instance, record: null, what, cause: CAUSE });
  for (const device of new Set([...asked.keys(), ...done.keys()])) {
    const open = [...(asked.get(device) ?? [])];
    for (const call of done.get(device) ?? []) {
      const at = open.findIndex(({ effect }) => effect.effectId === call.effect.effectId);
      if (at < 0) {
        note(
          call.timeMs,
          `${name(call)} reached ${device} once more than the service asked for it`,
        );
        continue;
      }
      // What is passed over never came so far.
      open.splice(0, at + 1);
      const [same] = asked.get(device)!.filter(({ effect }) => isSame(effect, call.effect));
      if (!same) note(call.timeMs, `${name(call)} reached ${device} as something else`);
    }
    checkAnswers(asked.get(device) ?? [], done.get(device) ?? [], device, note);
  }
  return findings;
}

type Note = (timeMs: TimeMs, what: string) => void;

/** What counts as done was done: as often, at least, as the service was told so. */
function checkAnswers(
  asked: readonly Call[],
  done: readonly Call[],
  device: string,
  note: Note,
): void {
  const left = new Map<string, number>();
  const isDone = ({ outcome }: Call) => outcome?.status === 'ok';
  for (const { effect } of done.filter(isDone)) {
    left.set(effect.effectId, (left.get(effect.effectId) ?? 0) + 1);
  }
  for (const call of asked.filter(isDone)) {
    const count = left.get(call.effect.effectId) ?? 0;
    if (count === 0)
      note(call.timeMs, `${name(call)} counts as done, and ${device} did not say so`);
    left.set(call.effect.effectId, count - 1);
  }
}

function callsOf(
  lines: readonly EffectLogLine[],
  devicesOf: (effect: AnsweredEffect) => readonly string[],
): Map<string, Call[]> {
  const calls = new Map<string, Call[]>();
  const open = new Map<string, Call>();
  for (const line of lines) {
    if (line.kind === 'started') open.clear();
    else if (line.kind === 'begun') {
      const call: Call = { effect: line.effect, timeMs: line.timeMs, outcome: undefined };
      open.set(line.effect.effectId, call);
      for (const device of devicesOf(line.effect)) {
        if (!calls.get(device)?.push(call)) calls.set(device, [call]);
      }
    } else if (line.kind === 'ended') {
      const call = open.get(line.effectId);
      if (call) call.outcome = line.outcome;
      open.delete(line.effectId);
    }
  }
  return calls;
}

/** Deadlines are by the clock of each process. */
function isSame(a: AnsweredEffect, b: AnsweredEffect): boolean {
  const withoutDeadline = (effect: AnsweredEffect) => {
    const { deadlineMs: _, ...rest } = effect as AnsweredEffect & { deadlineMs?: unknown };
    return canonicalJson(rest);
  };
  return withoutDeadline(a) === withoutDeadline(b);
}

function name({ effect: { kind, effectId } }: Call): string {
  return `${kind} ${effectId}`;
}
