/**
 * The scenario: everything a comparison depends on, as a JSON Schema with defaults and prose.
 *
 * `Scenario` is the resolved form: defaults filled in, variants and `--set` applied, paths absolute.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { MAXIMUM_CONSTRAINTS } from '../../core/market/constraints/constraint.ts';
import type { Constraint } from '../../core/market/constraints/constraint.ts';
import { ClearingHouseSchema } from './clearing-house-schema.ts';
import { IncentivesSchema } from './incentives-schema.ts';
import type { Incentives } from './incentives-schema.ts';
import { SafeguardsSchema } from './safeguards-schema.ts';

const NAME_PATTERN = '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$';

const name = (description: string) => Type.String({ pattern: NAME_PATTERN, description });

const share = (description: string, value: number) =>
  Type.Number({ minimum: 0, maximum: 1, default: value, description });

const positive = (description: string, value: number) =>
  Type.Number({ exclusiveMinimum: 0, maximum: 1e9, default: value, description });

const nonNegative = (description: string, value: number) =>
  Type.Number({ minimum: 0, maximum: 1e9, default: value, description });

const days = (least: object, value: number, description: string) =>
  Type.Number({ ...least, maximum: 3660, default: value, description });

/** Whole events in time: shorter ones than a minute would only be many. */
const interval = (description: string, value: number) =>
  Type.Number({ minimum: 1, maximum: 1_000_000, default: value, description });

/** One of these words. */
function word<const W extends readonly string[]>(words: W, options: object = {}) {
  return Type.Unsafe<W[number]>({ type: 'string', enum: words, ...options });
}

/** Every object refuses unknown keys and may be left out as a whole. */
function table<T extends Record<string, TSchema>>(properties: T, description: string) {
  return Type.Object(properties, { additionalProperties: false, description });
}

function optionalTable<T extends Record<string, TSchema>>(properties: T, description: string) {
  return Type.Object(properties, { additionalProperties: false, default: {}, description });
}

const parameters = Type.Record(Type.String(), Type.Number(), {
  default: {},
  description: 'numbers that the mechanism or strategy documents',
});

export const NodeClassSchema = table(
  {
    name: name('what organisations and bids call the class'),
    cores: Type.Integer({ minimum: 1, maximum: 4096, default: 32 }),
    memoryGiB: positive('memory of one node, GiB', 256),
    firmware: word(['uefi', 'linuxboot'], { default: 'uefi' }),
    tpm: Type.Boolean({ default: true, description: 'without a TPM no level above none' }),
    costPerHour: nonNegative('owner’s cost of running one node for an hour, credits', 0.2),
  },
  'a class of interchangeable nodes',
);

export const ValuationSchema = optionalTable(
  {
    nodeHour: nonNegative('worth of one useful node-hour, credits', 1),
    spread: nonNegative('coefficient of variation of that worth between pieces of work', 0.5),
    penaltyNodeHour: nonNegative('cost of one node-hour of lost load (cloud), credits', 1),
    offHoursFactor: share('worth at nights and weekends against office hours (testbed)', 0.9),
    urgencyFactor: nonNegative('worth at the deadline against worth at release (testbed)', 2),
  },
  'what work is worth to the organisation',
);

export const PolicySchema = optionalTable(
  {
    patienceHours: positive('least wait a batch user accepts, hours', 24),
    patienceFactor: nonNegative('… or this times the requested time, if longer', 4),
    bidAfterMinutes: nonNegative('a queued job is bid for once its expected wait is longer', 30),
    checkpointableShare: share('share of batch jobs that survive being stopped', 0.5),
    headRoomShare: share('cloud: nodes kept above the load', 0.15),
    scaleUpMinutes: nonNegative('cloud: delay before a node that is wanted serves', 5),
    leaseHours: positive('length of the leases that cloud and batch clusters ask for, hours', 6),
    tauMinutes: positive('government: time within which an emergency must have its nodes', 30),
    emergencyNodes: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: 'government: nodes that an emergency may take; 0: as many as it owns',
    }),
    lendsFirm: Type.Boolean({
      default: false,
      description: 'government: lends firm what it holds options for',
    }),
    recallNoticeMinutes: nonNegative('notice at which a recallable lease ends, minutes', 5),
    sellsBusyNodes: Type.Boolean({
      default: true,
      description: 'offers nodes that are in use, at what stopping the work would cost',
    }),
    sellsTwice: Type.Boolean({
      default: false,
      description: 'cheats: offers on every exchange what it has sold on another already',
    }),
    reshapes: Type.Boolean({
      default: false,
      description: 'a batch cluster moves waiting jobs to be able to lend',
    }),
    acceptsRecall: Type.Boolean({
      default: true,
      description: 'takes recallable leases where its work allows it',
    }),
  },
  'how the organisation runs its cluster',
);

