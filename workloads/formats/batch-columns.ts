/** A batch log in canonical columns and in SWF, with a list of what each cannot hold. */
import type { JobTable } from '../../core/demand/jobs.ts';
import type { ColumnTable, TableColumn, TableNote } from '../column-table.ts';
import type { BatchLog } from './batch-log.ts';
import type { SwfDocument, TraceOptions } from './format.ts';
import { REST_NAMES, type SwfDetails } from './swf-columns.ts';
import type { SwfLog } from './swf.ts';
import { headerTexts, type SwfHeaderLines } from './swf-writer.ts';

/** Under this name Parquet keeps the header of a log, as a JSON list of its lines. */
export const HEADER_NOTE = 'ocx.swf-header';

/** A log of SWF: all 18 fields, and the instant of submission where the header gives the start. */
export function swfLogColumns(log: SwfLog): ColumnTable {
  const { jobs, details, header } = log;
  const columns = numberColumns(jobs, details!, header.unixStartSeconds);
  const names = [
    ['queueName', details!.queue, header.queues],
    ['partitionName', details!.partition, header.partitions],
  ] as const;
  for (const [name, numbers, known] of names) {
    if (known.size > 0) columns.push({ name, type: 'STRING', values: namesOf(numbers, known) });
  }
  return {
    rows: jobs.count,
    columns,
    notes: headerNotes(swfDocument(log, {}).header),
    notRepresented: lostInReading(log),
  };
}

/** All that was read, names and ids as written. */
export function batchColumns(log: BatchLog): ColumnTable {
  const { jobs, header } = log;
  const details = log.details!;
  const columns = numberColumns(jobs, details, header.unixStartSeconds);
  const text = (name: string, isKnown: boolean, values: readonly string[]) => {
    // A log that came in numbers has names only where it brought some.
    if (isKnown || !log.numbered) columns.push({ name, type: 'STRING', values });
  };
  text('id', renumbered(log) > 0, log.ids);
  text('userName', log.userNames.size > 0, namesOf(jobs.user, log.userNames));
  text('queueName', header.queues.size > 0, namesOf(details.queue, header.queues));
  text('partitionName', header.partitions.size > 0, namesOf(details.partition, header.partitions));
  if (log.nodes !== null) columns.push({ name: 'nodes', type: 'INT32', values: log.nodes });
  if (log.memoryMib !== null) {
    columns.push({ name: 'memoryMib', type: 'DOUBLE', values: log.memoryMib });
  }
  return {
    rows: jobs.count,
    columns,
    notes: headerNotes(batchSwf(log, {}).header),
    notRepresented: lostInReading(log),
  };
}

function namesOf(numbers: Int32Array, known: ReadonlyMap<number, string>): string[] {
  return Array.from(numbers, (number) => known.get(number) ?? '');
}

/** The columns that SWF has, too. */
function numberColumns(
  jobs: JobTable,
  details: SwfDetails,
  unixStartSeconds: number | null,
): TableColumn[] {
  const columns: TableColumn[] = [
    { name: 'job', type: 'INT64', values: jobs.jobNumber },
    { name: 'submitSeconds', type: 'DOUBLE', values: jobs.submitSeconds },
    { name: 'waitSeconds', type: 'DOUBLE', values: details.waitSeconds },
    { name: 'runSeconds', type: 'DOUBLE', values: jobs.runSeconds },
    { name: 'requestedSeconds', type: 'DOUBLE', values: jobs.estimateSeconds },
    { name: 'allocatedProcessors', type: 'INT32', values: details.allocated },
    { name: 'requestedProcessors', type: 'INT32', values: details.requested },
    { name: 'status', type: 'INT32', values: Int32Array.from(details.status) },
    { name: 'user', type: 'INT32', values: jobs.user },
    { name: 'queue', type: 'INT32', values: details.queue },
    { name: 'partition', type: 'INT32', values: details.partition },
  ];
  for (const name of REST_NAMES) {
    const values = details.rest?.[name];
    const isKnown = values?.some((value) => value !== -1) ?? false;
    if (isKnown) columns.push({ name, type: 'DOUBLE', values: values! });
  }
  if (unixStartSeconds !== null) {
    const values = jobs.submitSeconds.map((seconds) => unixStartSeconds + seconds);
    columns.push({ name: 'submitUnixSeconds', type: 'DOUBLE', values });
  }
  return columns;
}

