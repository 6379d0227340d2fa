/**
 * Tables of virtual machines of the public Azure traces V1 and V2 (Cortez et al., SOSP 2017): CSV
 * without a header, 11 columns. In V2 cores and memory are buckets, the largest ones open (`>24`).
 */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import { machineFormat } from './machine-format.ts';
import { MachineRecorder, type MachineLog } from './machine-log.ts';
import type { TraceFormat } from './format.ts';

export const azureVmFormat: TraceFormat = machineFormat({
  name: 'azure-vms',
  title: 'vmtable of the public Azure traces V1 and V2 (virtual machines)',
  lost: ['deployments, and the use of processors'],
  description: 'a table of virtual machines of the public Azure traces',
  recognises: (fileName, head) =>
    /vmtable.*\.csv(\.gz|\.zst)?$/.test(fileName) || /^([\w+/=]{30,},){3}\d+,\d+,/.test(head),
  read: readAzureVms,
});

const FIELDS = 11;
const [ID, OWNER, , CREATED, DELETED, , , , CATEGORY, CORES, MEMORY] = Array(FIELDS).keys();
/** The traces' end is 2,591,700 s in V1 and 2,591,400 s in V2: what ends then was cut off. */
const CUT_OFF_SECONDS = 2_591_400;
const GRID_SECONDS = 300;

/** @throws OcxError INPUT_CSV, INPUT_TRUNCATED, INPUT_NO_ROWS, … */
export function readAzureVms(path: string): MachineLog {
  const recorder = new MachineRecorder(path);
  let buckets = 0;
  let first = true;
  for (const row of delimitedRows(path, CSV_OPTIONS)) {
    refuseCutOff(path, row, FIELDS);
    const heading = first && /^vm_?id$/i.test(row.text(ID!));
    first = false;
    if (heading) continue;
    if (row.fields.length !== FIELDS) {
      recorder.aside.add('fieldCount', row.placeOf(0));
      continue;
    }
    const created = numberIn(row.text(CREATED!));
    const deleted = numberIn(row.text(DELETED!));
    if (created === null || deleted === null) {
      recorder.aside.add('timeUnknown', row.placeOf(created === null ? CREATED! : DELETED!));
      continue;
    }
    const cores = size(row.text(CORES!));
    const memory = size(row.text(MEMORY!));
    const taken = recorder.count;
    const outlasts = deleted >= CUT_OFF_SECONDS;
    if (outlasts) recorder.lastsUntil(Math.min(deleted, 2 * CUT_OFF_SECONDS));
    recorder.add(
      {
        id: row.text(ID!),
        startSeconds: created,
        endSeconds: outlasts ? null : deleted,
        begunBefore: created === 0,
        cores: cores.value,
        memoryGb: memory.value,
        owner: row.text(OWNER!),
        category: row.text(CATEGORY!),
      },
      row.placeOf(Number.isNaN(cores.value) ? CORES! : CREATED!),
    );
    if (recorder.count === taken) continue;
    if (cores.open || memory.open) {
      buckets += 1;
      recorder.odd('sizeAtLeast');
    }
    if (created % GRID_SECONDS !== 0) recorder.odd('notOnTheGridOf300s');
  }
  const oddities = ['the weekday of time 0 and the time zone are not known'];
  if (buckets > 0) oddities.push('sizes of open buckets (">24") count with their lower bound');
  return recorder.finish('azure-vms', false, oddities);
}

/** A number, or the lower bound of an open bucket. */
function size(text: string): { value: number; open: boolean } {
  const open = text.startsWith('>');
  return { value: numberIn(open ? text.slice(1).trim() : text) ?? NaN, open };
}
