/** `[isolation.redfish]`: the Redfish service of the leases, and the secret that makes passwords. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Type, type Static } from 'typebox';
import { serviceGateway, type IsolationRunner } from '../backends/http/gateway.ts';
import { isolationFacade } from '../backends/http/isolation-routes.ts';
import { addCredentialCall } from '../backends/redfish/credential-call.ts';
import { isolationNodes } from '../backends/redfish/isolation-nodes.ts';
import { addRedfish } from '../backends/redfish/redfish-service.ts';
import { OcxError } from '../core/kernel/errors.ts';
import type { ServeRequest } from './live-role.ts';
import type { Started } from './live-service.ts';

const closed = { additionalProperties: false };
const count = { minimum: 1, maximum: 4_096 };

const TableSchema = Type.Object(
  {
    secretFile: Type.String({
      description: 'made where it is missing; only its owner may read it; relative to this file',
    }),
    hardware: Type.Array(
      Type.Object(
        {
          nodeClass: Type.String(),
          processors: Type.Integer({ ...count, default: 1, description: 'sockets' }),
          coresPerProcessor: Type.Integer(count),
          threadsPerProcessor: Type.Integer(count),
          memoryGib: Type.Number({ exclusiveMinimum: 0, maximum: 1_048_576 }),
          architecture: Type.Union([Type.Literal('x86'), Type.Literal('ARM')], { default: 'x86' }),
        },
        closed,
      ),
      { default: [], description: 'what the nodes of a class are, for inspection by lessees' },
    ),
  },
  closed,
);

export const RedfishSchema = Type.Optional(TableSchema);

/** 256 bits. */
const SECRET_BYTES = 32;
const OTHERS = 0o077;

export interface RedfishExtensions {
  extend(scope: FastifyInstance): void;
  beside(app: FastifyInstance): void;
}

/** Nothing where the configuration has no such table. @throws INPUT_SECRET_FILE */
export function redfishOf(
  { table, file, store }: ServeRequest,
  { runner, journal }: Started<IsolationRunner>,
): RedfishExtensions {
  const given = table['redfish'] as Static<typeof TableSchema> | undefined;
  if (!given) return { extend() {}, beside() {} };
  const secret = readSecret(resolve(dirname(file), given.secretFile));
  const gateway = serviceGateway(isolationFacade, runner, store, journal);
  const nodes = isolationNodes(runner, gateway);
  const { hardware } = given;
  return {
    extend: (scope) => addCredentialCall(scope, { nodes, secret }),
    beside: (app) => addRedfish(app, { nodes, secret, hardware }),
  };
}

/** Made once; a standby on another machine needs a copy of it. @throws INPUT_SECRET_FILE */
export function readSecret(path: string): Buffer {
  const known = statSync(path, { throwIfNoEntry: false });
  if (!known) writeFileSync(path, randomBytes(SECRET_BYTES), { mode: 0o600, flag: 'wx' });
  const isOpen = known !== undefined && (known.mode & OTHERS) !== 0;
  const secret = isOpen ? null : readFileSync(path);
  if (secret && secret.length >= SECRET_BYTES) return secret;
  throw new OcxError({
    code: 'INPUT_SECRET_FILE',
    message: isOpen
      ? 'others may read the secret'
      : `the secret has fewer than ${SECRET_BYTES} bytes`,
    place: { file: path, keyPath: 'isolation.redfish.secretFile' },
    remedy: isOpen ? 'make a new one with mode 0600: this one may be known' : 'make a new one',
  });
}
