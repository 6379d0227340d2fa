/** What the canonical forms of all kinds share. */
import { OcxError } from '../../core/kernel/errors.ts';
import type { TableFile } from '../table-rows.ts';

/** @throws OcxError INPUT_COLUMNS where the table lacks one of these columns */
export function refuseColumns(path: string, table: TableFile, needed: readonly string[]): void {
  const missing = needed.filter((name) => !table.names.has(name));
  if (missing.length === 0) return;
  throw new OcxError({
    code: 'INPUT_COLUMNS',
    message: `the table has no column ${missing.join(', ')}`,
    place: { file: path, line: 1 },
    remedy: 'check that ocx trace convert wrote it; other CSV files are read with --columns',
  });
}