export function organisationSchema(workload: TSchema) {
  return table(
    {
      name: name('of the organisation'),
      kind: word(['hpc', 'htc', 'cloud', 'testbed', 'government']),
      nodes: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: 1_000_000 }), {
        description: 'nodes owned, by class',
      }),
      provider: Type.String({
        default: 'site',
        pattern: NAME_PATTERN,
        description: 'whose data centre its nodes stand in; each has isolation of its own',
      }),
      exchanges: Type.Array(name('of an exchange'), {
        default: ['market'],
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description: 'where it trades, in this order within a round',
      }),
      securityLevel: word(['none', 'attested', 'full'], {
        default: 'none',
        description: 'that borrowed nodes must prove',
      }),
      constraints: Type.Optional(
        Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Unknown()]), {
          maxItems: MAXIMUM_CONSTRAINTS,
          description:
            'what borrowed nodes must be, as [property, operator, value]: cores, memoryGiB, firmware',
        }),
      ),
      scheduler: word(
        ['fcfs', 'easy', 'easy-sjbf', 'conservative', 'sjf', 'ljf', 'easy++', 'maui'],
        { default: 'easy', description: 'of a batch cluster' },
      ),
      priority: Type.Optional(
        Type.Record(Type.String(), Type.Number(), {
          description: 'weights of the scheduler maui, as ocx replay --priority has them',
        }),
      ),
      strategy: Type.String({ default: 'truthful', description: 'how it bids' }),
      strategyParameters: parameters,
      aliases: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 16,
          description: 'further names in the market (adversaries); its money is split among them',
        }),
      ),
      workload,
      valuation: ValuationSchema,
      policy: PolicySchema,
    },
    'one owner with one cluster',
  );
}

const horizonClock = {
  enabled: Type.Boolean({ default: false }),
  parameters,
};

export const ForwardSchema = optionalTable(
  {
    ...horizonClock,
    mechanism: Type.String({ default: 'exchange-threshold', description: 'how a round clears' }),
    everyHours: interval('time between rounds, hours', 6),
    slotMinutes: interval('length of a slot, minutes', 60),
    horizonSlots: Type.Integer({ minimum: 1, maximum: 2000, default: 96 }),
    leadHours: nonNegative('windows begin so long after the round, hours', 12),
  },
  'the forward call: reservations of windows ahead',
);

export const SpotSchema = optionalTable(
  {
    ...horizonClock,
    mechanism: Type.String({ default: 'exchange-threshold', description: 'how a round clears' }),
    everyMinutes: interval('time between rounds, minutes', 15),
    slotMinutes: interval('length of a slot, minutes', 15),
    horizonSlots: Type.Integer({ minimum: 1, maximum: 2000, default: 16 }),
  },
  'spot: short slots on what is left',
);

export const OptionsSchema = optionalTable(
  {
    ...horizonClock,
    mechanism: Type.String({ default: 'exchange-threshold', description: 'how a round clears' }),
    everyHours: interval('time between rounds, and window of every option, hours', 24),
    strikePerNodeHour: nonNegative('paid for an hour of a node that is called, credits', 2),
    noticeMinutes: nonNegative('from the call to the hand-over, minutes', 5),
    longestLeaseHours: positive('longest lease that can be called, hours', 48),
    writerDepositShare: share('of the strike price of the longest lease, from the writer', 0.1),
  },
  'options: the right to call nodes in an emergency',
);

