/**
 * Jobs of NREL's Eagle (Menear et al., PEARC 2023): CSV with a header, made of Slurm's accounting
 * by its publishers. Tasks of an array share one id.
 */
import { CSV_OPTIONS, headedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { batchFormat, timeZoneField } from './batch-format.ts';
import { BatchRecorder, UNKNOWN_RECORD, type BatchLog } from './batch-log.ts';
import { LogClock } from './clock.ts';
import type { TraceFormat, TraceOptions } from './format.ts';

export const eagleFormat: TraceFormat = batchFormat({
  name: 'eagle',
  title: "jobs of NREL's Eagle, CSV (batch jobs)",
  lost: ['accounts and GPUs'],
  description: "jobs of NREL's Eagle as published",
  fields: timeZoneField,
  recognises: (_fileName, head) =>
    /^\uFEFF?job_id,user,account,partition,[^\n]*submit_time/.test(head),
  read: readEagle,
});

const STATUS: ReadonlyMap<string, number> = new Map([
  ['COMPLETED', 1],
  ['CANCELLED', 5],
]);

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readEagle(path: string, options: TraceOptions = {}): BatchLog {
  const { header, rows } = headedRows(path, CSV_OPTIONS);
  const recorder = new BatchRecorder(path);
  const clock = new LogClock(options.timeZone);
  const at = {
    id: header.need('job_id'),
    user: header.find('user'),
    partition: header.find('partition'),
    queue: header.find('qos'),
    requested: header.need('wallclock_req'),
    nodes: header.need('nodes_req'),
    processors: header.need('processors_req'),
    memory: header.find('mem_req'),
    submit: header.need('submit_time'),
    start: header.need('start_time'),
    run: header.need('run_time'),
    state: header.need('state'),
  };
  let lines = 1;
  for (const row of rows) {
    lines = row.line;
    refuseCutOff(path, row, header.width);
    if (row.fields.length !== header.width) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const submit = clock.seconds(row.text(at.submit));
    const start = clock.seconds(row.text(at.start));
    const number = (index: number) => numberIn(row.text(index)) ?? -1;
    const memory = number(at.memory);
    recorder.add(
      {
        ...UNKNOWN_RECORD,
        id: row.text(at.id),
        submitSeconds: submit ?? -1,
        waitSeconds: submit === null || start === null ? -1 : start - submit,
        runSeconds: number(at.run),
        requestedSeconds: number(at.requested),
        requested: number(at.processors),
        nodes: number(at.nodes),
        status: STATUS.get(row.text(at.state).split(' ', 1)[0]!) ?? 0,
        user: row.text(at.user),
        queue: row.text(at.queue),
        partition: row.text(at.partition),
        // 0 stands for what was not asked for.
        memoryMib: memory > 0 ? memory : -1,
      },
      row.placeOf(submit === null ? at.submit : 0),
    );
  }
  const timeZone = options.timeZone ?? null;
  return recorder.finish(
    { format: 'eagle', absolute: true, timeZone, oddities: clock.oddities() },
    lines,
  );
}
