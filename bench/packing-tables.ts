/**
 * Packs real traces and clouds of the model in every way, and prints the tables. With `--record` they
 * go into `docs/results/packing.md`. Needs OCX_TRACES for the traces.
 */
import { join } from 'node:path';
import { DAY_MS } from '../core/kernel/units.ts';
import { estimate } from '../core/metrics/statistics.ts';
import type { NodeClass } from '../workloads/cloud/node-class.ts';
import { REAL_PACKINGS } from '../workloads/cloud/packed-need.ts';
import type { Packing } from '../workloads/cloud/packing.ts';
import { recogniseFormat } from '../workloads/formats/registry.ts';
import { loadDemand } from '../workloads/source.ts';
import { significant } from '../workloads/statistics.ts';
import { writeMarkedBlock } from './marked-block.ts';

const PAGE = join(import.meta.dirname, '../docs/results/packing.md');

const AZURE = 'cloud/azure-v1.train.txt.gz';
const ALIBABA = 'cloud/alibaba-gpu-v2023-openb_pod_list_default.csv.gz';

const TRACES: readonly (readonly [name: string, file: string, node: NodeClass])[] = [
  ['Azure V1', AZURE, { cores: 32, memoryGb: 256 }],
  ['Azure V1', AZURE, { cores: 16, memoryGb: 112 }],
  ['Azure V1', AZURE, { cores: 64, memoryGb: 224 }],
  ['Alibaba GPU 2023', ALIBABA, { cores: 96, memoryGb: 384, gpus: 8 }],
  ['Alibaba GPU 2023', ALIBABA, { cores: 96, memoryGb: 384 }],
];

const DAYS = 28;
const REPLICATIONS = 24;
const CLOUDS = [16, 64, 256];

const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
const table = (heads: readonly string[], rows: readonly string[]) =>
  [row(heads), row(heads.map(() => '---')), ...rows].join('\n');

function traceTable(folder: string): string {
  const rows = TRACES.map(([name, file, node]) => {
    const path = join(folder, file);
    const { facts } = recogniseFormat(path).inspect(path, { pack: node });
    const value = (fact: string) => facts.find((known) => known.name === fact)?.value ?? '';
    const of = (packing: string) =>
      `${value(`nodes ${packing}, mean`)} (${value(`nodes ${packing}, over totals`)}), ${value(`nodes ${packing}, most`)}`;
    return row([
      name,
      String(value('packed on')),
      String(value('machines packed')),
      String(value('machines that fit no node, set aside')),
      `${value('nodes by totals, mean')}, ${value('nodes by totals, most')}`,
      ...REAL_PACKINGS.map(of),
    ]);
  });
  return table(['trace', 'node', 'machines', 'fit no node', '⌈totals⌉', ...REAL_PACKINGS], rows);
}

/** What a need is like over time: means of replications. */
function cloudRow(nodes: number, packing: Packing): string {
  const horizonMs = DAYS * DAY_MS;
  const context = {
    kind: 'cloud',
    organisation: 'cloud',
    seed: 1,
    horizonMs,
    warmUpMs: 0,
    nodes,
    scenarioFolder: '.',
    tracesFolder: undefined,
  } as const;
  const over: number[] = [];
  const means: number[] = [];
  const deviations: number[] = [];
  const changes: number[] = [];
  for (let replication = 0; replication < REPLICATIONS; replication++) {
    const { demand, sources } = loadDemand(
      { model: 'azure-batches', packing },
      { ...context, replication },
    );
    if (demand.kind !== 'cloud') throw new Error('no cloud');
    const { timeMs, nodes: need } = demand.needs;
    let [sum, square] = [0, 0];
    need.forEach((value, at) => {
      const length = ((timeMs[at + 1] ?? horizonMs) - timeMs[at]!) / horizonMs;
      sum += value * length;
      square += value * value * length;
    });
    means.push(sum);
    deviations.push(Math.sqrt(Math.max(0, square - sum * sum)) / sum);
    changes.push(need.length - 1);
    over.push(Number(/([\d.]+) times the least/.exec(sources[0]!.treatment)?.[1] ?? NaN));
  }
  const cell = (values: readonly number[], digits = 3) => {
    if (values.some(Number.isNaN)) return '';
    const { mean, ci95 } = estimate(values);
    return `${significant(mean, digits)} [${ci95.map((bound) => significant(bound, digits)).join(', ')}]`;
  };
  const asked = significant(0.7 * nodes);
  return row([asked, packing, cell(means), cell(over), cell(deviations, 2), cell(changes)]);
}

function cloudTable(): string {
  const packings: readonly Packing[] = ['totals', ...REAL_PACKINGS];
  return table(
    ['asked for', '`packing`', 'mean nodes', 'over ⌈totals⌉', 'deviation over time', 'changes'],
    CLOUDS.flatMap((nodes) => packings.map((packing) => cloudRow(nodes, packing))),
  );
}

const folder = process.env['OCX_TRACES'];
const tables = [cloudTable()];
if (folder === undefined) process.stderr.write('OCX_TRACES is not set: no traces are packed\n');
else tables.unshift(traceTable(folder));
process.stdout.write(`${tables.join('\n\n')}\n`);
if (process.argv.includes('--record')) {
  if (folder === undefined) process.exitCode = 2;
  else tables.forEach((text, at) => writeMarkedBlock(PAGE, ['traces', 'clouds'][at]!, text));
}
