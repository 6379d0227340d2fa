/**
 * Plausible results, made up from formulas: what the tests of the reports draw. Nothing here was
 * measured and nothing of it may be quoted.
 */
import type { MeasuredMechanism } from '../../core/metrics/mechanism-properties.ts';
import type { Estimate, MaybeEstimate } from '../../core/metrics/estimate.ts';
import type {
  ExtraDemandMet,
  HourlySeries,
  MarketBehaviour,
  Metrics,
  OrganisationResult,
  ProvisioningTime,
  VariantResult,
} from '../../core/metrics/results.ts';
import type { ClusterKind } from '../../core/agents/view.ts';
import type { Manifest } from '../../core/metrics/manifest.ts';

export interface ExampleOrganisation {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly nodes: number;
}

export interface ExampleOptions {
  readonly organisations?: readonly ExampleOrganisation[];
  readonly variants?: readonly string[];
  readonly replications?: number;
  readonly hours?: number;
  /** Multiplies every gain of the market: 1 as it is, −1 a loss, 0 nothing. */
  readonly gain?: number;
}

export const FIVE_SILOS: readonly ExampleOrganisation[] = [
  { name: 'hpc-a', kind: 'hpc', nodes: 144 },
  { name: 'hpc-b', kind: 'hpc', nodes: 128 },
  { name: 'cloud', kind: 'cloud', nodes: 96 },
  { name: 'testbed', kind: 'testbed', nodes: 64 },
  { name: 'government', kind: 'government', nodes: 80 },
];

const MAIN = 'exchange-threshold';
const NO_FIGURE: MaybeEstimate = {
  value: null,
  reason: 'static partition misses under 0.1 % of demand',
};

type Maker = (mean: number, spread?: number) => Estimate;

export function exampleMetrics(options: ExampleOptions = {}): Metrics {
  const organisations = options.organisations ?? FIVE_SILOS;
  const variants = options.variants ?? ['static', 'fcfs-pool', 'k-double-auction', MAIN];
  const n = options.replications ?? 10;
  const gain = options.gain ?? 1;
  const hours = options.hours ?? 8 * 168;
  const make: Maker = (mean, spread = Math.abs(mean) * 0.08) => ({
    mean,
    ci95: n < 2 ? [mean, mean] : [mean - spread, mean + spread],
    n,
  });
  const installed = organisations.reduce((sum, one) => sum + one.nodes, 0);
  const markets = variants.filter((name) => name !== 'static');
  const main = markets.at(-1) ?? MAIN;
  const extra = markets.map((name, index) =>
    extraDemand(name, (index + 1) * 4_100 * gain, organisations, make),
  );
  return {
    schema: 'ocx-metrics/1',
    scenario: 'five-silos',
    seed: 20_200_131,
    replications: n,
    horizonSeconds: hours * 3_600 + 7 * 86_400,
    warmUpSeconds: 7 * 86_400,
    variants: variants.map((name, index) => variantResult(name, index, organisations, make, gain)),
    hardwareReduction: hardware(main, installed, make, gain),
    extraDemandMet: extra.at(-1) ?? extraDemand('none', 0, [], make),
    extraDemandByVariant: extra,
    provisioningEffect: provisioningEffect(organisations, make, gain),
    provisioningTimes: PROVISIONING_TIMES,
    security: {
      premium: { standard: make(0.118, 0.021) },
      sensitive: {
        market: make(21_400, 350),
        static: make(18_900, 410),
        difference: make(2_500, 190),
        slowProvisioning: make(19_300, 520),
      },
      costToOthers: make(310, 420),
    },
    demandCorrelation: make(0.31, 0.04),
    series: markets.length === 0 ? [] : [hourlySeries(main, organisations, hours)],
    trades: trades(main, organisations, make),
    sensitivity: [
      ...[0.5, 1, 2, 4].map((value) => ({
        parameter: 'patience',
        value,
        extraNodeHours: make(9_000 + 3_000 / value, 700),
      })),
      ...[600, 1_800, 3_600].map((value) => ({
        parameter: 'tau',
        value,
        extraNodeHours: make(11_600 + value / 4, 700),
      })),
    ],
    mechanisms: MEASURED_MECHANISMS,
    invariantViolations: 0,
    ledgerImbalance: 0,
    digest: '7f3c9a51e0b24d86',
  };
}

