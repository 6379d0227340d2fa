/**
 * Pods of Alibaba's GPU cluster trace of 2023 (Weng et al., USENIX ATC 2023): CSV with a header,
 * seconds since the trace's start; pods that were never scheduled have no scheduled time.
 */
import { CSV_OPTIONS, headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';
import type { TraceFormat } from './format.ts';

export const alibabaGpuFormat: TraceFormat = machineFormat({
  name: 'alibaba-gpu-2023',
  title: "pods of Alibaba's GPU cluster trace of 2023 (containers)",
  lost: ['GPUs, phases and times of creation'],
  description: "pods of Alibaba's GPU cluster trace of 2023",
  countsGpus: true,
  recognises: (_fileName, head) =>
    /^\uFEFF?name,cpu_milli,memory_mib,num_gpu,gpu_milli,/.test(head),
  read: readAlibabaGpu,
});

const MILLI = 1_000;
const MIB_PER_GIB = 1_024;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibabaGpu(path: string): MachineLog {
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const recorder = new MachineRecorder(path);
  const at = {
    id: header.need('name'),
    cores: header.need('cpu_milli'),
    memory: header.need('memory_mib'),
    gpus: header.need('num_gpu'),
    gpuMilli: header.need('gpu_milli'),
    category: header.need('qos'),
    deleted: header.need('deletion_time'),
    scheduled: header.need('scheduled_time'),
  };
  let withGpus = 0;
  for (const row of rows) {
    refuseCutOff(path, row, header.width);
    if (row.fields.length !== header.width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const start = numberIn(row.text(at.scheduled));
    if (start === null) {
      const never = row.text(at.scheduled) === '';
      recorder.aside.add(never ? 'neverScheduled' : 'timeUnknown', row.placeOf(at.scheduled));
      continue;
    }
    const number = (index: number) => numberIn(row.text(index)) ?? NaN;
    const end = numberIn(row.text(at.deleted));
    if (number(at.gpus) > 0) withGpus += 1;
    recorder.add(
      {
        id: row.text(at.id),
        startSeconds: start,
        endSeconds: end,
        begunBefore: false,
        cores: number(at.cores) / MILLI,
        memoryGb: number(at.memory) / MIB_PER_GIB,
        // A pod has whole GPUs, or a part of one.
        gpus: (number(at.gpus) * number(at.gpuMilli)) / MILLI,
        owner: '',
        category: row.text(at.category),
      },
      row.placeOf(at.scheduled),
    );
  }
  return recorder.finish('alibaba-gpu-2023', false, [
    `${withGpus} pods ask for GPUs; packing counts them where the node says how many it has`,
    'pods of the first 70 % of the trace are few: cut it before use as an arrival process',
  ]);
}
