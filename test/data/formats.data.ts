/** Every real sample of a trace format is recognised, read and counted. OCX_TRACES names the folder. */
import { join } from 'node:path';
import test from 'ava';
import { recogniseFormat } from '../../workloads/formats/registry.ts';

const traces = process.env['OCX_TRACES'];
const withTraces = traces === undefined ? test.skip : test;

interface Sample {
  readonly file: string;
  readonly format: string;
  readonly records: number;
  readonly dropped?: Record<string, number>;
}

const SAMPLES: readonly Sample[] = [
  {
    file: 'formats/sacct_dump2101.log',
    format: 'sacct',
    records: 12,
    dropped: { fieldCount: 1, step: 2 },
  },
  { file: 'formats/sacct_dump2110.log', format: 'sacct', records: 5, dropped: { step: 2 } },
  { file: 'formats/sacct_simple.log', format: 'sacct', records: 4 },
  {
    file: 'formats/sacct_submitline_multiline.log',
    format: 'sacct',
    records: 6,
    dropped: { step: 7 },
  },
  { file: 'formats/sample.gwf', format: 'gwf', records: 70 },
  { file: 'formats/batsim-test_delays.json', format: 'batsim', records: 10 },
  { file: 'formats/batsim-test_various_profile_types.json', format: 'batsim', records: 11 },
  { file: 'formats/batsim-test_walltime.json', format: 'batsim', records: 44 },
  { file: 'hpc/nrel-eagle-sample-1000.csv', format: 'eagle', records: 1_000 },
  { file: 'formats/azure-v1-vmtable.sample.csv.gz', format: 'azure-vms', records: 10 },
  {
    file: 'cloud/alibaba-gpu-v2023-openb_pod_list_default.csv.gz',
    format: 'alibaba-gpu-2023',
    records: 7_255,
    dropped: { neverScheduled: 897 },
  },
  { file: 'formats/google2011-task-events-sample-1.csv', format: 'google-2011', records: 11 },
];

for (const { file, format, records, dropped } of SAMPLES) {
  withTraces(`${file} is recognised as ${format} and every record is accounted for`, (t) => {
    const path = join(traces!, file);
    const found = recogniseFormat(path);
    t.is(found.name, format);
    const inspection = found.inspect(path, {});
    t.is(inspection.records, records);
    t.deepEqual({ ...inspection.dropped }, dropped ?? {});
    t.true(found.columns(path, {}).rows > 0);
  });
}
