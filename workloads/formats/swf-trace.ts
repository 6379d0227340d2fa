/** The Standard Workload Format as a trace format: batch demand, inspection, columns. */
import { swfDocument, swfLogColumns } from './batch-columns.ts';
import { batchSchema, jobsAsLogged, loadBatch } from './batch-format.ts';
import type { TraceFormat } from './format.ts';
import { inspectSwf } from './swf-inspection.ts';
import { readSwf, type SwfLog } from './swf.ts';

export const swfFormat: TraceFormat = {
  name: 'swf',
  title: 'Standard Workload Format 2.2, and the 21-field dialect of Alea (batch jobs)',
  kinds: ['hpc', 'htc'],
  schema: batchSchema('swf', 'a log in the Standard Workload Format'),
  recognises: (fileName, head) =>
    /\.swf(\.gz|\.zst)?$/.test(fileName) ||
    /^[ \t]*(\d+[ \t]+){2}(-?[\d.]+[ \t]+){8,}/m.test(head) ||
    /^;\s*(Version|Computer|MaxProcs|MaxNodes|UnixStartTime):/m.test(head),
  load: (table: never, path, context) =>
    loadBatch(table, path, context, readDetailed, { name: 'swf' }),
  jobs: (table: never, path, nodes) => jobsAsLogged(table, path, nodes, readDetailed),
  inspect: (path, options) => inspectSwf(readDetailed(path), options),
  columns: (path) => swfLogColumns(readWhole(path)),
  swf: (path, options) => swfDocument(readWhole(path), options),
};

function readDetailed(path: string): SwfLog {
  return readSwf(path, { details: true, processors: 'allocated' });
}

/** For conversion, which loses no field. */
function readWhole(path: string): SwfLog {
  return readSwf(path, { everyField: true, processors: 'allocated' });
}
