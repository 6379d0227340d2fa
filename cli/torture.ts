/** `ocx torture`: the lease walk under faults, seed after seed; the first that fails can be run again. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { OcxError } from '../core/kernel/errors.ts';
import { MINUTE_MS } from '../core/kernel/units.ts';
import { runFaultSeed } from '../sim/fault/fault-seed.ts';
import { MUTANTS, type Mutant } from '../sim/fault/mutants.ts';
import { defineCommand, runCommand, wholeNumber } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { defaultWorkers, spread } from './pool.ts';
import { tortureSeed } from './torture/seed.ts';
import type { SeedSummary, TortureWorkerData } from './torture/seed.ts';

interface TortureOptions extends CommonOptions {
  readonly seeds?: SeedRange;
  readonly minutes?: number;
  readonly jobs?: number;
  readonly plant?: string;
  readonly trace?: string;
}

interface SeedRange {
  readonly from: number;
  readonly to: number;
}

/** What `--json` prints. */
interface TortureResult {
  readonly seeds: number;
  readonly events: number;
  readonly faults: number;
  /** Node-leases that came to active, were freed, were withheld. */
  readonly outcomes: { readonly active: number; readonly freed: number; readonly withheld: number };
  readonly failing: readonly SeedSummary[];
}

const DEFAULT_SEEDS: SeedRange = { from: 1, to: 500 };
const SEEDS_MAXIMUM = 10_000_000;
/** Seeds between two looks at the clock; each batch has threads of its own. */
const SEEDS_A_BATCH = 1_000;
/** More failing seeds than that tell nothing new. */
const FAILING_MAXIMUM = 20;

export function registerTorture(program: Command): void {
  defineCommand(
    program,
    'torture',
    'Lease nodes under lost, late, doubled and uncertain outcomes, crashes and hostile parties.',
  )
    .option('--seeds <a..b>', 'seeds to run, e.g. 1..500 (the default) or 42', seedRange)
    .option('--minutes <number>', 'go on from the first seed for so long', wholeNumber(1, 10_080))
    .option('--jobs <number>', 'worker threads (default: one a processor)', wholeNumber(1, 1024))
    .option('--plant <bug>', `plant a bug, which has to be found: ${MUTANTS.join(', ')}`)
    .option('--trace <node>', 'of one seed, print everything that this node goes through')
    .action((options: TortureOptions) => runCommand(options, (output) => torture(output, options)));
}

async function torture(output: Output, options: TortureOptions): Promise<void> {
  const mutant = mutantOf(options.plant);
  const { from, to } = options.seeds ?? DEFAULT_SEEDS;
  if (options.trace !== undefined) {
    trace(output, from, mutant, options.trace);
    return;
  }
  const workers = options.jobs ?? defaultWorkers();
  const endMs =
    options.minutes === undefined ? null : performance.now() + options.minutes * MINUTE_MS;
  const last = endMs === null ? to : SEEDS_MAXIMUM;
  const progress = output.progress('seeds', endMs === null ? to - from + 1 : 0);
  const sums = { seeds: 0, events: 0, faults: 0, active: 0, freed: 0, withheld: 0 };
  const failing: SeedSummary[] = [];
  for (let next = from; next <= last && failing.length < FAILING_MAXIMUM; next += SEEDS_A_BATCH) {
    if (endMs !== null && performance.now() >= endMs) break;
    const count = Math.min(SEEDS_A_BATCH, last - next + 1);
    const batch = new Array<SeedSummary>(count);
    await spread<number, SeedSummary>(
      {
        worker: 'torture/worker',
        data: { mutant } satisfies TortureWorkerData,
        items: Array.from({ length: count }, (_, index) => next + index),
        alone: async () => (seed) => tortureSeed(seed, mutant),
        finished: (summary, _, index) => {
          batch[index] = summary;
          progress.update(++sums.seeds);
        },
      },
      Math.min(workers, count),
    );
    for (const summary of batch) {
      sums.events += summary.events;
      sums.faults += summary.faults;
      sums.active += summary.active;
      sums.freed += summary.freed;
      sums.withheld += summary.withheld;
      if (summary.violations.length > 0) failing.push(summary);
    }
  }
  progress.finish();
  const { seeds, events, faults, ...outcomes } = sums;
  report(output, { seeds, events, faults, outcomes, failing }, options.plant);
}

function report(output: Output, result: TortureResult, plant: string | undefined): void {
  output.result(result, ({ seeds, events, faults, outcomes, failing }) => {
    const { active, freed, withheld } = outcomes;
    return [
      `${seeds} seeds: ${events} events, ${faults} faults; ${active} node-leases came to active, ${freed} were freed, ${withheld} withheld`,
      ...failing.map(({ seed, violations }) => {
        const [{ invariant, timeMs, detail }] = violations as [SeedSummary['violations'][number]];
        return `seed ${seed} at ${timeMs} ms: ${invariant}: ${detail}`;
      }),
    ].join('\n');
  });
  const [first] = result.failing;
  if (!first) return;
  const planted = plant === undefined ? '' : ` --plant ${plant}`;
  output.negative({
    code: 'RESULT_INVARIANT',
    message: `seed ${first.seed} breaks ${first.violations[0]!.invariant}`,
    remedy: `run it again with: ocx torture --seeds ${first.seed}${planted}`,
  });
}

/** One seed in full, as far as it is about one node. */
function trace(output: Output, seed: number, mutant: Mutant | null, nodeId: string): void {
  const lines: string[] = [];
  const { violations, digest } = runFaultSeed(seed, {
    mutant,
    trace: (line, node) => {
      if (node === null || node === nodeId) lines.push(line);
    },
  });
  output.result({ seed, nodeId, digest, violations, lines }, () => lines.join('\n'));
}

function mutantOf(name: string | undefined): Mutant | null {
  if (name === undefined) return null;
  const mutant = MUTANTS.find((known) => known === name);
  if (mutant) return mutant;
  throw new OcxError({
    code: 'INPUT_ARGUMENT',
    message: `no planted bug is called ${JSON.stringify(name)}`,
    remedy: `use one of ${MUTANTS.join(', ')}`,
  });
}

function seedRange(text: string): SeedRange {
  const [, first, last = first] = /^(\d{1,8})(?:\.\.(\d{1,8}))?$/.exec(text) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (range.from >= 1 && range.to >= range.from && range.to <= SEEDS_MAXIMUM) return range;
  throw new InvalidArgumentError('It must be a seed such as 42, or a range such as 1..500.');
}
