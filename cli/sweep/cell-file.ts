/**
 * A finished cell as a file of its own: one replication's results of one combination of levels.
 * Numbers come back as they were, so that results gathered from files are the same bytes whoever
 * did the cells, and when.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RunOutcome } from '../../core/metrics/outcome.ts';
import type { TaskResult } from '../../sim/experiment/task.ts';

const SCHEMA = 'ocx-cell/1';

/** A crash may leave anything; this is what a cell's results may take, bytes. */
const LARGEST_CELL = 2 ** 30;

const COLUMN_TYPES = { Float64Array, Int32Array, Uint8Array } as const;

/** @param key what the results depend on; results under another key are not used */
export function encodeCell(key: string, results: readonly TaskResult[]): Uint8Array {
  const text = JSON.stringify({ schema: SCHEMA, key, results: results.map(withoutJobs) }, pack);
  const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
  return zstdCompressSync(text, { params });
}

/** Null where the bytes are no whole cell of this key. */
export function decodeCell(bytes: Uint8Array, key: string): TaskResult[] | null {
  const text = textOfCell(bytes, key);
  if (text === null) return null;
  try {
    return (unpack(JSON.parse(text)) as { results: TaskResult[] }).results;
  } catch {
    return null;
  }
}

/** Whether the bytes are a whole cell of this key; its results are not read. */
export function isCellOf(bytes: Uint8Array, key: string): boolean {
  return textOfCell(bytes, key) !== null;
}

/** The frame carries a checksum of what was packed, so that a text that comes out is whole. */
function textOfCell(bytes: Uint8Array, key: string): string | null {
  try {
    const text = zstdDecompressSync(bytes, { maxOutputLength: LARGEST_CELL }).toString('utf8');
    const start = JSON.stringify({ schema: SCHEMA, key }).slice(0, -1);
    return text.startsWith(`${start},`) && text.endsWith('}') ? text : null;
  } catch {
    return null;
  }
}

/** Rows of jobs are for people who look into one run; no metric is computed from them. */
function withoutJobs(result: TaskResult): TaskResult {
  if (result.kind !== 'run' && result.kind !== 'calm') return result;
  const strip = (run: RunOutcome): RunOutcome => ({
    ...run,
    organisations: run.organisations.map((one) => ({ ...one, jobs: null })),
  });
  const { outcome, forks } = result;
  return { ...result, outcome: strip(outcome), ...(forks ? { forks: forks.map(strip) } : {}) };
}

interface PackedColumn {
  readonly column: keyof typeof COLUMN_TYPES;
  readonly base64: string;
}

function pack(_: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  const column = value.constructor.name as keyof typeof COLUMN_TYPES;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { column, base64: bytes.toString('base64') } satisfies PackedColumn;
}

/** Puts the columns back, in place: a reviver of JSON.parse would be called for every number. */
function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value) && 'base64' in value) {
    const { column, base64 } = value as PackedColumn;
    const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
    return new COLUMN_TYPES[column](bytes.buffer);
  }
  const entries = value as Record<string, unknown>;
  for (const key of Object.keys(entries)) {
    const entry = entries[key];
    if (typeof entry === 'object' && entry !== null) entries[key] = unpack(entry);
  }
  return value;
}
