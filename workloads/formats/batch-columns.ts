/** A batch log in canonical columns and in SWF, with a list of what SWF cannot hold. */
import type { JobTable } from '../../core/demand/jobs.ts';
import type { ColumnTable, TableColumn } from '../column-table.ts';
import type { BatchLog } from './batch-log.ts';
import type { SwfDocument, TraceOptions } from './format.ts';
import type { SwfDetails } from './swf-columns.ts';
import type { SwfLog } from './swf.ts';

/** The columns that SWF has, too. */
export function swfColumns(jobs: JobTable, details: SwfDetails): TableColumn[] {
  return [
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
}

/** All that was read, names and ids as written. */
export function batchColumns(log: BatchLog): ColumnTable {
  const { jobs, header } = log;
  const details = log.details!;
  const names = (numbers: Int32Array, name: (number: number) => string | undefined) =>
    Array.from(numbers, (number) => name(number) ?? '');
  const columns: TableColumn[] = [
    ...swfColumns(jobs, details),
    { name: 'id', type: 'STRING', values: log.ids },
    {
      name: 'userName',
      type: 'STRING',
      values: names(jobs.user, (number) => log.userNames[number - 1]),
    },
    {
      name: 'queueName',
      type: 'STRING',
      values: names(details.queue, (number) => header.queues.get(number)),
    },
    {
      name: 'partitionName',
      type: 'STRING',
      values: names(details.partition, (number) => header.partitions.get(number)),
    },
  ];
  if (log.nodes !== null) columns.push({ name: 'nodes', type: 'INT32', values: log.nodes });
  if (log.memoryMib !== null) {
    columns.push({ name: 'memoryMib', type: 'DOUBLE', values: log.memoryMib });
  }
  return { rows: jobs.count, columns };
}

/** A log as it stands, in the header and the columns that are written. */
export function swfDocument(log: SwfLog, options: TraceOptions): SwfDocument {
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
    ['MaxProcs', options.procs ?? header.maxProcs],
    ...header.notes.map((note) => ['Note', note] as const),
  ];
  const known = lines.filter(
    (line): line is readonly [string, string | number] => line[1] !== null,
  );
  const { jobs, details, dropped } = log;
  return { jobs, details, header: known, dropped, notRepresented: [] };
}

/** A log of another format as SWF: names of queues and partitions go into the header. */
export function batchSwf(log: BatchLog, options: TraceOptions): SwfDocument {
  const document = swfDocument(log, options);
  const { queues, partitions } = log.header;
  const named = (label: string, names: ReadonlyMap<number, string>) =>
    [...names].map(([number, name]) => [label, `${number} ${name}`] as const);
  return {
    ...document,
    header: [...document.header, ...named('Queue', queues), ...named('Partition', partitions)],
    notRepresented: notRepresented(log),
  };
}

function notRepresented(log: BatchLog): string[] {
  const lost: string[] = [];
  const count = (values: ArrayLike<number>, test: (value: number) => boolean) =>
    Array.prototype.filter.call(values, test).length;
  const renumbered = log.ids.filter((id, i) => id !== String(log.jobs.jobNumber[i])).length;
  if (renumbered > 0) lost.push(`ids of ${renumbered} jobs, which are numbered anew`);
  if (log.userNames.length > 0) lost.push(`names of ${log.userNames.length} users`);
  if (log.nodes !== null) lost.push(`whole nodes of ${count(log.nodes, (n) => n > 0)} jobs`);
  if (log.memoryMib !== null) lost.push(`memory of ${count(log.memoryMib, (m) => m >= 0)} jobs`);
  return lost;
}