function variantResult(
  name: string,
  index: number,
  organisations: readonly ExampleOrganisation[],
  make: Maker,
  gain: number,
): VariantResult {
  const results = organisations.map((one, place) =>
    organisationResult(one, place, index, make, gain),
  );
  const sum = (pick: (one: OrganisationResult) => number) =>
    results.reduce((total, one) => total + pick(one), 0);
  return {
    name,
    mechanism: name,
    provisioning: 'bmi',
    attestation: true,
    organisations: results,
    utilisation: make(0.58 + 0.03 * index * gain, 0.006),
    valueCredits: make(90_000 + 2_500 * index * gain),
    welfareGainCredits: make(2_500 * index * gain),
    metNodeHours: make(sum((one) => one.metNodeHours.mean)),
    demandNodeHours: make(sum((one) => one.demandNodeHours.mean)),
    market: name === 'static' ? null : marketBehaviour(index, make),
  };
}

function organisationResult(
  one: ExampleOrganisation,
  place: number,
  variant: number,
  make: Maker,
  gain: number,
): OrganisationResult {
  const demand = one.nodes * 1_344 * 0.72;
  const share = Math.min(0.99, 0.78 + 0.03 * place + 0.035 * variant * gain);
  const trades = variant === 0 ? 0 : 1;
  const sign = place % 2 === 0 ? 1 : -1;
  return {
    name: one.name,
    kind: one.kind,
    installedNodes: one.nodes,
    demandNodeHours: make(demand),
    metNodeHours: make(demand * share),
    metShare: demand > 0 ? make(share, 0.011) : { value: null, reason: 'there was no demand' },
    borrowedNodeHours: make(trades * (2_000 + 900 * place)),
    lentNodeHours: make(trades * (4_600 - 800 * place)),
    lostNodeHours: make(trades * 130, 40),
    netCredits: make(trades * sign * (900 - 120 * place), 210),
    gainCredits: make(trades * gain * (1_400 - 330 * place), 260),
    ownMeasures: ownMeasures(one.kind, variant, make),
  };
}

function ownMeasures(
  kind: ClusterKind,
  variant: number,
  make: Maker,
): Record<string, MaybeEstimate> {
  switch (kind) {
    case 'cloud':
      return { lostLoadShare: make(0.021 / (1 + variant), 0.003), slaPenaltyCredits: make(420) };
    case 'testbed':
      return { experimentsByDeadlineShare: make(0.8 + 0.04 * variant, 0.02) };
    case 'government':
      return {
        timeToCapacitySeconds:
          variant === 0
            ? { value: null, reason: 'no emergency exceeded the reserve' }
            : make(1_240),
      };
    default:
      return {
        meanWaitSeconds: make(21_000 / (1 + variant)),
        meanBoundedSlowdown: make(14 / (1 + variant)),
      };
  }
}

function marketBehaviour(index: number, make: Maker): MarketBehaviour {
  const priced = index > 1;
  return {
    rounds: make(5_376, 0),
    bidsPerRound: make(37.5),
    contracts: make(2_140),
    leases: make(8_260),
    tradedNodeHours: make(13_000 + 900 * index),
    meanPrice: priced ? { standard: make(0.92, 0.05), legacy: make(0.8, 0.04) } : {},
    efficiency: priced
      ? make(0.947, 0.012)
      : { value: null, reason: 'the mechanism has no prices' },
    sampledRounds: make(54, 0),
    individualRationalityViolations: make(0, 0),
    organisationsWorseOff: make(0.06, 0.03),
    budgetSurplusCredits: make(0, 0),
    fairness: make(0.71, 0.05),
    sharingIndex: make(0.83, 0.02),
    leak: { sealed: make(0.21, 0.03), bands: make(0.08, 0.02) },
    willingness: {
      timeToOfferMedianSeconds: make(1_800, 120),
      timeToOfferP95Seconds: make(7_200, 900),
      reshapeIndex: make(0.04, 0.01),
    },
    horizons: {},
    recalls: make(41),
    preemptions: make(0, 0),
    defaults: make(0, 0),
    claims: {
      individualRationality: 'always',
      incentiveCompatibility: 'never',
      efficiency: 'never',
      budgetBalance: 'strong',
      falseNameProofness: 'never',
      gangs: 'true',
      windows: 'false',
    },
  };
}

function extraDemand(
  variant: string,
  total: number,
  organisations: readonly ExampleOrganisation[],
  make: Maker,
): ExtraDemandMet {
  const parts = organisations.map((_, index) => 5 - index);
  const all = parts.reduce((sum, part) => sum + part, 0);
  const byName: [string, { nodeHours: Estimate }][] = organisations.map((one, index) => [
    one.name,
    { nodeHours: make((total * parts[index]!) / all, 160 + Math.abs(total) * 0.02) },
  ]);
  const kinds = new Map<string, number>();
  organisations.forEach((one, index) => {
    kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + (total * parts[index]!) / all);
  });
  return {
    variant,
    nodeHours: make(total, Math.abs(total) * 0.06 + (total === 0 ? 90 : 0)),
    shareOfMissed: total === 0 ? NO_FIGURE : make(total / 36_000, 0.021),
    optimumNodeHours: make(17_900),
    organisations: Object.fromEntries(byName),
    kinds: Object.fromEntries([...kinds].map(([kind, sum]) => [kind, { nodeHours: make(sum) }])),
  };
}

