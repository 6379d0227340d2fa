/** The trace formats, one file each. */
import { basename } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { readHead } from '../input.ts';
import { azureFormat } from './azure-stream.ts';
import { deadlineFormat } from './deadline-calendar.ts';
import { femaFormat } from './fema.ts';
import { needsFormat } from './needs-csv.ts';
import { swfFormat } from './swf-trace.ts';
import type { TraceFormat } from './format.ts';

export const TRACE_FORMATS: readonly TraceFormat[] = [
  swfFormat,
  azureFormat,
  femaFormat,
  deadlineFormat,
  needsFormat,
];

export function formatNamed(name: string): TraceFormat | null {
  return TRACE_FORMATS.find((format) => format.name === name) ?? null;
}

/** The format that a file's name alone suggests, or null. */
export function recogniseByName(path: string): TraceFormat | null {
  return TRACE_FORMATS.find((format) => format.recognises(basename(path), '')) ?? null;
}

/**
 * The format of a file, by its name and its first kilobytes.
 *
 * @throws OcxError INPUT_FORMAT where none is recognised, INPUT_… where it cannot be opened
 */
export function recogniseFormat(path: string): TraceFormat {
  const head = readHead(path);
  const found = TRACE_FORMATS.find((format) => format.recognises(basename(path), head));
  if (found !== undefined) return found;
  throw new OcxError({
    code: 'INPUT_FORMAT',
    message: 'the format of the file is not recognised',
    place: { file: path },
    remedy: `give --format, one of ${TRACE_FORMATS.map((format) => format.name).join(', ')}`,
  });
}
