/** `ocx airlock`: the gateway in the nodes' airlocks, until it is told to end. */
import { dirname, resolve } from 'node:path';
import { isIP } from 'node:net';
import { Ajv } from 'ajv';
import type { Command } from 'commander';
import { Type, type Static } from 'typebox';
import { AirlockGateway } from '../backends/airlock/airlock-gateway.ts';
import { LeaseAttesters } from '../backends/airlock/lease-attesters.ts';
import { serverOf } from '../backends/peers/server.ts';
import { OcxError } from '../core/kernel/errors.ts';
import { parseDocument, schemaError, type DocumentKind } from '../sim/scenario/document.ts';
import { defineCommand, runCommand } from './command.ts';
import type { CommonOptions, Output } from './command.ts';
import { readInputText } from './files.ts';
import { peerToken, serverFrom } from './live-peers.ts';
import { toldToEnd } from './live-service.ts';

const closed = { additionalProperties: false };
const named = { pattern: '^[\\x21-\\x7e]{1,128}$' };

const address = {
  url: Type.String({ description: 'http://…, https://… or unix: and the path of a socket' }),
  token: Type.Optional(Type.String()),
  tokenFile: Type.Optional(Type.String({ description: 'relative to this file' })),
};

const AirlockSchema = Type.Object(
  {
    port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }),
    image: Type.Optional(Type.String({ description: 'the boot image; relative to this file' })),
    isolation: Type.Object(address, closed),
    attesters: Type.Array(Type.Object({ name: Type.String(named), ...address }, closed), {
      default: [],
    }),
    nodes: Type.Array(
      Type.Object(
        {
          nodeId: Type.String(named),
          address: Type.String({ description: 'of the gateway in the airlock of this node' }),
          prefix: Type.Integer({ minimum: 8, maximum: 128, default: 24 }),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
);

type AirlockConfiguration = Static<typeof AirlockSchema>;

const AIRLOCK: DocumentKind = {
  noun: 'configuration',
  code: 'INPUT_AIRLOCK',
  start: 'see docs/deploy.md',
  describe: 'see docs/deploy.md',
};

interface AirlockOptions extends CommonOptions {
  readonly config: string;
}

export function registerAirlock(program: Command): void {
  defineCommand(program, 'airlock', 'Serve nodes in their airlocks until it is told to end.')
    .requiredOption('--config <file>', 'legs, boot image and services; see docs/deploy.md')
    .action((options: AirlockOptions) =>
      runCommand(options, (output) => serveAirlock(output, options)),
    );
}

async function serveAirlock(output: Output, options: AirlockOptions): Promise<void> {
  const file = output.path(options.config);
  const configuration = readAirlockConfiguration(file);
  const { port, image, nodes, isolation, attesters } = configuration;
  const addressOf = (entry: AirlockConfiguration['isolation'], keyPath: string) => {
    return {
      server: serverOf(serverFrom(entry.url, file)),
      token: peerToken(entry, file, keyPath),
    };
  };
  const gateway = new AirlockGateway({
    ...{ legs: nodes, port },
    image: image === undefined ? null : resolve(dirname(file), image),
    attesters: new LeaseAttesters(
      addressOf(isolation, 'isolation'),
      new Map(
        attesters.map((entry, index) => [entry.name, addressOf(entry, `attesters[${index}]`)]),
      ),
    ),
    log: (line) => output.quiet || output.streams.stderr.write(line),
  });
  try {
    const legs = await gateway.listen();
    output.result({ legs }, () => `The airlocks are served at ${legs.join(', ')}`);
    await toldToEnd();
  } finally {
    await gateway.close();
  }
}

/** @throws INPUT_AIRLOCK_… */
export function readAirlockConfiguration(path: string): AirlockConfiguration {
  const document = parseDocument(readInputText(path), path, AIRLOCK);
  const ajv = new Ajv({ useDefaults: true, strict: false, verbose: true });
  const validate = ajv.compile(AirlockSchema);
  if (!validate(document)) throw schemaError(validate.errors![0]!, document, path, AIRLOCK);
  const configuration = document as unknown as AirlockConfiguration;
  const taken = new Set<string>();
  for (const [index, { nodeId, address: leg, prefix }] of configuration.nodes.entries()) {
    const family = isIP(leg);
    const isGood = family !== 0 && prefix <= (family === 4 ? 32 : 128);
    if (isGood && !taken.has(leg) && !taken.has(`node ${nodeId}`)) {
      taken.add(leg).add(`node ${nodeId}`);
      continue;
    }
    throw new OcxError({
      code: 'INPUT_AIRLOCK_VALUE',
      message: 'every node needs one address of its own, with the prefix of its network',
      place: { file: path, keyPath: `nodes[${index}].address` },
    });
  }
  return configuration;
}
