/** Machines, tasks or pods as `ocx trace convert` writes them, CSV or Parquet. */
import { numberIn } from '../delimited.ts';
import { openTable } from '../table-rows.ts';
import { refuseColumns } from './canonical-table.ts';
import type { TraceFormat } from './format.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';

export const machinesFormat: TraceFormat = machineFormat({
  name: 'machines',
  title: 'machines as ocx trace convert writes them, CSV or Parquet (virtual machines)',
  description: 'machines as ocx trace convert writes them, CSV or Parquet',
  recognises: (_fileName, head) =>
    /^(\uFEFF)?id,startSeconds,endSeconds,cores/.test(head) ||
    (head.startsWith('PAR1') && head.includes('aliveBefore') && head.includes('outlasts')),
  read: readCanonicalMachines,
});

const COLUMNS = [
  'id',
  'startSeconds',
  'endSeconds',
  'cores',
  'coresShare',
  'memoryGb',
  'memoryShare',
  'owner',
  'category',
  'aliveBefore',
  'outlasts',
] as const;

/** @throws OcxError INPUT_COLUMNS, INPUT_CSV, INPUT_PARQUET, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readCanonicalMachines(path: string): MachineLog {
  const table = openTable(path, COLUMNS);
  const shares = table.names.has('coresShare');
  const [cores, memory] = shares ? ['coresShare', 'memoryShare'] : ['cores', 'memoryGb'];
  refuseColumns(path, table, ['startSeconds', 'endSeconds', cores!, memory!]);
  const recorder = new MachineRecorder(path);
  for (const row of table.rows) {
    const number = (column: string) => numberIn(row.text(column)) ?? NaN;
    const [start, end] = [number('startSeconds'), number('endSeconds')];
    if (!row.complete) {
      recorder.aside.add('fieldCount', row.placeOf(''));
      continue;
    }
    if (Number.isNaN(start) || Number.isNaN(end)) {
      recorder.aside.add(
        'timeUnknown',
        row.placeOf(Number.isNaN(start) ? 'startSeconds' : 'endSeconds'),
      );
      continue;
    }
    const outlasts = number('outlasts') === 1;
    recorder.add(
      {
        id: row.text('id'),
        startSeconds: start,
        endSeconds: outlasts ? null : end,
        begunBefore: number('aliveBefore') === 1,
        cores: number(cores!),
        memoryGb: number(memory!),
        owner: row.text('owner'),
        category: row.text('category'),
      },
      row.placeOf('startSeconds'),
    );
    // The log lasts until the end that was written for those that outlast it.
    if (outlasts && end <= 1e11) recorder.lastsUntil(end);
  }
  return recorder.finish('machines', shares, []);
}
