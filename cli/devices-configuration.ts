/**
 * What `ocx devices --config FILE` reads: every BMC and switch with its credential. The file is for
 * its owner's eyes only, and nothing that is said about it repeats a value of it.
 */
import { fstatSync, openSync, closeSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse as parseToml } from 'smol-toml';
import { Type, type Static } from 'typebox';
import { OcxError } from '../core/kernel/errors.ts';

const closed = { additionalProperties: false };
const name = () => Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' });
const secret = () => Type.String({ minLength: 1, maxLength: 1024 });
const oneOf = (...values: readonly string[]) =>
  Type.Unsafe<string>(Type.Union(values.map((value) => Type.Literal(value))));

const BmcSchema = Type.Object(
  {
    nodeId: name(),
    protocol: Type.Unsafe<'redfish' | 'ipmi'>(oneOf('redfish', 'ipmi')),
    address: Type.String({ maxLength: 512 }),
    user: secret(),
    password: secret(),
    systemId: Type.Optional(name()),
    networkTarget: Type.Optional(Type.Unsafe<'Pxe' | 'UefiHttp'>(oneOf('Pxe', 'UefiHttp'))),
    certificate: Type.Optional(Type.String()),
    checksName: Type.Boolean({ default: true }),
    allowsPlainText: Type.Boolean({ default: false }),
    cipherSuite: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
    isUefi: Type.Boolean({ default: true }),
    pollSeconds: Type.Optional(Type.Number({ minimum: 0.05, maximum: 60 })),
    console: Type.Optional(Type.String({ pattern: '^(unix:/.{1,100}|ipmi-sol)$' })),
    offSeconds: Type.Number({ minimum: 1, maximum: 3_600, default: 60 }),
    keptAccounts: Type.Array(name(), { default: [], maxItems: 16 }),
    drives: Type.Unsafe<'erase' | 'none'>({ ...oneOf('erase', 'none'), default: 'erase' }),
    firmware: Type.Unsafe<'reset' | 'fixed'>({ ...oneOf('reset', 'fixed'), default: 'reset' }),
  },
  closed,
);

const SwitchSchema = Type.Object(
  {
    switchId: name(),
    driver: name(),
    address: Type.Optional(Type.String({ maxLength: 512 })),
    bridge: Type.Optional(Type.String({ pattern: '^[A-Za-z][\\w.-]{0,14}$' })),
    /** Of a Linux bridge: who keeps networks apart. */
    filter: Type.Optional(Type.Unsafe<'vlan' | 'nftables'>(oneOf('vlan', 'nftables'))),
    keyFile: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    knownHostsFile: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    enableSecret: Type.Optional(secret()),
    user: Type.Optional(secret()),
    password: Type.Optional(secret()),
  },
  closed,
);

const DevicesSchema = Type.Object(
  {
    bmcs: Type.Array(BmcSchema, { default: [] }),
    switches: Type.Array(SwitchSchema, { default: [] }),
  },
  closed,
);

export type DevicesConfiguration = Static<typeof DevicesSchema>;
export type BmcEntry = Static<typeof BmcSchema>;
export type SwitchEntry = Static<typeof SwitchSchema>;

/** Bits of a file's mode that are for others than its owner. */
const NOT_THE_OWNER = 0o077;

/** @throws INPUT_DEVICES_EXPOSED, INPUT_DEVICES_…, none of them with a value of the file */
export function readDevicesConfiguration(path: string): DevicesConfiguration {
  const document = parseSecretly(readSecret(path), path);
  const validate = new Ajv({ useDefaults: true, strict: false }).compile(DevicesSchema);
  if (!validate(document)) {
    const { instancePath, keyword, params, message } = validate.errors![0]!;
    const key = String(params['additionalProperty'] ?? params['missingProperty'] ?? '');
    const keyPath = [...instancePath.split('/').slice(1), key].filter(Boolean).join('.');
    const isUnknown = keyword === 'additionalProperties';
    const said = isUnknown ? 'there is no such key' : (message ?? 'is wrong');
    throw wrong('VALUE', said, path, { keyPath });
  }
  const configuration = document as unknown as DevicesConfiguration;
  requireUnique(
    configuration.bmcs.map(({ nodeId }) => nodeId),
    'bmcs',
    path,
  );
  requireUnique(
    configuration.switches.map(({ switchId }) => switchId),
    'switches',
    path,
  );
  return configuration;
}

/** The same file is looked at and read, whatever its name comes to mean meanwhile. */
function readSecret(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw wrong('UNREADABLE', `the file cannot be read (${code})`, path);
  }
  try {
    const { mode, uid } = fstatSync(file);
    if ((mode & NOT_THE_OWNER) !== 0) {
      throw new OcxError({
        code: 'INPUT_DEVICES_EXPOSED',
        message: `others than its owner may read the credentials (mode ${(mode & 0o777).toString(8)})`,
        place: { file: path },
        remedy: 'chmod 600, and change the credentials if others were on the machine',
      });
    }
    if (uid !== 0 && uid !== process.geteuid!()) {
      throw wrong('OWNER', 'the file belongs to somebody else', path);
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Parsers repeat the line that they do not understand. */
function parseSecretly(text: string, path: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    const { line } = error as { line?: number };
    throw wrong('SYNTAX', 'this is no TOML', path, line === undefined ? {} : { line });
  }
}

function requireUnique(names: readonly string[], keyPath: string, path: string): void {
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice !== undefined) throw wrong('TWICE', `${twice} is listed twice`, path, { keyPath });
}

function wrong(
  what: string,
  message: string,
  file: string,
  place: { keyPath?: string; line?: number } = {},
): OcxError {
  const code = `INPUT_DEVICES_${what}`;
  return new OcxError({ code, message, place: { file, ...place }, remedy: 'see docs/devices.md' });
}