export const MarketSchema = optionalTable(
  {
    mechanism: Type.String({ default: 'exchange-threshold', description: 'how a round clears' }),
    parameters,
    epochMinutes: interval('time between rounds, minutes', 60),
    horizonSlots: Type.Integer({ minimum: 1, maximum: 2000, default: 168 }),
    endowmentHours: nonNegative(
      'credits at the start: this many hours of every owned node at its cost',
      336,
    ),
    weeklyIncomeHours: nonNegative(
      'credits every week: this many hours of every owned node at its cost',
      168,
    ),
    income: word(['owned', 'contributed'], {
      default: 'owned',
      description: 'the weekly credits go to each owner by its nodes, or to all by what they lent',
    }),
    incomeBaseShare: share('income by contribution: share of own nodes that counts as lent', 0.1),
    creditDecayShare: share('income by contribution: of free credits, that goes each day', 0.01),
    creditCapHours: nonNegative(
      'income by contribution: free credits at most so many hours of all own nodes; 0: no cap',
      720,
    ),
    depositShare: share('of the price, locked by each side while a contract lives', 0.1),
    preemptionNoticeMinutes: nonNegative(
      'notice to a borrower whose nodes the exchange gives to somebody else, minutes',
      5,
    ),
    recallPenaltyShare: share('of the rest of the price, paid to a recalled borrower', 0.2),
    extraRounds: Type.Boolean({
      default: true,
      description: 'an emergency calls a round at once instead of waiting for the next',
    }),
    boundSamples: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      default: 50,
      description: 'rounds whose upper bound is computed',
    }),
    sealing: optionalTable(
      {
        enabled: Type.Boolean({
          default: false,
          description: 'orders are committed to first and revealed when nobody can change any',
        }),
        bondCredits: nonNegative('locked with a commitment, lost without its reveal', 10),
      },
      'sealed rounds',
    ),
    safeguards: SafeguardsSchema,
    clearingHouse: ClearingHouseSchema,
    forward: ForwardSchema,
    spot: SpotSchema,
    options: OptionsSchema,
  },
  'the market',
);

export const ProvisioningSchema = optionalTable(
  {
    method: word(['bmi', 'foreman'], { default: 'bmi' }),
    calibration: Type.String({
      default: 'r630',
      description: 'hardware profile: r630, m620, or one of the calibration file',
    }),
    calibrationFile: Type.String({
      default: '',
      description: 'file with profiles of your own; empty: the shipped ones',
    }),
    deterministic: Type.Boolean({ default: false, description: 'means instead of samples' }),
    walk: word(['services', 'timed'], {
      default: 'services',
      description:
        'of nodes between owners: every step by the services, or by their durations alone (for large sites where nothing fails)',
    }),
    reflashMinutes: nonNegative('firmware re-flash before every handover (an assumption)', 0),
    attestation: Type.Boolean({
      default: true,
      description: 'false: every organisation takes nodes at level none',
    }),
  },
  'how a borrowed node is set up',
);

export const FailuresSchema = optionalTable(
  {
    nodeMtbfHours: nonNegative('mean time between failures of a node; 0: never', 0),
    bmcFailureShare: share('of BMC commands that fail', 0),
    switchFailureShare: share('of switch commands that fail', 0),
    storageFailureShare: share('of storage commands that fail', 0),
  },
  'what breaks',
);

export const SearchSchema = optionalTable(
  {
    enabled: Type.Boolean({ default: true }),
    variant: Type.String({ default: 'market', description: 'whose hardware need is searched' }),
    organisationTolerance: share('an organisation may fall short of today by this share', 0.005),
    alignmentHours: Type.Array(Type.Number({ minimum: 0, maximum: 84 }), {
      default: [],
      description: 'shifts between owners for which the saving is measured again',
    }),
    replications: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 0,
      description: 'replications searched; 0: all',
    }),
  },
  'the two searches for the least hardware',
);