function headerNotes(header: SwfHeaderLines): TableNote[] {
  const lines = headerTexts(header);
  if (lines.length === 0) return [];
  const words = `the ${lines.length} lines of the header (give --procs and --time-zone to read it again)`;
  return [{ key: HEADER_NOTE, value: JSON.stringify(lines), words }];
}

/** A log as it stands, in the header and the columns that are written. */
export function swfDocument(log: SwfLog, options: TraceOptions): SwfDocument {
  const { header, jobs, details, dropped } = log;
  const lines: SwfHeaderLines =
    header.lines.length > 0
      ? linesWith(header.lines, options.procs)
      : linesOfFacts(log, options.procs);
  return { jobs, details, header: lines, dropped, notRepresented: lostInReading(log) };
}

/** The lines of a header, with the processors that the user gave. */
function linesWith(lines: readonly string[], procs: number | undefined): SwfHeaderLines {
  if (procs === undefined) return lines;
  const others = lines.filter((line) => !/^\s*MaxProcs:/.test(line));
  return [...others, ['MaxProcs', procs]];
}

function linesOfFacts(log: SwfLog, procs: number | undefined): SwfHeaderLines {
  const { header } = log;
  const lines: (readonly [string, string | number | null])[] = [
    ['Version', '2.2'],
    ['Computer', header.computer],
    ['Installation', header.installation],
    ['Acknowledge', header.acknowledge],
    ['MaxJobs', log.jobs.count],
    ['MaxRecords', log.jobs.count],
    ['UnixStartTime', header.unixStartSeconds],
    ['TimeZoneString', header.timeZone],
    ['MaxNodes', header.maxNodes],
    ['MaxProcs', procs ?? header.maxProcs],
    ...header.notes.map((note) => ['Note', note] as const),
  ];
  return lines.filter((line): line is readonly [string, string | number] => line[1] !== null);
}

/** A log of another format as SWF: names of queues and partitions go into the header. */
export function batchSwf(log: BatchLog, options: TraceOptions): SwfDocument {
  const document = swfDocument(log, options);
  const { queues, partitions, lines } = log.header;
  const named = (label: string, names: ReadonlyMap<number, string>) =>
    [...names].map(([number, name]) => [label, `${number} ${name}`] as const);
  const header: SwfHeaderLines =
    lines.length > 0
      ? document.header
      : [...document.header, ...named('Queue', queues), ...named('Partition', partitions)];
  return {
    ...document,
    header,
    notRepresented: [...document.notRepresented, ...lostInSwf(log)],
  };
}

/** What a log in SWF says and no column has a place for. */
function lostInReading(log: SwfLog): string[] {
  const lost: string[] = [];
  if (log.dialect === 'alea') lost.push('node lists, names of queues and properties of Alea');
  if (log.outOfOrder > 0) {
    lost.push(`the order of ${log.outOfOrder} lines (jobs are sorted by submission)`);
  }
  return lost;
}

function renumbered(log: BatchLog): number {
  return log.ids.filter((id, i) => id !== String(log.jobs.jobNumber[i])).length;
}

function lostInSwf(log: BatchLog): string[] {
  const lost: string[] = [];
  const count = (values: ArrayLike<number>, test: (value: number) => boolean) =>
    Array.prototype.filter.call(values, test).length;
  const anew = renumbered(log);
  if (anew > 0) lost.push(`ids of ${anew} jobs, which are numbered anew`);
  if (log.userNames.size > 0) lost.push(`names of ${log.userNames.size} users`);
  if (log.nodes !== null) lost.push(`whole nodes of ${count(log.nodes, (n) => n > 0)} jobs`);
  if (log.memoryMib !== null) lost.push(`memory of ${count(log.memoryMib, (m) => m >= 0)} jobs`);
  return lost;
}
