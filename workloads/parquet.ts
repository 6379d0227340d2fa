/** Writes tables of columns as Apache Parquet. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ColumnTable, TableColumn } from './column-table.ts';

/** The whole file; the same table gives the same bytes. */
export function parquetBytes(table: ColumnTable): Uint8Array {
  const columnData = table.columns.map((column) => ({
    name: column.name,
    type: column.type,
    nullable: false,
    data: parquetValues(column),
  }));
  const kvMetadata = table.notes?.map(({ key, value }) => ({ key, value }));
  return new Uint8Array(
    parquetWriteBuffer({ columnData, createdBy: 'ocx', ...(kvMetadata ? { kvMetadata } : {}) }),
  );
}

function parquetValues(column: TableColumn): unknown[] | Int32Array | Float64Array {
  if (column.type === 'STRING') return Array.from(column.values as readonly string[]);
  const numbers = column.values as ArrayLike<number>;
  if (column.type === 'INT64') return Array.from(numbers, (value) => BigInt(Math.trunc(value)));
  if (column.type === 'INT32') return Int32Array.from(numbers);
  return Float64Array.from(numbers);
}
