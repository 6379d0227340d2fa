/**
 * Batch tasks of Alibaba's cluster trace of 2018 (schema of cluster-trace-v2018): CSV without a
 * header, one row a task of a job, `instance_num` instances of `plan_cpu` hundredths of a core.
 * There is no submission: tasks count as submitted when they start.
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { batchFormat } from './batch-format.ts';
import { BatchRecorder, UNKNOWN_RECORD, type BatchLog } from './batch-log.ts';
import type { TraceFormat } from './format.ts';

export const alibaba2018Format: TraceFormat = batchFormat({
  name: 'alibaba-2018',
  title: "batch_task of Alibaba's cluster trace of 2018 (batch jobs)",
  lost: ['types of tasks, their order and their memory'],
  description: "batch tasks of Alibaba's cluster trace of 2018",
  label: 'derived',
  recognises: (fileName, head) =>
    /^batch_task.*\.csv(\.gz|\.zst)?$/.test(fileName) ||
    /^[\w.]+,\d+,j_\d+,\w+,(Terminated|Failed|Running|Waiting),\d*,\d*,/.test(head),
  read: readAlibaba2018,
});

const FIELDS = 9;
const [NAME, INSTANCES, JOB, , STATUS, START, END, PLAN_CPU, PLAN_MEMORY] = Array(FIELDS).keys();
const ENDED: ReadonlyMap<string, number> = new Map([
  ['Terminated', 1],
  ['Failed', 0],
  ['Cancelled', 5],
]);
const HUNDREDTHS = 100;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAlibaba2018(path: string): BatchLog {
  const recorder = new BatchRecorder(path);
  let lines = 0;
  let depending = 0;
  let last = '';
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    lines = row.line;
    refuseCutOff(path, row, FIELDS);
    const start = numberIn(row.text(START!));
    const end = numberIn(row.text(END!));
    const instances = numberIn(row.text(INSTANCES!));
    const cpu = numberIn(row.text(PLAN_CPU!));
    const id = `${row.text(JOB!)}/${row.text(NAME!)}`;
    const status = ENDED.get(row.text(STATUS!));
    const reason =
      row.fields.length !== FIELDS
        ? (['fieldCount', 0] as const)
        : status === undefined
          ? (['notEnded', STATUS!] as const)
          : start === null || start <= 0
            ? (['startUnknown', START!] as const)
            : end === null || end <= 0
              ? (['endUnknown', END!] as const)
              : end < start
                ? (['endsBeforeItStarts', END!] as const)
                : instances === null || cpu === null
                  ? (['sizeUnknown', instances === null ? INSTANCES! : PLAN_CPU!] as const)
                  : row.fields.join() === last
                    ? (['repeatedRow', 0] as const)
                    : null;
    if (reason !== null) {
      recorder.aside.add(reason[0], row.placeOf(reason[1]));
      continue;
    }
    last = row.fields.join();
    // "R2_1" waits for task 1 of its job; "task_x" names carry no order.
    if (/^[A-Z]+\d+(_\d+)+$/.test(row.text(NAME!))) depending += 1;
    recorder.add(
      {
        ...UNKNOWN_RECORD,
        id,
        submitSeconds: start!,
        waitSeconds: 0,
        runSeconds: end! - start!,
        requested: Math.ceil((instances! * cpu!) / HUNDREDTHS - 1e-9),
        status: status!,
        // Memory is normalised to an undisclosed size: not an amount.
        memoryMib: -1,
      },
      row.placeOf(START!),
    );
  }
  const oddities = [
    'tasks have no submission: they count as submitted when they start',
    `memory is a share of an undisclosed size and is not kept (column ${PLAN_MEMORY! + 1})`,
  ];
  if (depending > 0) {
    oddities.push(`${depending} tasks wait for others of their job, which is not kept`);
  }
  return recorder.finish({ format: 'alibaba-2018', absolute: false, oddities }, lines);
}
