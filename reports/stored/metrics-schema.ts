/**
 * What a stored `metrics.json` must look like before a report is made of it: anybody may have
 * written the file. What is not ours is read past, so that a later version may add figures.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import type { Metrics } from '../../core/metrics/results.ts';

const record = <Value extends TSchema>(value: Value) => Type.Record(Type.String(), value);
const list = <Item extends TSchema>(item: Item) => Type.Array(item);

const number = Type.Number();
const text = Type.String();

const estimate = Type.Object({
  mean: number,
  ci95: Type.Tuple([number, number]),
  n: Type.Integer({ minimum: 0 }),
});
const missing = Type.Object({ value: Type.Null(), reason: text });
/** A figure that must be there. */
export const estimateSchema = estimate;
/** A figure, or the reason why there is none. */
export const maybeSchema = Type.Union([estimate, missing]);
const maybe = maybeSchema;
const kind = Type.Union([
  Type.Literal('hpc'),
  Type.Literal('htc'),
  Type.Literal('cloud'),
  Type.Literal('testbed'),
  Type.Literal('government'),
]);

const organisation = Type.Object({
  name: text,
  kind,
  installedNodes: number,
  demandNodeHours: estimate,
  metNodeHours: estimate,
  metShare: maybe,
  borrowedNodeHours: estimate,
  lentNodeHours: estimate,
  lostNodeHours: estimate,
  netCredits: estimate,
  gainCredits: estimate,
  ownMeasures: record(maybe),
});

const deviationGain = Type.Object({
  meanCredits: estimate,
  shareOfSurplus: maybe,
  largest: Type.Object({ organisation: text, deviation: text, gainCredits: estimate }),
  organisations: list(
    Type.Object({ name: text, deviation: text, gainCredits: estimate, gains: record(estimate) }),
  ),
  game: Type.Optional(
    Type.Object({
      truthAmongTruth: estimate,
      shadeAmongTruth: estimate,
      truthAmongShade: estimate,
      shadeAmongShade: estimate,
      truthRegretCredits: number,
      shadeRegretCredits: number,
    }),
  ),
});

const market = Type.Object({
  rounds: estimate,
  bidsPerRound: estimate,
  contracts: estimate,
  leases: estimate,
  tradedNodeHours: estimate,
  meanPrice: record(maybe),
  efficiency: maybe,
  sampledRounds: estimate,
  individualRationalityViolations: estimate,
  organisationsWorseOff: maybe,
  budgetSurplusCredits: estimate,
  fairness: maybe,
  sharingIndex: maybe,
  leak: Type.Optional(Type.Object({ sealed: maybe, bands: maybe })),
  willingness: Type.Object({
    timeToOfferMedianSeconds: maybe,
    timeToOfferP95Seconds: maybe,
    reshapeIndex: maybe,
  }),
  horizons: record(
    Type.Object({ rounds: estimate, contracts: estimate, tradedNodeHours: estimate }),
  ),
  options: Type.Optional(
    Type.Object({
      written: estimate,
      nodes: estimate,
      premiumCredits: estimate,
      called: estimate,
      deliveredInTime: estimate,
      expired: estimate,
    }),
  ),
  recalls: estimate,
  preemptions: estimate,
  defaults: estimate,
  safety: Type.Optional(
    Type.Object({
      acted: record(estimate),
      actedInAll: estimate,
      haltedRounds: estimate,
      waterfallUses: estimate,
      suspensions: estimate,
      lossCredits: estimate,
      mutualCredits: estimate,
      haircutCredits: estimate,
      creditGini: maybe,
      priceSpike: record(maybe),
      offBandRounds: Type.Optional(record(estimate)),
    }),
  ),
  claims: record(text),
  deviationGain: Type.Optional(deviationGain),
});

const variant = Type.Object({
  name: text,
  mechanism: text,
  provisioning: text,
  attestation: Type.Boolean(),
  forkedFrom: Type.Optional(Type.Object({ variant: text, day: number })),
  organisations: list(organisation),
  utilisation: estimate,
  metNodeHours: estimate,
  demandNodeHours: estimate,
  valueCredits: Type.Optional(estimate),
  welfareGainCredits: Type.Optional(estimate),
  market: Type.Union([market, Type.Null()]),
});

