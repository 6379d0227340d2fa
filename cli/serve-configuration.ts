/** What `ocx serve --config FILE` reads: where to listen, who may call, which devices, which site. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { Type, type Static } from 'typebox';
import { OcxError } from '../core/kernel/errors.ts';
import type { IsolationConfiguration } from '../core/allocator/enrolment.ts';
import { parseDocument, schemaError, type DocumentKind } from '../sim/scenario/document.ts';
import { readInputText } from './files.ts';

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

const ServeSchema = Type.Object(
  {
    listen: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1' }),
        port: Type.Integer({ minimum: 0, maximum: 65_535, default: 7400 }),
        tls: Type.Optional(TlsSchema),
      },
      { ...closed, default: {} },
    ),
    tokens: Type.Array(
      Type.Object(
        {
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          role: Type.Union(['admin', 'organisation', 'service'].map((role) => Type.Literal(role))),
          name: Type.String(named),
          access: Type.Union([Type.Literal('read'), Type.Literal('write')], { default: 'write' }),
        },
        closed,
      ),
      { default: [] },
    ),
    devices: Type.Object(
      {
        driver: Type.Literal('emulated', { description: 'hardware in memory, for trying it out' }),
        readBackSeconds: Type.Number({ minimum: 1, maximum: 60, default: 20 }),
      },
      closed,
    ),
    site: Type.Unsafe<IsolationConfiguration>(Type.Object({}, { default: {} })),
  },
  closed,
);

export type ServeConfiguration = Static<typeof ServeSchema>;

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

/** @throws INPUT_SERVE_…, INPUT_INSECURE_LISTEN */
export function readServeConfiguration(path: string): ServeConfiguration {
  const document = parseDocument(readInputText(path), path, SERVE);
  const validate = new Ajv({ useDefaults: true, strict: false, verbose: true }).compile(
    ServeSchema,
  );
  if (!validate(document)) throw schemaError(validate.errors![0]!, document, path, SERVE);
  const configuration = document as unknown as ServeConfiguration;
  const { host, tls } = configuration.listen;
  if (tls || LOOPBACK.has(host)) return configuration;
  throw new OcxError({
    code: 'INPUT_INSECURE_LISTEN',
    message: `tokens would travel in the clear to ${host}`,
    place: { file: path, keyPath: 'listen.host' },
    remedy: 'add [listen.tls], or listen on 127.0.0.1 behind a proxy that speaks TLS',
  });
}

/** Reads what `[listen.tls]` names, from the configuration's folder. */
export function readTlsFiles({ listen }: ServeConfiguration, path: string): TlsFiles | null {
  if (!listen.tls) return null;
  const read = (name: string) => readFileSync(resolve(dirname(path), name));
  const { certificate, key, clientAuthority } = listen.tls;
  const files = { cert: read(certificate), key: read(key) };
  return clientAuthority === undefined ? files : { ...files, ca: read(clientAuthority) };
}
