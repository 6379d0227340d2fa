/** Every trace format as a reader for fuzzing: a file is read, or refused with one INPUT_ error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { OcxError } from '../../core/kernel/errors.ts';
import { recogniseFormat, TRACE_FILES } from '../../workloads/formats/registry.ts';
import type { TraceFile } from '../../workloads/formats/format.ts';
import { parquetBytes } from '../../workloads/parquet.ts';
import type { ColumnTable } from '../../workloads/column-table.ts';
import { SAMPLES } from '../workloads/samples.ts';
import type { Reader } from './fuzzing.ts';

const OPEN_DC: ColumnTable = {
  rows: 3,
  columns: [
    { name: 'id', type: 'INT32', values: [1, 2, 3] },
    {
      name: 'submission_time',
      type: 'INT64',
      values: [1_664_575_200_000, 1_664_575_260_000, 1_664_575_260_000],
    },
    { name: 'duration', type: 'INT64', values: [1_500, 0, 3_000] },
    { name: 'cpu_count', type: 'INT32', values: [1, 16, 2] },
    { name: 'cpu_capacity', type: 'DOUBLE', values: [2_600.5, 1, 2] },
    { name: 'mem_capacity', type: 'INT64', values: [100_000, 1, 2] },
  ],
};
const FRAGMENTS: ColumnTable = {
  rows: 3,
  columns: [
    { name: 'id', type: 'STRING', values: ['a', 'b', 'a'] },
    { name: 'duration', type: 'INT64', values: [300_000, 300_000, 5] },
    { name: 'cpu_usage', type: 'DOUBLE', values: [1, 2, 3] },
  ],
};

/** The bytes of a small SQLite database. */
function packingDatabase(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-fuzz-'));
  try {
    const path = join(folder, 'a.sqlite');
    const database = new DatabaseSync(path);
    database.exec(
      `PRAGMA page_size = 512;
      CREATE TABLE vmType (id, vmTypeId, machineId, core, memory);
      CREATE TABLE vm (vmId, tenantId, vmTypeId, priority, starttime, endtime);
      INSERT INTO vmType VALUES (1, 1, 5, 0.25, 0.5), (2, 2, 5, 0.5, 0.125);
      INSERT INTO vm VALUES (1, 7, 1, 0, -2.5, 0.5), (2, 7, 2, 1, 0.25, NULL), (3, 8, 1, 0, 1.5, 2)`,
    );
    database.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Samples of a format: as text, or for Parquet its bytes; of the text ones also packed. */
export function samplesOf(name: string): Uint8Array[] {
  if (name === 'azure-packing') return [packingDatabase()];
  if (name === 'opendc') return [parquetBytes(OPEN_DC)];
  if (name === 'opendc-fragments') return [parquetBytes(FRAGMENTS)];
  const text = Buffer.from(SAMPLES[name]!);
  // Most damage goes to the text itself: behind a checksum nearly all of it is refused at once.
  return [text, text, text, text, text, text, gzipSync(text), zstdCompressSync(text)];
}

/** An archive of two series and a text, plain and packed. */
function archiveSamples(): Uint8Array[] {
  const member = (name: string, text: string) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(text.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    header.write('ustar', 257);
    return Buffer.concat([header, Buffer.from(text), Buffer.alloc(-text.length & 511)]);
  };
  const archive = Buffer.concat([
    member('days/a.csv', SAMPLES['day-ahead']!),
    member('days/b.csv', SAMPLES['day-ahead']!),
    member('README', 'words\n'),
    Buffer.alloc(1_024),
  ]);
  return [archive, archive, archive, gzipSync(archive)];
}

export function traceReaders(path: string): Reader[] {
  const archive: Reader = {
    name: 'archive',
    samples: archiveSamples(),
    read: (bytes) => {
      writeFileSync(path, bytes);
      return promised(() => {
        const format = recogniseFormat(path);
        format.inspect(path, {});
        format.columns(path, {});
      });
    },
  };
  return [...formatReaders(path), archive];
}

function formatReaders(path: string): Reader[] {
  return TRACE_FILES.map((format) => ({
    name: format.name,
    samples: samplesOf(format.name),
    read: (bytes) => {
      writeFileSync(path, bytes);
      return readsOrRefuses(format, path);
    },
  }));
}

function readsOrRefuses(format: TraceFile, path: string): boolean {
  return promised(() => {
    const { records, dropped } = format.inspect(path, {});
    const counts = [records, ...Object.values(dropped)];
    if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) {
      throw new Error(`it counts ${JSON.stringify(counts)}`);
    }
    const { rows, columns } = format.columns(path, {});
    for (const { name, values } of columns) {
      if (values.length !== rows) throw new Error(`column ${name} has ${values.length} of ${rows}`);
    }
    format.swf?.(path, {});
  });
}

/** True where it ended well, false where it refused in one line with an INPUT_ code. */
export function promised(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof OcxError) || !error.code.startsWith('INPUT_')) throw error;
    if (`${error.message}${error.remedy ?? ''}`.includes('\n')) {
      const message = `its refusal is not one line: ${JSON.stringify(error.message)}`;
      throw new Error(message, { cause: error });
    }
    return false;
  }
}