const hardwareReduction = Type.Object({
  variant: text,
  installedNodes: number,
  requiredStaticNodes: estimate,
  requiredMarketNodes: estimate,
  requiredStaticNodesMaximum: number,
  requiredMarketNodesMaximum: number,
  saving: maybe,
  rightSizing: estimate,
  workBound: estimate,
  intervalBound: estimate,
  captured: maybe,
  byCorrelation: list(
    Type.Object({ alignmentHours: number, correlation: estimate, saving: maybe }),
  ),
  nonMonotoneReplications: number,
});

const extraDemandMet = Type.Object({
  variant: text,
  nodeHours: estimate,
  shareOfMissed: maybe,
  optimumNodeHours: estimate,
  organisations: record(Type.Object({ nodeHours: estimate })),
  kinds: record(Type.Object({ nodeHours: estimate })),
});

const provisioningEffect = Type.Object({
  bmi: estimate,
  foreman: estimate,
  difference: estimate,
  kinds: record(Type.Object({ bmi: estimate, foreman: estimate, difference: estimate })),
  byLeaseLength: list(
    Type.Object({
      leaseSeconds: Type.Number({ exclusiveMinimum: 0 }),
      bmi: number,
      foreman: number,
      tradedBmi: estimate,
      tradedForeman: estimate,
    }),
  ),
  breakEvenLeaseSeconds: Type.Object({ bmi: maybe, foreman: maybe }),
});

const security = Type.Object({
  premium: record(maybe),
  sensitive: Type.Object({
    market: estimate,
    static: estimate,
    difference: estimate,
    slowProvisioning: maybe,
  }),
  costToOthers: maybe,
});

const provisioningTime = Type.Object({
  method: Type.Union([Type.Literal('foreman'), Type.Literal('bmi')]),
  firmware: Type.Union([Type.Literal('uefi'), Type.Literal('linuxboot')]),
  securityLevel: Type.Union([Type.Literal('none'), Type.Literal('attested'), Type.Literal('full')]),
  phases: list(Type.Object({ name: text, seconds: Type.Number({ minimum: 0 }) })),
  totalSeconds: Type.Number({ minimum: 0 }),
});

const series = Type.Object({
  variant: text,
  hour: list(number),
  installedNodes: number,
  demandNodes: list(number),
  busyNodes: list(number),
  lentNodes: list(number),
  offeredNodes: list(number),
  price: record(list(Type.Union([number, Type.Null()]))),
  capacityByOrganisation: record(list(number)),
  demandByOrganisation: record(list(number)),
});

/** A line of the table mechanism × property. */
export const measuredMechanismSchema = Type.Object({
  mechanism: text,
  claims: list(
    Type.Object({
      property: text,
      claimed: text,
      isClaimed: Type.Boolean(),
      domain: text,
      markets: number,
      violations: number,
      missedShare: Type.Union([number, Type.Null()]),
    }),
  ),
});

const stratified = Type.Object({
  some: estimate,
  none: estimate,
  expected: estimate,
  perYear: estimate,
});

const rareVariant = Type.Object({
  variant: text,
  demandNodeHours: stratified,
  metNodeHours: stratified,
  governmentDemandNodeHours: stratified,
  governmentMetNodeHours: stratified,
  extraNodeHours: stratified,
});

export const metricsSchema = Type.Object({
  schema: Type.Literal('ocx-metrics/1'),
  scenario: text,
  seed: number,
  replications: Type.Integer({ minimum: 1 }),
  horizonSeconds: number,
  warmUpSeconds: number,
  variants: list(variant),
  hardwareReduction: Type.Union([hardwareReduction, Type.Null()]),
  extraDemandMet,
  extraDemandByVariant: list(extraDemandMet),
  provisioningEffect: Type.Union([provisioningEffect, Type.Null()]),
  provisioningTimes: list(provisioningTime),
  security: Type.Union([security, Type.Null()]),
  demandCorrelation: maybe,
  series: list(series),
  trades: list(
    Type.Object({
      variant: text,
      seller: text,
      buyer: text,
      nodeHours: estimate,
      credits: estimate,
    }),
  ),
  sensitivity: list(Type.Object({ parameter: text, value: number, extraNodeHours: estimate })),
  rareEmergencies: Type.Optional(
    Type.Object({
      nodes: number,
      probability: number,
      effectiveRuns: number,
      variants: list(rareVariant),
    }),
  ),
  mechanisms: Type.Optional(list(measuredMechanismSchema)),
  invariantViolations: number,
  ledgerImbalance: number,
  digest: text,
});

/** Does not compile where the schema and the type drift apart. */
export const checkedAsMetrics: (checked: Static<typeof metricsSchema>) => Metrics = (checked) =>
  checked;
