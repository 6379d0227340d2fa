/** The provisioning service of `ocx serve`: its store of images, the boot desk and the tunnel. */
import { dirname, join, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { bootApi } from '../backends/boot/boot-api.ts';
import { BootDesk, type BootableNode } from '../backends/boot/boot-desk.ts';
import { readShareSecret } from '../backends/boot/key-shares.ts';
import { Tunnel } from '../backends/boot/tunnel.ts';
import { provisioningFacade } from '../backends/http/provisioning-routes.ts';
import { uploadApi } from '../backends/http/upload-api.ts';
import { liveClock, type Clock } from '../backends/runner/clock.ts';
import { liveProvisioning, type ProvisioningEffect } from '../backends/runner/provisioning.ts';
import { ProvisioningWork } from '../backends/runner/provisioning-work.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { SECOND_MS } from '../core/kernel/units.ts';
import { PROVISIONER_DEFAULTS } from '../core/provisioner/state.ts';
import { ImagesSchema, openImages } from './live-images.ts';
import type { LiveRole, Served, ServeRequest } from './live-role.ts';
import { answerCalls, listen, startService } from './live-service.ts';

const closed = { additionalProperties: false };
const named = { pattern: '^[\\x21-\\x7e]{1,128}$' };
const address = { pattern: '^[0-9]{1,3}(\\.[0-9]{1,3}){3}$' };
const mac = { pattern: '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' };
const port = (value: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: value });

const NodeSchema = Type.Object(
  {
    nodeId: Type.String(named),
    macs: Type.Array(Type.String(mac), { minItems: 1 }),
    address: Type.Optional(Type.String({ ...address, description: 'that DHCP gives it' })),
    tunnelAddress: Type.Optional(Type.String({ ...address, description: 'inside the tunnel' })),
  },
  closed,
);

const TunnelSchema = Type.Object(
  {
    interface: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$', default: 'ocxwg' }),
    address: Type.String({ ...address, description: 'of this end, inside the tunnel' }),
    port: port(51_820),
    host: Type.String({ ...address, description: 'where nodes find this end, in the enclave' }),
  },
  closed,
);

const BootSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', description: 'of this service in the enclave' }),
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8_080 }),
    image: Type.Optional(Type.String({ description: 'the boot image; relative to this file' })),
    nodes: Type.Array(NodeSchema, { default: [] }),
    tunnel: Type.Optional(TunnelSchema),
  },
  closed,
);

const TableSchema = Type.Object({
  name: Type.String({ ...named, default: 'provisioner' }),
  operators: Type.Array(Type.String(named), { default: [] }),
  images: ImagesSchema,
  boot: Type.Optional(BootSchema),
  keyShareFile: Type.Optional(
    Type.String({ description: 'the secret that the attester of level full has too' }),
  ),
});

type Table = Static<typeof TableSchema>;
type BootTable = Static<typeof BootSchema>;

export const provisioningRole: LiveRole = {
  name: 'provisioning',
  keys: TableSchema.properties,
  needs: ['provisioning'],
  serve: serveProvisioning,
};

/** What one round of looking after servers may take. */
const MEND_MS = 60_000;
const START_MS = 60_000;

