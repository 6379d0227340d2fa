/** The table `[market]` of `ocx serve`: times in seconds, money in credits, as people write them. */
import { Type, type Static } from 'typebox';
import { SECOND_MS } from '../core/kernel/units.ts';
import type { ExchangeConfiguration } from '../core/market/exchange/configuration.ts';
import type { MarketHorizon } from '../core/market/horizons.ts';
import { SECURITY_LEVELS } from '../core/market/orders.ts';
import type { MarketConfiguration } from '../core/market/protocol.ts';

const closed = { additionalProperties: false };
const name = () => Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' });
const seconds = (options: object = {}) => Type.Number({ minimum: 0, ...options });
const share = (byDefault: number) => Type.Number({ minimum: 0, maximum: 1, default: byDefault });
const level = () => Type.Union(SECURITY_LEVELS.map((one) => Type.Literal(one)));

const ROUNDS = {
  mechanism: Type.String({ default: 'exchange-threshold' }),
  parameters: Type.Record(Type.String(), Type.Number(), { default: {} }),
  everySeconds: seconds({ default: 600, description: 'a round closes that often' }),
  slotSeconds: seconds({ default: 900 }),
  horizonSlots: Type.Integer({ minimum: 1, default: 96 }),
  leadSeconds: seconds({ default: 0, description: 'windows begin that long after the round' }),
  revealSeconds: seconds({ default: 60, description: 'sealed: last part of a round, for reveals' }),
};

const OrganisationSchema = Type.Object(
  {
    name: name(),
    openingCredits: Type.Number({ minimum: 0, default: 0 }),
    isolationService: Type.Optional(name()),
    contributedNodes: Type.Integer({ minimum: 0, default: 0 }),
    priority: Type.Integer({ minimum: 0, default: 0 }),
    kind: Type.Optional(name()),
  },
  closed,
);

const ClassSchema = Type.Object(
  {
    name: name(),
    securityLevel: level(),
    properties: Type.Optional(Type.Unsafe<never>(Type.Object({}))),
  },
  closed,
);

/** As typebox has it, so that a table may stand in the whole configuration. */
export const MARKET_KEYS = {
  name: Type.String({ default: 'market', pattern: '^[\\x21-\\x7e]{1,64}$' }),
  ...ROUNDS,
  seed: Type.String({ description: 'names the lotteries; choose one before the first order' }),
  buyerDepositShare: share(0.1),
  sellerDepositShare: share(0.1),
  isolationService: Type.String({ default: 'isolation' }),
  attester: Type.Optional(name()),
  releaseSeconds: seconds({
    default: 120,
    description: 'a lease ends that long before its contract',
  }),
  setupSeconds: Type.Object(
    {
      none: seconds({ default: 300 }),
      attested: seconds({ default: 420 }),
      full: seconds({ default: 420 }),
    },
    { ...closed, default: {} },
  ),
  solveSeconds: seconds({ default: 300, description: 'a round not solved by then is abandoned' }),
  sealBondCredits: Type.Optional(Type.Number({ minimum: 0, description: 'orders are sealed' })),
  receiptKeyFile: Type.Optional(
    Type.String({ description: 'Ed25519, PEM; relative to this file' }),
  ),
  organisations: Type.Array(OrganisationSchema, { minItems: 1 }),
  nodeClasses: Type.Array(ClassSchema, { minItems: 1 }),
  horizons: Type.Array(
    Type.Object({ name: name(), ...ROUNDS, option: Type.Optional(Type.Unsafe<never>({})) }, closed),
    { default: [] },
  ),
  rules: Type.Unsafe<Rules>(
    Type.Object(
      {},
      {
        default: {},
        description: 'preemption, money, endowment, clearingHouse, safeguards, in the core’s units',
      },
    ),
  ),
};

/** What the core's configuration has beyond what the table says. */
type Rules = Partial<
  Pick<MarketConfiguration, 'preemption' | 'money' | 'endowment' | 'clearingHouse' | 'safeguards'>
>;

const TableSchema = Type.Object(MARKET_KEYS);

export type MarketTable = Static<typeof TableSchema>;

const RULES = ['preemption', 'money', 'endowment', 'clearingHouse', 'safeguards'] as const;

/** The same table makes the same configuration: the journal holds one against the other. */
export function exchangeConfiguration(table: MarketTable): ExchangeConfiguration {
  const { setupSeconds, organisations, horizons, rules, sealBondCredits } = table;
  const others = Object.fromEntries(
    RULES.flatMap((rule) => (rules[rule] === undefined ? [] : [[rule, rules[rule]]])),
  );
  const services = organisations.flatMap(({ name: owner, isolationService }) =>
    isolationService === undefined ? [] : [[owner, isolationService]],
  );
  return {
    name: table.name,
    market: {
      mechanism: table.mechanism,
      parameters: table.parameters,
      slotMs: milliseconds(table.slotSeconds),
      horizonSlots: table.horizonSlots,
      ...(horizons.length > 0 ? { horizons: horizons.map(horizonOf) } : {}),
      seed: table.seed,
      buyerDepositPartsPerMillion: millionths(table.buyerDepositShare),
      sellerDepositPartsPerMillion: millionths(table.sellerDepositShare),
      organisations: organisations.map(({ name: owner, openingCredits }) => ({
        name: owner,
        openingBalanceMillicredits: millicredits(openingCredits),
      })),
      members: organisations.map(({ name: organisation, contributedNodes, priority, kind }) => {
        return { organisation, contributedNodes, priority, ...(kind ? { kind } : {}) };
      }),
      isolationService: table.isolationService,
      ...(services.length > 0 ? { isolationServices: Object.fromEntries(services) } : {}),
      ...(sealBondCredits === undefined
        ? {}
        : { sealing: { bondMillicredits: millicredits(sealBondCredits) } }),
      ...others,
    },
    clocks: [table, ...horizons].map(({ everySeconds, leadSeconds, revealSeconds }) => ({
      everyMs: milliseconds(everySeconds),
      leadMs: milliseconds(leadSeconds),
      revealMs: milliseconds(revealSeconds),
    })),
    releaseMs: milliseconds(table.releaseSeconds),
    setupMs: {
      none: milliseconds(setupSeconds.none),
      attested: milliseconds(setupSeconds.attested),
      full: milliseconds(setupSeconds.full),
    },
    nodeClasses: table.nodeClasses,
    attester: table.attester ?? null,
    solveDeadlineMs: milliseconds(table.solveSeconds),
  };
}

function horizonOf(horizon: MarketTable['horizons'][number]): MarketHorizon {
  const { name: horizonName, mechanism, parameters, slotSeconds, horizonSlots, option } = horizon;
  const slotMs = milliseconds(slotSeconds);
  const terms = { name: horizonName, mechanism, parameters, slotMs, horizonSlots };
  return option === undefined ? terms : { ...terms, option };
}

function milliseconds(value: number): number {
  return Math.round(value * SECOND_MS);
}

function millionths(value: number): number {
  return Math.round(value * 1e6);
}

function millicredits(value: number): number {
  return Math.round(value * 1_000);
}
