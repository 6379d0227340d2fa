/** What `ocx serve --config FILE` reads: where to listen, who may call, which devices, which site. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { Type, type Static, type TSchema } from 'typebox';
import { OcxError } from '../core/kernel/errors.ts';
import type { IsolationConfiguration } from '../core/allocator/enrolment.ts';
import { parseDocument, schemaError, type DocumentKind } from '../sim/scenario/document.ts';
import { readInputText } from './files.ts';
import { PageServersSchema } from './live-page.ts';
import { PeersSchema } from './live-peers.ts';
import type { Listening, LiveRole } from './live-role.ts';

const closed = { additionalProperties: false };
const named = { pattern: '^[\\x21-\\x7e]{1,128}$' };

const TlsSchema = Type.Object(
  {
    certificate: Type.String({ description: 'PEM file; relative to this one' }),
    key: Type.String(),
    clientAuthority: Type.Optional(
      Type.String({ description: 'PEM file: callers must show a certificate of this authority' }),
    ),
  },
  closed,
);

const ListenSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1' }),
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 7400 }),
    socket: Type.Optional(
      Type.String({ description: 'instead of host and port: path of a Unix socket, relative' }),
    ),
    tls: Type.Optional(TlsSchema),
  },
  closed,
);

const TokensSchema = Type.Array(
  Type.Object(
    {
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      role: Type.Union(['admin', 'organisation', 'service'].map((role) => Type.Literal(role))),
      name: Type.String(named),
      access: Type.Union([Type.Literal('read'), Type.Literal('write')], { default: 'write' }),
    },
    closed,
  ),
);

const DevicesSchema = Type.Object(
  {
    driver: Type.Union([
      Type.Literal('emulated', { description: 'hardware in memory, for trying it out' }),
      Type.Literal('process', { description: '`ocx devices`, which has the credentials' }),
    ]),
    socket: Type.Optional(
      Type.String({ description: 'of the process of the devices; relative to this file' }),
    ),
    readBackSeconds: Type.Number({ minimum: 1, maximum: 60, default: 20 }),
  },
  closed,
);

const PageSchema = Type.Object(
  {
    listen: Type.Unsafe<Static<typeof ListenSchema>>({
      ...ListenSchema,
      default: { port: 7480 },
    }),
    servers: PageServersSchema,
  },
  { ...closed, description: 'a page for people; what it shows, the visitor’s token may read' },
);

const ServeSchema = Type.Object(
  {
    listen: Type.Unsafe<Static<typeof ListenSchema>>({ ...ListenSchema, default: {} }),
    tokens: Type.Unsafe<Static<typeof TokensSchema>>({ ...TokensSchema, default: [] }),
    peers: Type.Unsafe<Static<typeof PeersSchema>>({ ...PeersSchema, default: [] }),
    devices: Type.Optional(DevicesSchema),
    effectLogs: Type.Optional(
      Type.String({ description: 'folder: what each service asks the world for, relative' }),
    ),
    page: Type.Optional(PageSchema),
    site: Type.Unsafe<IsolationConfiguration>(Type.Object({}, { default: {} })),
  },
  closed,
);

/** What a role's own table may have instead of what stands above. */
const TABLE_KEYS = {
  listen: Type.Optional(ListenSchema),
  tokens: Type.Optional(TokensSchema),
  peers: Type.Optional(PeersSchema),
};

/** With a table for every role, and what these roles cannot do without. */
function schemaFor(roles: readonly LiveRole[], all: readonly LiveRole[]): TSchema {
  const tables = all.map(({ name, keys }) => {
    return [name, Type.Optional(Type.Object({ ...TABLE_KEYS, ...keys }, closed))] as const;
  });
  const schema = Type.Object({ ...ServeSchema.properties, ...Object.fromEntries(tables) }, closed);
  const required = roles.flatMap(({ needs }) => needs);
  return { ...schema, required: [...new Set([...schema.required!, ...required])] } as TSchema;
}

export type ServeConfiguration = Static<typeof ServeSchema>;

/** What every role has, and what is its own. */
export type RoleTable = Pick<ServeConfiguration, 'listen' | 'tokens' | 'peers'> &
  Readonly<Record<string, unknown>>;

/** Keys and certificates, read. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

const SERVE: DocumentKind = {
  noun: 'configuration',
  code: 'INPUT_SERVE',
  start: 'see docs/deploy.md',
  describe: 'see docs/deploy.md',
};

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** @throws INPUT_SERVE_… */
export function readServeConfiguration(
  path: string,
  roles: readonly LiveRole[],
  all: readonly LiveRole[],
): ServeConfiguration {
  const document = parseDocument(readInputText(path), path, SERVE);
  const ajv = new Ajv({ useDefaults: true, strict: false, verbose: true });
  const validate = ajv.compile(schemaFor(roles, all));
  if (!validate(document)) throw schemaError(validate.errors![0]!, document, path, SERVE);
  return document as unknown as ServeConfiguration;
}

/** The table of a role; what it does not say stands at the top. */
export function tableOf(configuration: ServeConfiguration, { name }: LiveRole): RoleTable {
  const { listen, tokens, peers } = configuration;
  const tables = configuration as unknown as Readonly<Record<string, RoleTable | undefined>>;
  return { listen, tokens, peers, ...tables[name] };
}

/**
 * Provisioning and attestation know the owners of images and policies by their names alone.
 *
 * @throws INPUT_SERVE_PARTY where two parties have one name
 */
export function requireDistinctParties({ tokens }: RoleTable, file: string): void {
  const roles = new Map<string, string>();
  for (const { role, name } of tokens) {
    const known = roles.get(name) ?? role;
    roles.set(name, known);
    if (known === role) continue;
    throw new OcxError({
      code: 'INPUT_SERVE_PARTY',
      message: `${name} is the name of a party with the role ${known} and of one with ${role}`,
      place: { file, keyPath: 'tokens' },
      remedy: 'give each party a name of its own',
    });
  }
}

/**
 * Where the role listens; paths are relative to the configuration's folder.
 *
 * @param port instead of what the table says
 * @throws INPUT_INSECURE_LISTEN
 */
export function listeningOf(
  { listen }: Pick<RoleTable, 'listen'>,
  path: string,
  port?: number,
): Listening {
  const { host, tls, socket } = listen;
  if (port === undefined && socket !== undefined) {
    return { socket: resolve(dirname(path), socket) };
  }
  if (tls || LOOPBACK.has(host)) {
    return { host, port: port ?? listen.port, tls: readTlsFiles(tls, path) };
  }
  throw new OcxError({
    code: 'INPUT_INSECURE_LISTEN',
    message: `tokens would travel in the clear to ${host}`,
    place: { file: path, keyPath: 'listen.host' },
    remedy: 'add [listen.tls], or listen on 127.0.0.1 behind a proxy that speaks TLS',
  });
}

function readTlsFiles(tls: Static<typeof TlsSchema> | undefined, path: string): TlsFiles | null {
  if (!tls) return null;
  const read = (name: string) => readFileSync(resolve(dirname(path), name));
  const { certificate, key, clientAuthority } = tls;
  const files = { cert: read(certificate), key: read(key) };
  return clientAuthority === undefined ? files : { ...files, ca: read(clientAuthority) };
}
