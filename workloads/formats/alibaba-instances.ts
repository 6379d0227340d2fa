/**
 * `batch_instance` of Alibaba's cluster trace of 2018: CSV without a header, 14 columns, one row an
 * instance of a task. What it used on average is what is packed: instances have no request.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { TraceFormat } from './format.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';

export const alibabaInstancesFormat: TraceFormat = machineFormat({
  name: 'alibaba-2018-instances',
  title: "batch_instance of Alibaba's cluster trace of 2018 (tasks)",
  lost: ['machines, peaks and memory'],
  description: "instances of batch tasks of Alibaba's cluster trace of 2018",
  recognises: (fileName, head) =>
    /^batch_instance.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^ins_\d+,[\w.]+,j_\d+,\w*,\w+,\d*,\d*,(m_\d+)?,/.test(head),
  read: readAlibabaInstances,
});

const FIELDS = 14;
const [NAME, TASK, JOB, , STATUS, START, END, , SEQUENCE, , CPU] = Array(FIELDS).keys();
const HUNDREDTHS = 100;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibabaInstances(path: string): MachineLog {
  const recorder = new MachineRecorder(path);
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    refuseCutOff(path, row, FIELDS);
    const start = numberIn(row.text(START!)) ?? 0;
    const end = numberIn(row.text(END!)) ?? 0;
    const status = row.text(STATUS!);
    const reason =
      row.fields.length !== FIELDS
        ? (['fieldCount', 0] as const)
        : start <= 0
          ? (['startUnknown', START!] as const)
          : end <= 0 && status === 'Terminated'
            ? (['endUnknown', END!] as const)
            : null;
    if (reason !== null) {
      recorder.aside.add(reason[0], row.placeOf(reason[1]));
      continue;
    }
    const names = [JOB!, TASK!, NAME!, SEQUENCE!].map((index) => row.text(index));
    recorder.add(
      {
        id: names.join('/'),
        startSeconds: start,
        // An instance that still runs has no end yet.
        endSeconds: end <= 0 ? null : end,
        begunBefore: false,
        cores: (numberIn(row.text(CPU!)) ?? NaN) / HUNDREDTHS,
        memoryGb: 0,
        owner: row.text(JOB!),
        category: status,
      },
      row.placeOf(CPU!),
    );
  }
  return recorder.finish('alibaba-2018-instances', false, [
    'cores are what an instance used on average; memory is normalised and is not kept',
  ]);
}
