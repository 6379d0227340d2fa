/** Journals of a comparison: one run of it once more, with every event of its services recorded. */
import { invariant } from '../core/kernel/errors.ts';
import type { RunOutcome } from '../core/metrics/outcome.ts';
import { executeTask } from '../sim/experiment/task.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import type { EventObserver } from '../sim/world/bus.ts';
import { taskContext } from './compose.ts';
import type { ComparisonSource } from './compose.ts';
import { recordJournal } from './journal-recorder.ts';
import type { JournalRecorder } from './journal-recorder.ts';
import { readVersion } from './version.ts';

/**
 * File name → compressed journal, one an instance of a service.
 *
 * @param recorded the run as the comparison had it; the one that is recorded must be the same
 */
export async function recordRun(
  source: ComparisonSource,
  loaded: LoadedScenario,
  recorded: RunOutcome,
): Promise<Map<string, Uint8Array>> {
  const recorders = new Map<string, JournalRecorder>();
  const version = readVersion();
  const observer: EventObserver = {
    opened(instance, service, configuration, state) {
      invariant(!recorders.has(instance), `two services are called ${instance}`);
      recorders.set(instance, recordJournal({ service, configuration, version, timeMs: 0, state }));
    },
    stepped: (instance, event, effects, state) =>
      recorders.get(instance)!.append(event, effects, state),
  };
  const context = await taskContext(source, loaded, observer);
  const { variant, replication } = recorded;
  const result = executeTask({ kind: 'run', variant, replication }, context);
  invariant(
    result.kind === 'run' && result.outcome.digest === recorded.digest,
    'the journalled run went otherwise than the compared one',
  );
  return new Map(
    [...recorders].map(([instance, recorder]) => [journalFileName(instance), recorder.finish()]),
  );
}

/** `orchestrator/hpc-a` → `journal-orchestrator-hpc-a.jsonl.zst`. */
function journalFileName(instance: string): string {
  return `journal-${instance.replaceAll('/', '-')}.jsonl.zst`;
}