function hardware(variant: string, installed: number, make: Maker, gain: number) {
  const alone = installed * 0.93;
  const market = alone * (1 - 0.118 * gain);
  return {
    variant,
    installedNodes: installed,
    requiredStaticNodes: make(alone, 5.5),
    requiredMarketNodes: make(market, 7.2),
    requiredStaticNodesMaximum: Math.ceil(alone + 9),
    requiredMarketNodesMaximum: Math.ceil(market + 14),
    saving: make(0.118 * gain, 0.017),
    rightSizing: make(0.07, 0.01),
    workBound: make(installed * 0.63, 3),
    intervalBound: make(installed * 0.74, 4),
    captured: make(0.58 * gain, 0.08),
    byCorrelation: [0, 3, 6, 9, 12].map((alignmentHours, index) => ({
      alignmentHours,
      correlation: make(0.62 - 0.12 * index, 0.03),
      saving: make((0.052 + 0.021 * index) * gain, 0.016),
    })),
    nonMonotoneReplications: 0,
  };
}

function provisioningEffect(
  organisations: readonly ExampleOrganisation[],
  make: Maker,
  gain: number,
) {
  const kinds = [...new Set(organisations.map((one) => one.kind))];
  return {
    bmi: make(12_300 * gain, 740),
    foreman: make(9_100 * gain, 690),
    difference: make(3_200 * gain, 240),
    kinds: Object.fromEntries(
      kinds.map((kind, index) => [
        kind,
        {
          bmi: make((4_700 - 900 * index) * gain, 300),
          foreman: make((3_900 - 1_000 * index) * gain, 320),
          difference: make((800 + 100 * index) * gain, 90),
        },
      ]),
    ),
    byLeaseLength: [900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400].map(
      (leaseSeconds, index) => ({
        leaseSeconds,
        bmi: Math.max(0, 1 - 400 / leaseSeconds),
        foreman: Math.max(0, 1 - 850 / leaseSeconds),
        tradedBmi: make(400 * (1 + index) * (8 - index) * 0.4, 120),
        tradedForeman: make(300 * (1 + index) * (7 - index) * 0.4, 110),
      }),
    ),
    breakEvenLeaseSeconds: { bmi: make(1_320, 90), foreman: make(2_760, 140) },
  };
}

function hourlySeries(
  variant: string,
  organisations: readonly ExampleOrganisation[],
  hours: number,
): HourlySeries {
  const hour = Array.from({ length: hours }, (_, at) => at);
  const wave = (at: number, place: number) =>
    Math.sin(((at + 5 * place) / 24) * 2 * Math.PI) + 0.4 * Math.sin((at / 168) * 2 * Math.PI);
  const demandOf = (one: ExampleOrganisation, place: number) =>
    hour.map((at) => one.nodes * (0.72 + 0.28 * wave(at, place)));
  const capacityOf = (one: ExampleOrganisation, place: number) =>
    hour.map((at) => one.nodes * (1 + 0.16 * wave(at - 1, place)));
  const installedNodes = organisations.reduce((sum, one) => sum + one.nodes, 0);
  const demands = organisations.map(demandOf);
  const demandNodes = hour.map((at) => demands.reduce((sum, demand) => sum + demand[at]!, 0));
  return {
    variant,
    hour,
    installedNodes,
    demandNodes,
    busyNodes: demandNodes.map((demand) => Math.min(installedNodes * 0.9, demand * 0.92)),
    lentNodes: hour.map((at) => 46 + 22 * wave(at, 2)),
    offeredNodes: hour.map((at) => 88 + 30 * wave(at, 3)),
    price: {
      standard: hour.map((at) => (at % 97 < 6 ? null : 0.9 + 0.2 * wave(at, 0))),
      legacy: hour.map((at) => (at % 61 < 9 ? null : 0.78 + 0.12 * wave(at, 1))),
    },
    capacityByOrganisation: Object.fromEntries(
      organisations.map((one, place) => [one.name, capacityOf(one, place)]),
    ),
    demandByOrganisation: Object.fromEntries(
      organisations.map((one, place) => [one.name, demands[place]!]),
    ),
  };
}

