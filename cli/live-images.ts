/** The store of images of `ocx serve`, as `[provisioning.images]` of its configuration says. */
import { dirname, join, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { EmulatedImageStore } from '../backends/images/emulated.ts';
import type { Exporter } from '../backends/images/exporter.ts';
import { FolderStore, STORE_FOLDERS } from '../backends/images/folder-store.ts';
import { IscsiExporter } from '../backends/images/iscsi-exporter.ts';
import { NbdExporter } from '../backends/images/nbd-exporter.ts';
import type { ImageStore } from '../backends/images/protocol.ts';
import { qcow2Volumes } from '../backends/images/qcow2-volumes.ts';
import { RbdVolumes } from '../backends/images/rbd-volumes.ts';
import type { Volumes } from '../backends/images/volumes.ts';
import { OcxError } from '../core/kernel/errors.ts';

const closed = { additionalProperties: false };
const port = (value: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: value });

const GIB = 1_073_741_824;

/** Drivers by their names. */
const DRIVERS = ['emulated', 'qcow2-nbd', 'qcow2-iscsi', 'ceph-rbd'] as const;

export const ImagesSchema = Type.Object(
  {
    driver: Type.Union(DRIVERS.map((name) => Type.Literal(name))),
    folder: Type.String({ default: 'images', description: 'of the store; relative to this file' }),
    importFolder: Type.Optional(Type.String({ description: 'files below it may be imported' })),
    host: Type.String({ default: '127.0.0.1', description: 'address that nodes find disks at' }),
    firstPort: port(10_800),
    lastPort: port(11_799),
    iscsiPort: port(3_260),
    tlsFolder: Type.Optional(Type.String({ description: 'certificates for NBD over TLS' })),
    fileGib: Type.Integer({ minimum: 1, maximum: 65_536, default: 64 }),
    diskGib: Type.Integer({ minimum: 1, maximum: 65_536, default: 256 }),
    reserveGib: Type.Number({ minimum: 0, maximum: 65_536, default: 1 }),
    mendSeconds: Type.Number({ minimum: 1, maximum: 3_600, default: 5 }),
    ceph: Type.Optional(
      Type.Object(
        {
          pool: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
          user: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', default: 'admin' }),
          configurationFile: Type.String({ default: '/etc/ceph/ceph.conf' }),
        },
        closed,
      ),
    ),
  },
  closed,
);

export type ImagesTable = Static<typeof ImagesSchema>;

export interface OpenedImages {
  readonly store: ImageStore;
  /** Where uploads go; null: there are none. */
  readonly uploadFolder: string | null;
  readonly uploadBytesMaximum: number;
  /** Kept free of uploads and imports. */
  readonly reserveBytes: number;
}

/**
 * @param file of the configuration, whose folder relative paths are in
 * @param tunnelHost address inside the tunnel for encrypted disks; null: `host`
 * @throws INPUT_SERVE_IMAGES
 */
export function openImages(
  table: ImagesTable,
  file: string,
  tunnelHost: string | null,
): OpenedImages {
  const uploadBytesMaximum = table.fileGib * GIB;
  const reserveBytes = table.reserveGib * GIB;
  if (table.driver === 'emulated') {
    return {
      store: new EmulatedImageStore(),
      uploadFolder: null,
      uploadBytesMaximum,
      reserveBytes,
    };
  }
  const path = (name: string) => resolve(dirname(file), name);
  const folder = path(table.folder);
  const store = new FolderStore(
    {
      folder,
      host: table.host,
      tunnelHost,
      importFolder: table.importFolder === undefined ? null : path(table.importFolder),
      limits: { fileBytes: uploadBytesMaximum, diskBytes: table.diskGib * GIB },
      reserveBytes,
    },
    volumesOf(table, file),
    exporterOf(table, join(folder, STORE_FOLDERS.run), path),
  );
  const uploadFolder = join(folder, STORE_FOLDERS.uploads);
  return { store, uploadFolder, uploadBytesMaximum, reserveBytes };
}

function volumesOf({ driver, ceph }: ImagesTable, file: string): Volumes {
  if (driver !== 'ceph-rbd') return qcow2Volumes;
  if (ceph) return new RbdVolumes(ceph);
  throw bad('the driver needs a pool of Ceph', 'ceph', file);
}

function exporterOf(
  table: ImagesTable,
  runFolder: string,
  path: (name: string) => string,
): Exporter {
  const { driver, iscsiPort, firstPort, lastPort, tlsFolder } = table;
  if (driver === 'qcow2-iscsi') return new IscsiExporter({ runFolder, port: iscsiPort });
  const tls = tlsFolder === undefined ? null : path(tlsFolder);
  return new NbdExporter({ runFolder, firstPort, lastPort, tlsFolder: tls });
}

function bad(message: string, key: string, file: string): OcxError {
  return new OcxError({
    code: 'INPUT_SERVE_IMAGES',
    message,
    place: { file, keyPath: `provisioning.images.${key}` },
    remedy: 'see docs/disks.md',
  });
}
