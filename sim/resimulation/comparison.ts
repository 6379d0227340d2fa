/** Holds what the simulation came to against what the live services recorded, event by event. */
import type { RecordedStep } from './causes.ts';
import type { Causes } from './causes.ts';
import type { Finding } from './finding.ts';
import type { GlobalOrder } from './global-order.ts';
import { recordNumber } from './recording.ts';
import type { Resimulated, SimulatedStep } from './resimulation.ts';

const SHOWN_CHARACTERS = 200;

/** The first difference of each instance. */
export function compareRuns(
  causes: Causes,
  order: GlobalOrder,
  { steps: simulated, states, failure }: Resimulated,
): Finding[] {
  const findings: Finding[] = [];
  if (failure) {
    const { instance, momentMs, why } = failure;
    const record = recordNumber(simulated.get(instance)?.length ?? 0);
    const what = `the simulation stops, because the core does not take an event (${why})`;
    findings.push({ momentMs, instance, record, what, cause: '' });
  }
  for (const [instance, live] of causes.steps) {
    const moments = order.moments.get(instance)!;
    const finding =
      firstDifference(instance, live, moments, simulated.get(instance)!) ??
      stateDifference(instance, order.endMs, causes.states.get(instance)!, states.get(instance)!);
    if (finding) findings.push(finding);
  }
  return findings;
}

function firstDifference(
  instance: string,
  live: readonly RecordedStep[],
  moments: readonly number[],
  simulated: readonly SimulatedStep[],
): Finding | null {
  for (let index = 0; index < Math.max(live.length, simulated.length); index++) {
    const what = differenceOf(live[index], simulated[index]);
    if (what === null) continue;
    const momentMs = Math.min(moments[index] ?? Infinity, simulated[index]?.momentMs ?? Infinity);
    return { momentMs, instance, record: recordNumber(index), what, cause: '' };
  }
  return null;
}

function differenceOf(
  live: RecordedStep | undefined,
  simulated: SimulatedStep | undefined,
): string | null {
  if (!live) return `the simulation goes on with ${shown(simulated!.text)}`;
  if (!simulated) return `the simulation does not come to ${shown(live.text)}`;
  if (live.text !== simulated.text) {
    return `live ${shown(live.text)}, simulated ${shown(simulated.text)}`;
  }
  if (live.event.timeMs !== simulated.event.timeMs) {
    return `${shown(live.text)}: live at ${live.event.timeMs}, simulated at ${simulated.event.timeMs}`;
  }
  if (live.effects === simulated.effectsText) return null;
  return `effects: live ${shown(live.effects)}, simulated ${shown(simulated.effectsText)}`;
}

function stateDifference(
  instance: string,
  momentMs: number,
  live: string,
  simulated: string,
): Finding | null {
  if (live === simulated) return null;
  return { momentMs, instance, record: null, what: 'the final states differ', cause: '' };
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
