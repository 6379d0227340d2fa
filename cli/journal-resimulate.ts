/**
 * `ocx journal resimulate JOURNAL…`: runs live services once more in the simulator, from what came
 * from outside alone, and says where the live run went otherwise. See `docs/one-program.md`.
 */
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { readGenesis } from '../core/kernel/genesis.ts';
import { verifyChain } from '../core/kernel/journal.ts';
import { compareWitnesses } from '../sim/resimulation/device-witness.ts';
import { DEFAULT_LIMITS, inOrder, type Finding, type Limits } from '../sim/resimulation/finding.ts';
import type { Kept } from '../sim/resimulation/kept.ts';
import type { Recording } from '../sim/resimulation/recording.ts';
import { siteWiring } from '../sim/resimulation/site-wiring.ts';
import { tryOneProgram } from '../sim/resimulation/trial.ts';
import type { Compared, ResultsComparison } from '../sim/resimulation/results.ts';
import type { TrialCounts, Witness } from '../sim/resimulation/trial.ts';
import { collect, defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { instanceOfLog, readEffectLog } from './effect-log-file.ts';
import { instanceName } from './instance-name.ts';
import { openNamedJournals, sha256 } from './journal-file.ts';
import type { JournalFile } from './journal-file.ts';
import { eventsOf, runEvents } from './journal-replay.ts';
import { API_RULES, wiredInstances, witnessOf } from './recorded-services.ts';
import { journalledService } from './services.ts';

interface ResimulateOptions extends CommonOptions {
  readonly effects?: readonly string[];
  readonly settleSeconds?: number;
  readonly devices?: string;
}

const SHOWN_FINDINGS = 20;

/** What `resimulate --json` prints. */
interface ResimulateResult {
  readonly ok: boolean;
  readonly instances: readonly {
    readonly instance: string;
    readonly service: string;
    readonly events: number;
    /** Of the state at the end, the same in both runs where there is no difference. */
    readonly stateHash: string;
  }[];
  readonly counts: TrialCounts;
  readonly results: ResultsComparison;
  /** Findings in all, of which the first few follow. */
  readonly differences: number;
  readonly findings: readonly Finding[];
}

export function registerResimulate(journal: Command): void {
  defineCommand(
    journal,
    'resimulate <journals...>',
    'Run live services again in the simulator, from outside inputs alone.',
  )
    .option('--effects <file>', 'log of what the world was asked for; may be given again', collect)
    .option('--devices <file>', 'log of ocx devices, a second witness to that of isolation')
    .option('--settle-seconds <n>', 'what may be under way at the end', wholeNumber(0, 86_400))
    .action((given: string[], options: ResimulateOptions) =>
      runCommand(options, (output) => resimulateJournals(output, given, options)),
    );
}

function resimulateJournals(
  output: Output,
  given: readonly string[],
  options: ResimulateOptions,
): void {
  const files = given.flatMap((name) => openNamedJournals(name, output.path));
  const recorded = files.map((file) => readRecorded(output, file));
  requireDistinct(recorded);
  const recordings = recorded.map(({ recording }) => recording);
  const settleMs = (options.settleSeconds ?? DEFAULT_LIMITS.settleMs / 1_000) * 1_000;
  const limits: Limits = { ...DEFAULT_LIMITS, settleMs };
  const witnesses = readWitnesses(output, recorded, options.effects ?? []);
  const trial = tryOneProgram({
    recordings,
    wiring: siteWiring(wiredInstances(recordings), API_RULES),
    limits,
    kept: new Map(
      recorded.flatMap(({ recording, kept }) => (kept ? [[recording.instance, kept]] : [])),
    ),
    witnesses,
  });
  const { counts, results, simulated } = trial;
  const findings = inOrder([
    ...trial.findings,
    ...secondWitness(output, witnesses, options.devices),
  ]);
  const result: ResimulateResult = {
    ok: findings.length === 0,
    instances: recorded.map(({ recording: { instance, service, events } }) => ({
      ...{ instance, service: service.name, events: events.length },
      stateHash: sha256(simulated.states.get(instance)!),
    })),
    ...{ counts, results },
    differences: findings.length,
    findings: findings.slice(0, SHOWN_FINDINGS),
  };
  output.result(result, describeResult);
  const [first] = findings;
  if (first) output.negative(refusalOf(first));
}

interface Recorded {
  readonly recording: Recording;
  readonly file: string;
  readonly kept: Kept | null;
}

/** @throws JOURNAL_BROKEN where it is damaged or does not replay, INPUT_JOURNAL_NO_GENESIS */
function readRecorded(output: Output, file: JournalFile): Recorded {
  const { path } = file;
  const progress = output.progress('bytes read', file.textBytes);
  const records = [...file.records((bytes) => progress.update(bytes))];
  progress.finish();
  const start = records[0] && readGenesis(records[0]);
  if (!start) {
    throw new OcxError({
      code: 'INPUT_JOURNAL_NO_GENESIS',
      message: 'the first record does not hold the configuration',
      place: { file: path, line: 1 },
      remedy: 'a resimulation needs every journal from its beginning',
    });
  }
  const service = journalledService(start.service, path);
  const { configuration } = start;
  const broken =
    verifyChain(sha256, records) ??
    runEvents(service, configuration, eventsOf(file, records.length), false).difference;
  if (broken) throw new OcxError({ ...broken, place: { ...broken.place, file: path } });
  const instance = instanceName(file.name ?? start.service, configuration);
  const events = records.slice(1).map(({ event }) => event);
  const hashes = records.slice(1).map(({ hash }) => hash);
  return {
    recording: { instance, service, configuration, events, hashes },
    file: path,
    kept: file.kept ? file.kept() : null,
  };
}

function requireDistinct(recorded: readonly Recorded[]): void {
  const seen = new Set<string>();
  for (const { recording, file } of recorded) {
    if (seen.has(recording.instance)) {
      throw new OcxError({
        code: 'INPUT_USAGE',
        message: `two journals are of ${recording.instance}`,
        place: { file },
        remedy: 'give each journal once',
      });
    }
    seen.add(recording.instance);
  }
}

function readWitnesses(
  output: Output,
  recorded: readonly Recorded[],
  given: readonly string[],
): ReadonlyMap<string, Witness> {
  const witnesses = new Map<string, Witness>();
  for (const name of given) {
    const path = output.path(name);
    const log = readEffectLog(path);
    const instance = instanceOfLog(log);
    const found = recorded.find(({ recording }) => recording.instance === instance);
    const witness = found && witnessOf(found.recording.service.name);
    if (!found || !witness) {
      throw new OcxError({
        code: 'INPUT_EFFECT_LOG',
        message: `it is of ${instance ?? 'no service'}, whose journal was not given`,
        place: { file: path },
      });
    }
    witnesses.set(found.recording.instance, { ...witness, log });
  }
  return witnesses;
}

/** @throws INPUT_EFFECT_LOG where there is no first one */
function secondWitness(
  output: Output,
  witnesses: ReadonlyMap<string, Witness>,
  given: string | undefined,
): Finding[] {
  if (given === undefined) return [];
  const log = readEffectLog(output.path(given));
  const instance = 'isolation';
  const first = witnesses.get(instance);
  if (first) return compareWitnesses(instance, first.log, log, first.rules.devicesOf);
  throw new OcxError({
    code: 'INPUT_EFFECT_LOG',
    message: 'the log of ocx devices is held against that of the isolation service',
    remedy: 'give that too, with --effects',
  });
}

function describeResult({ ok, counts, results, differences, findings }: ResimulateResult): string {
  const { events, exogenous, outcomes, timers, messages, crossed, restarts, witnessed } = counts;
  return [
    ok
      ? 'Live and simulated runs are one: 0 differences.'
      : `Live and simulated runs differ, in ${differences} places at least.`,
    `Events: ${events}; from outside ${exogenous}, answers of the world ${outcomes}; ` +
      `of the simulation's own making: timers ${timers}, messages between services ${messages}`,
    `Assignments ${told(results.assignments)}, prices ${told(results.prices)}, ` +
      `ledger ${told(results.ledger)}, nodes by the order of their effects ${told(results.nodes)}`,
    `Restarts: ${restarts}; timers that crossed their being called off: ${crossed}`,
    witnessed > 0
      ? `Effects held against the log of what the world was asked for: ${witnessed}`
      : 'No log of effects was given: that the world was asked for each once is believed.',
    ...findings.map(({ instance, record, what, cause }) =>
      [`${instance}${record === null ? '' : ` record ${record}`}: ${what}`, cause]
        .filter(Boolean)
        .join('; '),
    ),
  ].join('\n');
}

function told({ live, differences }: Compared): string {
  return `${live} (${differences} differ)`;
}

function refusalOf({ instance, record, what, cause }: Finding) {
  return {
    code: 'JOURNAL_RESIMULATION_DIFFERS',
    message: [`${instance}: ${what}`, cause].filter(Boolean).join('; '),
    ...(record === null ? {} : { place: { line: record } }),
  };
}
