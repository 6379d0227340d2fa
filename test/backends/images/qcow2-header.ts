/** A qcow2 header as qemu-img makes it, for tests to change. */

export interface HeaderFields {
  readonly version?: number;
  readonly backingOffset?: bigint;
  readonly backingLength?: number;
  readonly clusterBits?: number;
  readonly sizeBytes?: bigint;
  readonly encryption?: number;
  readonly tableEntries?: number;
  readonly tableOffset?: bigint;
  readonly snapshots?: number;
  readonly features?: bigint;
  readonly headerBytes?: number;
  readonly extensions?: readonly (readonly [type: number, data: string])[];
}

export const FILE_BYTES = 4 * 65_536;

/** The whole file: header, reference counts, first table, all else zero. */
export function qcow2File(fields: HeaderFields = {}): Buffer {
  const file = Buffer.alloc(FILE_BYTES);
  file.write('QFI\xfb', 'latin1');
  file.writeUInt32BE(fields.version ?? 3, 4);
  file.writeBigUInt64BE(fields.backingOffset ?? 0n, 8);
  file.writeUInt32BE(fields.backingLength ?? 0, 16);
  file.writeUInt32BE(fields.clusterBits ?? 16, 20);
  file.writeBigUInt64BE(fields.sizeBytes ?? 1_073_741_824n, 24);
  file.writeUInt32BE(fields.encryption ?? 0, 32);
  file.writeUInt32BE(fields.tableEntries ?? 2, 36);
  file.writeBigUInt64BE(fields.tableOffset ?? 196_608n, 40);
  file.writeBigUInt64BE(65_536n, 48);
  file.writeUInt32BE(1, 56);
  file.writeUInt32BE(fields.snapshots ?? 0, 60);
  if ((fields.version ?? 3) < 3) return file;
  file.writeBigUInt64BE(fields.features ?? 0n, 72);
  file.writeUInt32BE(4, 96);
  const headerBytes = fields.headerBytes ?? 112;
  file.writeUInt32BE(headerBytes, 100);
  let offset = headerBytes;
  for (const [type, data] of fields.extensions ?? []) {
    file.writeUInt32BE(type, offset);
    file.writeUInt32BE(data.length, offset + 4);
    file.write(data, offset + 8);
    offset += 8 + Math.ceil(data.length / 8) * 8;
  }
  return file;
}
