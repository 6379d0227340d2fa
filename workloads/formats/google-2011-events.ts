/** Rows of the event tables of Google's cluster trace of 2011, each with what its event does. */
import { CSV_OPTIONS, delimitedRows, numberIn, refuseCutOff } from '../delimited.ts';
import type { DelimitedRow } from '../delimited.ts';
import type { SetAside } from '../set-aside.ts';

/** Events 0 to 6, SUBMIT to LOST, which both tables have; 7 and 8 are updates. */
export const LIFE_EVENTS = ['submit', 'schedule', 'end', 'end', 'end', 'end', 'end'] as const;

/** The shape of one of the tables. */
export interface EventTable<Kind extends string> {
  /** Columns of a row. */
  readonly fields: number;
  /** The column of the event, from 0. */
  readonly event: number;
  /** What events do, by their numbers. */
  readonly kinds: readonly Kind[];
}

/**
 * Rows of another length, and those of no known event, are set aside.
 *
 * @throws OcxError INPUT_CSV, INPUT_TRUNCATED, …
 */
export function* google2011Events<Kind extends string>(
  path: string,
  { fields, event, kinds }: EventTable<Kind>,
  aside: SetAside,
): Generator<{ readonly kind: Kind; readonly row: DelimitedRow }> {
  for (const row of delimitedRows(path, { ...CSV_OPTIONS, comment: '#' })) {
    refuseCutOff(path, row, fields);
    const kind = kinds[numberIn(row.text(event)) ?? -1];
    if (row.fields.length !== fields) aside.add('fieldCount', row.placeOf(0));
    else if (kind === undefined) aside.add('eventUnknown', row.placeOf(event));
    else yield { kind, row };
  }
}