export const GatesSchema = optionalTable(
  {
    minimumSaving: Type.Optional(Type.Number()),
    minimumExtraNodeHours: Type.Optional(Type.Number()),
  },
  'thresholds that turn into exit code 1',
);

export const VariantSchema = table(
  {
    name: name('of the variant'),
    set: Type.Record(Type.String(), Type.Unknown(), {
      default: {},
      description: 'key path → value, over the scenario',
    }),
    from: Type.Optional(
      name('of the variant whose run it goes on from, with that one’s settings; left out: none'),
    ),
    forkDay: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 3660,
        description: 'when it goes its own way, days; left out: at the end of the warm-up',
      }),
    ),
  },
  'a named change of the scenario; `static` is always there as the reference',
);

/** @param workload schema of one organisation's workload table */
export function scenarioSchema(workload: TSchema) {
  return table(
    {
      schema: Type.Optional(Type.Literal('ocx-scenario/1')),
      name: name('of the scenario'),
      title: Type.String({ default: '', maxLength: 200 }),
      seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 1 }),
      replications: Type.Integer({ minimum: 1, maximum: 10_000, default: 10 }),
      horizonDays: days({ exclusiveMinimum: 0 }, 56, 'days simulated, warm-up included'),
      warmUpDays: days({ minimum: 0 }, 7, 'days before the measured window'),
      slotMinutes: interval('length of a slot, minutes', 60),
      nodeClass: Type.Array(NodeClassSchema, { minItems: 1, maxItems: 64 }),
      organisation: Type.Array(organisationSchema(workload), { minItems: 1, maxItems: 1000 }),
      market: MarketSchema,
      provisioning: ProvisioningSchema,
      failures: FailuresSchema,
      search: SearchSchema,
      gates: GatesSchema,
      incentives: Type.Optional(IncentivesSchema),
      variant: Type.Array(VariantSchema, { default: [], maxItems: 64 }),
      sensitivity: Type.Array(
        table(
          {
            parameter: Type.String({ description: 'key path' }),
            values: Type.Array(Type.Number(), { minItems: 1, maxItems: 32 }),
          },
          'one parameter swept',
        ),
        { default: [] },
      ),
    },
    'an ocx scenario',
  );
}

export type NodeClass = Static<typeof NodeClassSchema>;
export type Valuation = Static<typeof ValuationSchema>;
export type Policy = Static<typeof PolicySchema>;
export type Market = Static<typeof MarketSchema>;
export type Provisioning = Static<typeof ProvisioningSchema>;
export type Failures = Static<typeof FailuresSchema>;
export type Search = Static<typeof SearchSchema>;
export type Gates = Static<typeof GatesSchema>;
export type Variant = Static<typeof VariantSchema>;

/** A workload table; `workloads/` knows what is in it. */
export type WorkloadTable = Readonly<Record<string, unknown>>;

export interface Organisation {
  name: string;
  kind: 'hpc' | 'htc' | 'cloud' | 'testbed' | 'government';
  nodes: Record<string, number>;
  provider: string;
  exchanges: string[];
  securityLevel: 'none' | 'attested' | 'full';
  constraints?: Constraint[];
  scheduler: 'fcfs' | 'easy' | 'easy-sjbf' | 'conservative' | 'sjf' | 'ljf' | 'easy++' | 'maui';
  priority?: Record<string, number>;
  strategy: string;
  strategyParameters: Record<string, number>;
  aliases?: number;
  workload: WorkloadTable;
  valuation: Valuation;
  policy: Policy;
}

export interface Scenario {
  name: string;
  title: string;
  seed: number;
  replications: number;
  horizonDays: number;
  warmUpDays: number;
  slotMinutes: number;
  nodeClass: NodeClass[];
  organisation: Organisation[];
  market: Market;
  provisioning: Provisioning;
  failures: Failures;
  search: Search;
  gates: Gates;
  incentives?: Incentives;
  variant: Variant[];
  sensitivity: { parameter: string; values: number[] }[];
}