async function serveProvisioning(request: ServeRequest): Promise<Served> {
  const { file, log } = request;
  const table = request.table as unknown as Table;
  const path = (name: string) => resolve(dirname(file), name);
  const folder = path(table.images.folder);
  const tunnel = await openTunnel(table.boot, folder);
  const images = openImages(table.images, file, tunnel?.address ?? null);
  const { store } = images;
  const recovered = await store.recover();
  log(`${JSON.stringify({ msg: 'images and disks', ...recovered })}\n`);
  const nodes = nodesOf(table.boot, file);
  const desk = table.boot && (await openDesk(table, nodes, store, folder, tunnel, path));
  let clock: Clock | undefined;
  const work = new ProvisioningWork({
    ...{ store, nodes, tunnel, desk: desk ?? null },
    nowMs: () => clock!.nowMs(),
  });
  const { name, operators } = table;
  const configuration = { ...PROVISIONER_DEFAULTS, name, operators, watchdog: true };
  const started = await startService(request, liveProvisioning, {
    ...{ journal: provisioningRole.name, configuration },
    clock: (notBeforeMs) => (clock = liveClock(notBeforeMs)),
    // Only these have outcomes.
    carryOut: (effect, state, confirm) =>
      work.carryOut(effect as ProvisioningEffect, state, confirm),
  });
  const { runner } = started;
  const mending = again(
    table.images.mendSeconds * SECOND_MS,
    async () => {
      const mended = await work.mend(runner.state, AbortSignal.timeout(MEND_MS));
      if (mended.length > 0) log(`${JSON.stringify({ msg: 'served again', disks: mended })}\n`);
    },
    log,
  );
  const bootServer = desk && (await openBootServer(desk, table.boot!, path));
  const { uploadFolder: uploads, uploadBytesMaximum, reserveBytes } = images;
  const extend = (scope: FastifyInstance) => {
    if (uploads === null) return;
    uploadApi({ folder: uploads, uploadBytesMaximum, reserveBytes })(scope);
  };
  return answerCalls(request, started, provisioningFacade, extend, async () => {
    mending.stop();
    work.stop();
    desk?.close();
    await bootServer?.close();
    await store.close();
  });
}

async function openTunnel(boot: BootTable | undefined, folder: string): Promise<Tunnel | null> {
  if (!boot?.tunnel) return null;
  const keyFile = join(folder, 'tunnel.key');
  return Tunnel.open({ ...boot.tunnel, keyFile }, AbortSignal.timeout(START_MS));
}

async function openDesk(
  { keyShareFile }: Table,
  nodes: readonly BootableNode[],
  store: ReturnType<typeof openImages>['store'],
  folder: string,
  tunnel: Tunnel | null,
  path: (name: string) => string,
): Promise<BootDesk> {
  const shareSecret = keyShareFile === undefined ? null : readShareSecret(path(keyShareFile));
  const desk = new BootDesk({ nodes, store, folder: join(folder, 'boots'), shareSecret, tunnel });
  await desk.load();
  return desk;
}

async function openBootServer(
  desk: BootDesk,
  { host, port: number, image }: BootTable,
  path: (name: string) => string,
): Promise<FastifyInstance> {
  const app = bootApi({ desk, imageFile: image === undefined ? null : path(image) });
  await listen(app, { host, port: number, tls: null });
  return app;
}

/** @throws INPUT_SERVE_BOOT where two nodes have something in common */
function nodesOf(boot: BootTable | undefined, file: string): BootableNode[] {
  const taken = new Set<string>();
  return (boot?.nodes ?? []).map(({ nodeId, macs, address: own, tunnelAddress }, index) => {
    const all = [`node ${nodeId}`, ...macs, own ?? [], `tunnel ${tunnelAddress ?? nodeId}`].flat();
    for (const name of all) {
      if (taken.has(name)) {
        throw new OcxError({
          code: 'INPUT_SERVE_BOOT',
          message: `two nodes have ${name}`,
          place: { file, keyPath: `provisioning.boot.nodes[${index}]` },
        });
      }
      taken.add(name);
    }
    return { nodeId, macs, address: own ?? null, tunnelAddress: tunnelAddress ?? null };
  });
}

/** Does it again and again, each time after the last one has ended; what fails is only told. */
function again(everyMs: number, act: () => Promise<void>, log: (line: string) => void) {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const round = async () => {
    await act().catch((error: unknown) => {
      log(`${JSON.stringify({ msg: 'disks could not be looked after', error: String(error) })}\n`);
    });
    if (!isStopped) timer = setTimeout(round, everyMs);
  };
  timer = setTimeout(round, everyMs);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
