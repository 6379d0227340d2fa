/** `ocx scenario check|schema|init`: validate a scenario, describe its keys, start a new one. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { loadScenario } from '../sim/scenario/load.ts';
import type { LoadedScenario } from '../sim/scenario/load.ts';
import { scenarioSchema } from '../sim/scenario/schema.ts';
import type { Organisation, Scenario } from '../sim/scenario/schema.ts';
import { resolveTracePath } from '../workloads/source.ts';
import { collect, defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText, writeAtomically } from './files.ts';
import { SCENARIO_TEMPLATE } from './scenario-template.ts';
import { formatTable } from './terminal/table.ts';
import { scenarioVocabulary } from './vocabulary.ts';

interface CheckOptions extends CommonOptions {
  readonly set?: readonly string[];
}

interface InitOptions extends CommonOptions {
  readonly force?: boolean;
}

/** What `check --json` prints. */
interface CheckedScenario {
  readonly ok: true;
  readonly file: string;
  readonly variants: readonly string[];
  /** With defaults filled in and settings applied. */
  readonly scenario: Scenario;
}

export function registerScenario(program: Command): void {
  const scenario = program
    .command('scenario')
    .description('Validate scenarios, describe their keys, start a new one.');
  defineCommand(scenario, 'check <file>', 'Validate a scenario and all its variants.')
    .option('--set <key.path=value>', 'change a value first; may be repeated', collect)
    .action((file: string, options: CheckOptions) =>
      runCommand(options, (output) => check(output, file, options.set ?? [])),
    );
  defineCommand(scenario, 'schema', 'Print the JSON Schema of scenarios.').action(
    (options: CommonOptions) =>
      runCommand(options, (output) => {
        const schema = scenarioSchema(scenarioVocabulary.workloadSchema);
        output.result(schema, (value) => JSON.stringify(value, null, 2));
      }),
  );
  defineCommand(scenario, 'init [file]', 'Write a small scenario to start from.')
    .option('--force', 'replace the file if it exists')
    .action((file: string | undefined, options: InitOptions) =>
      runCommand(options, (output) => init(output, file, options.force === true)),
    );
}

function check(output: Output, file: string, settings: readonly string[]): void {
  const path = output.path(file);
  const loaded = loadScenario(readInputText(path), file, settings, scenarioVocabulary);
  for (const { scenario } of loaded.variants) {
    for (const organisation of scenario.organisation) {
      checkTrace(organisation, file, dirname(path), output.streams.environment['OCX_TRACES']);
    }
  }
  const checked: CheckedScenario = {
    ok: true,
    file: path,
    variants: loaded.variants.map(({ name }) => name),
    scenario: loaded.scenario,
  };
  output.result(checked, () => describeScenario(loaded));
}

/** A trace that is not there would be found only when the comparison starts. */
function checkTrace(
  organisation: Organisation,
  file: string,
  scenarioFolder: string,
  tracesFolder: string | undefined,
): void {
  const { trace } = organisation.workload;
  if (typeof trace !== 'string') return;
  try {
    resolveTracePath(trace, { scenarioFolder, tracesFolder });
  } catch (error) {
    if (!(error instanceof OcxError)) throw error;
    const keyPath = `organisation.${organisation.name}.workload.trace`;
    throw new OcxError({
      code: error.code,
      message: `${error.message}: ${trace}`,
      place: { file, keyPath },
      ...(error.remedy ? { remedy: error.remedy } : {}),
    });
  }
}

function describeScenario({ scenario, variants }: LoadedScenario): string {
  const classes = scenario.nodeClass.map(({ name }) => name);
  const organisations = formatTable(
    [
      { head: 'organisation' },
      { head: 'kind' },
      ...classes.map((head) => ({ head, align: 'right' as const })),
      { head: 'security' },
      { head: 'workload' },
    ],
    scenario.organisation.map((organisation) => [
      organisation.name,
      organisation.kind,
      ...classes.map((name) => organisation.nodes[name] ?? 0),
      organisation.securityLevel,
      String(organisation.workload['trace'] ?? organisation.workload['model']),
    ]),
  );
  return [
    `${scenario.name} is valid: ${scenario.horizonDays} days, ${scenario.replications} replications.`,
    '',
    organisations,
    '',
    formatTable(
      [{ head: 'variant' }, { head: 'mechanism' }, { head: 'provisioning' }],
      variants.map(({ name, scenario: { market, provisioning } }) => [
        name,
        market.mechanism,
        provisioning.method,
      ]),
    ),
  ].join('\n');
}

function init(output: Output, file: string | undefined, force: boolean): void {
  if (file === undefined) {
    output.result({ scenario: SCENARIO_TEMPLATE }, ({ scenario }) => scenario);
    return;
  }
  const path = output.path(file);
  if (existsSync(path) && !force) {
    throw new OcxError({
      code: 'INPUT_FILE_EXISTS',
      message: 'the file exists already',
      place: { file },
      remedy: 'choose another name, or replace it with --force',
    });
  }
  writeAtomically(path, SCENARIO_TEMPLATE);
  output.result(
    { file: path },
    () => `Written: ${file}. Check it with: ocx scenario check ${file}`,
  );
}