function trades(variant: string, organisations: readonly ExampleOrganisation[], make: Maker) {
  return organisations.flatMap((seller, row) =>
    organisations.flatMap((buyer, column) => {
      if (row === column || (row * 3 + column) % 4 === 0) return [];
      const nodeHours = 260 + 640 * ((row * 5 + column * 3) % 7);
      return [
        {
          variant,
          seller: seller.name,
          buyer: buyer.name,
          nodeHours: make(nodeHours),
          credits: make(nodeHours * 0.9),
        },
      ];
    }),
  );
}

/** Shaped like the calibration's, for drawing. */
const MEASURED_MECHANISMS: readonly MeasuredMechanism[] = [MAIN, 'fcfs-pool'].map((mechanism) => ({
  mechanism,
  claims: [
    {
      property: 'individualRationality',
      claimed: 'always',
      isClaimed: mechanism === MAIN,
      domain: 'always',
      markets: 33,
      violations: mechanism === MAIN ? 0 : 30,
      missedShare: null,
    },
    {
      property: 'efficiency',
      claimed: 'never',
      isClaimed: false,
      domain: 'always',
      markets: 32,
      violations: 24,
      missedShare: 0.56,
    },
  ],
}));

export const PROVISIONING_TIMES: readonly ProvisioningTime[] = [
  time(
    'foreman',
    'uefi',
    'none',
    [150, 3, 300, 150, 60],
    ['POST', 'PXE', 'OS installation', 'second POST', 'local boot'],
  ),
  time('bmi', 'uefi', 'none', [150, 3, 75], ['POST', 'PXE', 'chain boot']),
  time('bmi', 'uefi', 'attested', [150, 3, 12, 7, 25, 35, 25, 60], ATTESTED()),
  time(
    'bmi',
    'uefi',
    'full',
    [150, 3, 12, 7, 25, 35, 25, 60, 103],
    [...ATTESTED(), 'LUKS and IPsec'],
  ),
  time('bmi', 'linuxboot', 'none', [54, 75], ['POST', 'chain boot']),
  time('bmi', 'linuxboot', 'attested', [54, 25, 35, 25, 60], ['POST', ...ATTESTED().slice(4)]),
  time(
    'bmi',
    'linuxboot',
    'full',
    [54, 25, 35, 25, 60, 103],
    ['POST', ...ATTESTED().slice(4), 'LUKS and IPsec'],
  ),
];

function ATTESTED(): string[] {
  return [
    'POST',
    'PXE',
    'runtime download',
    'runtime boot',
    'attester download',
    'attestation',
    'move to enclave',
    'kernel boot',
  ];
}

function time(
  method: ProvisioningTime['method'],
  firmware: ProvisioningTime['firmware'],
  securityLevel: ProvisioningTime['securityLevel'],
  seconds: readonly number[],
  names: readonly string[],
): ProvisioningTime {
  return {
    method,
    firmware,
    securityLevel,
    phases: seconds.map((value, index) => ({ name: names[index]!, seconds: value })),
    totalSeconds: seconds.reduce((sum, value) => sum + value, 0),
  };
}

export function exampleManifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    schema: 'ocx-manifest/1',
    ocxVersion: '0.1.0',
    nodeVersion: 'v24.21.0',
    gitCommit: '0f629c2d3c0a4c6f9b1f6f6f4e1f2b3c4d5e6f70',
    command: 'ocx compare scenarios/five-silos.toml --seed 20200131 --replications 10',
    scenarioFile: 'scenarios/five-silos.toml',
    scenarioHash: 'a'.repeat(64),
    scenario: { name: 'five-silos' },
    inputs: [
      {
        organisation: 'hpc-a',
        name: 'Lublin–Feitelson model',
        label: 'synthetic',
        sha256: null,
        treatment: 'drawn anew in every replication',
        droppedRecords: {},
      },
      {
        organisation: 'hpc-b',
        name: 'LOG-1999.swf.gz',
        label: 'real',
        sha256: 'b'.repeat(64),
        treatment: 'resampled in blocks of a week (47 weeks)',
        droppedRecords: { 'negative run time': 12, 'no processors': 3 },
      },
      {
        organisation: 'government',
        name: 'disaster declarations',
        label: 'derived',
        sha256: 'c'.repeat(64),
        treatment: 'incident begin taken as the start of an emergency',
        droppedRecords: {},
      },
    ],
    seed: 20_200_131,
    replications: 10,
    startedAt: '2026-01-31T12:00:00.000Z',
    durationSeconds: 41.7,
    host: { platform: 'linux', cpus: 2, workers: 2 },
    ...changes,
  };
}
