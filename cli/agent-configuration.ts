/** What `ocx agent --config FILE` reads: where the services are, how nodes are set up and valued. */
import { Ajv } from 'ajv';
import { Type, type Static } from 'typebox';
import type { Valuation } from '../backends/engines/cluster-engine.ts';
import { HOUR_MS, SECOND_MS } from '../core/kernel/units.ts';
import { SECURITY_LEVELS } from '../core/market/orders.ts';
import type { SecurityLevel } from '../core/market/orders.ts';
import { parseDocument, schemaError, type DocumentKind } from '../sim/scenario/document.ts';
import { readInputText } from './files.ts';
import { PeersSchema } from './live-peers.ts';

const closed = { additionalProperties: false };
const name = () => Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' });
const seconds = (byDefault: number) => Type.Number({ minimum: 0, default: byDefault });
const credits = () => Type.Number({ minimum: 0 });

const MarketSchema = Type.Object(
  {
    url: Type.Optional(Type.String({ description: 'else --server or OCX_SERVER' })),
    token: Type.Optional(Type.String()),
    tokenFile: Type.Optional(Type.String({ description: 'relative to this file; else OCX_TOKEN' })),
  },
  closed,
);

const LeasesSchema = Type.Object(
  {
    isolation: Type.String({ default: 'isolation', description: 'name among the peers' }),
    provisioner: Type.String({ default: 'provisioner' }),
    attester: Type.Optional(name()),
    imageId: name(),
    policyId: Type.String({ default: 'default' }),
    method: Type.Unsafe<'diskless' | 'diskful'>(
      Type.Union([Type.Literal('diskless'), Type.Literal('diskful')], { default: 'diskless' }),
    ),
  },
  closed,
);

const WorkSchema = Type.Object(
  {
    nodeClasses: Type.Array(name(), { minItems: 1, description: 'that its work runs on' }),
    ownClass: name(),
    valuePerNodeHour: credits(),
    costPerNodeHour: credits(),
    patienceHours: Type.Number({ minimum: 0, default: 24 }),
    usualHours: Type.Number({ minimum: 0, default: 1 }),
    securityLevel: Type.Unsafe<SecurityLevel>(
      Type.Union(
        SECURITY_LEVELS.map((level) => Type.Literal(level)),
        { default: 'none' },
      ),
    ),
    acceptsRecall: Type.Boolean({ default: false }),
    recallNoticeMinutes: Type.Optional(Type.Number({ minimum: 0 })),
    recallPenaltyShare: Type.Number({ minimum: 0, maximum: 1, default: 0 }),
    offeredHours: Type.Number({ minimum: 0, default: 4 }),
    parameters: Type.Record(Type.String(), Type.Number(), { default: {} }),
    bidAheadSeconds: seconds(30),
    drainAheadSeconds: seconds(60),
    removeAheadSeconds: seconds(15),
    idleRounds: Type.Integer({
      minimum: 0,
      default: 2,
      description: 'a node without use for so many goes back; 0: never before its time',
    }),
  },
  closed,
);

const SlurmSchema = Type.Object(
  {
    configuration: Type.Optional(Type.String({ description: 'slurm.conf; else SLURM_CONF' })),
    processors: Type.Integer({ minimum: 1, default: 1, description: 'of a borrowed node' }),
    addresses: Type.Record(Type.String(), Type.String(), { default: {} }),
    registerSeconds: seconds(300),
  },
  closed,
);

const FileSchema = Type.Object(
  {
    nodes: Type.Array(name(), { description: 'own nodes, as the isolation service calls them' }),
    workload: Type.Unsafe<Readonly<Record<string, unknown>>>(
      Type.Object({}, { default: {}, description: 'as in a scenario, without the trace' }),
    ),
  },
  closed,
);

const AgentSchema = Type.Object(
  {
    market: Type.Unsafe<Static<typeof MarketSchema>>({ ...MarketSchema, default: {} }),
    peers: Type.Unsafe<Static<typeof PeersSchema>>({ ...PeersSchema, default: [] }),
    leases: LeasesSchema,
    work: WorkSchema,
    slurm: Type.Unsafe<Static<typeof SlurmSchema>>({ ...SlurmSchema, default: {} }),
    file: Type.Optional(FileSchema),
    effectLogs: Type.Optional(
      Type.String({ description: 'folder: when its orchestrator began and ended, relative' }),
    ),
  },
  closed,
);

export type AgentConfiguration = Static<typeof AgentSchema>;

const AGENT: DocumentKind = {
  noun: 'configuration',
  code: 'INPUT_AGENT',
  start: 'see docs/market/live.md',
  describe: 'see docs/market/live.md',
};

/** @throws INPUT_AGENT_… */
export function readAgentConfiguration(path: string): AgentConfiguration {
  const document = parseDocument(readInputText(path), path, AGENT);
  const ajv = new Ajv({ useDefaults: true, strict: false, verbose: true });
  const validate = ajv.compile(AgentSchema);
  if (!validate(document)) throw schemaError(validate.errors![0]!, document, path, AGENT);
  return document as unknown as AgentConfiguration;
}

export function valuationOf({ work }: AgentConfiguration): Valuation {
  const { nodeClasses, ownClass, securityLevel, acceptsRecall, recallNoticeMinutes } = work;
  return {
    ...{ nodeClasses, ownClass, securityLevel, acceptsRecall },
    valueMillicreditsPerNodeHour: Math.round(work.valuePerNodeHour * 1_000),
    costMillicreditsPerNodeHour: Math.round(work.costPerNodeHour * 1_000),
    patienceMs: Math.round(work.patienceHours * HOUR_MS),
    usualDurationMs: Math.round(work.usualHours * HOUR_MS),
    recallNoticeMs:
      recallNoticeMinutes === undefined ? null : Math.round(recallNoticeMinutes * 60 * SECOND_MS),
    offeredMs: Math.round(work.offeredHours * HOUR_MS),
  };
}
