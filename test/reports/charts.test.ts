import { parse as parseToml } from 'smol-toml';
import test from 'ava';
import type { Metrics } from '../../core/metrics/results.ts';
import { CHARTS } from '../../reports/charts/registry.ts';
import { isMissing, NARROW, WIDE } from '../../reports/charts/chart.ts';
import { loadDrawing } from '../../reports/charts/drawing.ts';
import { drawChart, drawFigures } from '../../reports/charts/figures.ts';
import type { Figure } from '../../reports/charts/figures.ts';
import { dodge } from '../../reports/charts/parts/dodge.ts';
import { bucket, meanWeek } from '../../reports/charts/parts/time-series.ts';
import { readableOn } from '../../reports/charts/parts/palette.ts';
import { exampleMetrics, FIVE_SILOS } from './example-metrics.ts';
import { PAYLOADS } from './payloads.ts';
import type { DistributionPair, ModelFit } from '../../core/demand/model-fit.ts';
import { renderFit } from '../../reports/fit/write.ts';
import { all, layoutFaults, parseXml, textBoxes } from './svg.ts';

const drawing = await loadDrawing();

/** Results that have broken a chart, or might. */
const CASES: readonly (readonly [string, () => Metrics])[] = [
  ['five silos', () => exampleMetrics()],
  ['a loss over a whole year', () => exampleMetrics({ gain: -1, hours: 8_760 })],
  [
    'one replication of one hour in which nothing was gained',
    () => exampleMetrics({ gain: 0, replications: 1, hours: 1 }),
  ],
  ['one organisation', () => exampleMetrics({ organisations: FIVE_SILOS.slice(0, 1) })],
  [
    'fourteen organisations with long names',
    () =>
      exampleMetrics({
        organisations: Array.from({ length: 14 }, (_, index) => ({
          name: `Department of Very Long Names and Computing, campus ${index}`,
          kind: (['hpc', 'htc', 'cloud', 'testbed', 'government'] as const)[index % 5]!,
          nodes: 10_000 * (index + 1),
        })),
        variants: ['static', 'a-variant-with-a-name-that-goes-on-and-on-and-on-for-ever', 'b'],
      }),
  ],
  [
    'hostile names',
    () =>
      exampleMetrics({
        organisations: PAYLOADS.slice(0, 12).map((name) => ({ name, kind: 'hpc', nodes: 10 })),
        variants: ['static', PAYLOADS[2]!, PAYLOADS[0]!],
      }),
  ],
];

function figuresOf(metrics: Metrics): Figure[] {
  return drawFigures(drawing, metrics).flatMap((figure) => ('missing' in figure ? [] : [figure]));
}

for (const [name, make] of CASES) {
  test(`every picture of ${name} is well-formed, complete and has no text cut or covered`, (t) => {
    for (const figure of figuresOf(make())) {
      for (const [form, svg] of [
        ['wide', figure.wide],
        ['narrow', figure.narrow],
      ] as const) {
        const root = parseXml(svg).documentElement;
        t.is(root.tagName, 'svg');
        t.deepEqual(layoutFaults(root), [], `${figure.name} ${form}`);
        t.regex(root.getAttribute('viewBox') ?? '', new RegExp(`^0 0 (${WIDE}|${NARROW}) [1-9]`));
        t.false(/NaN|Infinity|undefined/.test(svg), `${figure.name} ${form}`);
        const [title, description] = [all(root, 'title')[0], all(root, 'desc')[0]];
        const labelled = `${title?.getAttribute('id')} ${description?.getAttribute('id')}`;
        t.is(root.getAttribute('aria-labelledby'), labelled);
        t.true((title?.textContent ?? '') !== '' && (description?.textContent ?? '') !== '');
      }
    }
  });
}

test('a text that is cut or covered would be found', (t) => {
  const svg = (inner: string) =>
    parseXml(`<svg viewBox="0 0 100 50">${inner}</svg>`).documentElement;
  const text = (x: number, y: number, words: string) =>
    `<text x="${x}" y="${y}" font-size="12">${words}</text>`;
  t.deepEqual(layoutFaults(svg(text(0, 20, 'fits'))), []);
  t.is(layoutFaults(svg(text(80, 20, 'does not fit'))).length, 1);
  t.is(layoutFaults(svg(text(0, 20, 'one') + text(5, 22, 'other'))).length, 1);
  t.is(
    layoutFaults(svg(`<g transform="translate(60,0)">${text(0, 20, 'beyond it')}</g>`)).length,
    1,
  );
  t.throws(() => parseXml('<svg>&nbsp;</svg>'));
});

const example = figuresOf(exampleMetrics());

test('the same results give the same bytes', (t) => {
  t.deepEqual(figuresOf(exampleMetrics()), example);
});

test('every chart of the registry is drawn of the example, and ids are unique in the page', (t) => {
  const figures = example;
  t.is(figures.length, CHARTS.length);
  const names = new Set(CHARTS.map(({ chart }) => chart.name));
  t.is(names.size, CHARTS.length);
  const ids = figures
    .flatMap(({ wide, narrow }) => [wide, narrow])
    .flatMap((svg) => Array.from(svg.matchAll(/ id="([^"]+)"/g), ([, id]) => id));
  t.is(new Set(ids).size, ids.length);
});

test('pictures hold nothing but presentation attributes: no style, script, link or event', (t) => {
  for (const { name, wide, narrow } of example) {
    for (const svg of [wide, narrow]) {
      t.notRegex(svg, /<(style|script|a|image|use|foreignObject)\b/, name);
      t.notRegex(svg, /\s(style|href|xlink:href|on\w+)=/, name);
      t.notRegex(svg, /https?:(?!\/\/www\.w3\.org\/2000\/svg")/, name);
      t.notRegex(svg, /currentColor/, name);
    }
  }
});

function count(svg: string, pattern: RegExp): number {
  return Array.from(svg.matchAll(pattern)).length;
}

function drawn(name: string, metrics: Metrics, width = WIDE): string {
  const { chart } = CHARTS.find((one) => one.chart.name === name)!;
  const story = chart.tell(metrics);
  if (isMissing(story)) throw new Error(story.missing);
  return drawChart(drawing, chart, story, metrics, width);
}

const INTERVAL = /class="interval"/g;

test('every estimated figure has its interval drawn, and a single replication has none', (t) => {
  const expected: readonly (readonly [string, number])[] = [
    ['hardware', 4],
    ['saving-by-correlation', 5 + 2 * 5],
    ['extra-demand', 3 + 4 + 5],
    ['utilisation', 4],
    ['sensitivity', 7],
    ['prices', 4],
    ['organisation-gains', 5],
    ['met-shares', 10],
    ['provisioning-effect', 2 * (1 + 4)],
    ['lease-length', 2 * 7],
    ['security-premium', 1],
    ['sensitive-demand', 4],
  ];
  const single = figuresOf(exampleMetrics({ replications: 1, hours: 1 }));
  for (const [name, marks] of expected) {
    const of = (figures: readonly Figure[]) => figures.find((figure) => figure.name === name)!.wide;
    t.is(count(of(example), INTERVAL), marks, name);
    t.is(count(of(single), INTERVAL), 0, name);
  }
});

test('every axis says its unit', (t) => {
  const units: Readonly<Record<string, RegExp>> = {
    hardware: /nodes/,
    'saving-by-correlation': /hardware saved, %.*hours.*correlation/s,
    'extra-demand': /node-hours/,
    utilisation: /%/,
    welfare: /credits/,
    sharing: /%/,
    sensitivity: /node-hours/,
    'market-over-time': /nodes.*credits per node-hour.*days/s,
    'organisations-over-time': /nodes.*day of the week/s,
    prices: /credits per node-hour/,
    'trade-matrix': /node-hours/,
    'organisation-gains': /credits/,
    'met-shares': /%/,
    'provisioning-effect': /node-hours/,
    'lease-length': /%.*node-hours/s,
    'provisioning-time': /seconds/,
    'security-premium': /credits per node-hour/,
    'sensitive-demand': /node-hours/,
  };
  for (const { name, wide, narrow } of example) {
    for (const svg of [wide, narrow]) {
      const words = textBoxes(parseXml(svg).documentElement).map((box) => box.text);
      t.regex(words.join('\n'), units[name]!, name);
    }
  }
});

test('the matrix has a cell for each pair and the totals of rows and columns', (t) => {
  const metrics = exampleMetrics();
  const words = textBoxes(parseXml(drawn('trade-matrix', metrics)).documentElement);
  const all = metrics.trades.reduce((sum, flow) => sum + flow.nodeHours.mean, 0);
  t.true(words.some((box) => box.text.replace(',', '') === String(all)));
  t.is(words.filter((box) => box.text === 'total').length, 2);
  for (const { name } of FIVE_SILOS) {
    t.is(words.filter((box) => box.text === name).length, 2, name);
  }
});

test('a bar of provisioning time is as long as the sum of its phases', (t) => {
  const metrics = exampleMetrics();
  const root = parseXml(drawn('provisioning-time', metrics)).documentElement;
  const phases = all(root, 'rect').filter((one) => all(one, 'title').length > 0);
  t.is(phases.length, metrics.provisioningTimes.flatMap((time) => time.phases).length);
  const right = Math.max(
    ...phases.map((one) => Number(one.getAttribute('x')) + Number(one.getAttribute('width'))),
  );
  const [longest] = metrics.provisioningTimes;
  const left = Math.min(...phases.map((one) => Number(one.getAttribute('x'))));
  const post = phases[0]!;
  const perSecond = (right - left) / longest!.totalSeconds;
  t.true(Math.abs(Number(post.getAttribute('width')) - 150 * perSecond) < 0.05);
});

test('what a run does not hold is missing with a reason, and everything else is drawn', (t) => {
  const bare: Metrics = {
    ...exampleMetrics({ variants: ['static'] }),
    hardwareReduction: null,
    provisioningEffect: null,
    security: null,
    provisioningTimes: [],
    sensitivity: [],
    trades: [],
    demandCorrelation: { value: null, reason: 'one organisation' },
  };
  const figures = drawFigures(drawing, bare);
  const missing = figures.flatMap((one) => ('missing' in one ? [one.name] : []));
  t.deepEqual(
    figures.filter((one) => !('missing' in one)).map((one) => one.name),
    ['utilisation', 'met-shares'],
  );
  t.is(missing.length, CHARTS.length - 2);
  t.true(figures.every((one) => !('missing' in one) || one.missing.endsWith('.')));
});

test('an organisation without any demand has its reason in place of a bar', (t) => {
  const metrics = exampleMetrics({
    organisations: [...FIVE_SILOS, { name: 'asleep', kind: 'htc', nodes: 0 }],
  });
  t.regex(drawn('met-shares', metrics), /not available: there was no demand/);
});

test('labels that would overlap are moved apart, in order and within bounds', (t) => {
  t.deepEqual(dodge([10, 11, 12], 14, [0, 100]), [10, 24, 38]);
  t.deepEqual(dodge([99, 98], 14, [0, 100]), [100, 86]);
  t.deepEqual(dodge([50], 14, [0, 100]), [50]);
});

test('buckets keep means, ranges and gaps', (t) => {
  const hour = Array.from({ length: 96 }, (_, at) => at);
  const daily = bucket(hour, 10);
  t.is(daily.hours, 24);
  t.deepEqual(daily.mean(hour), [11.5, 35.5, 59.5, 83.5]);
  t.deepEqual(daily.range(hour)[0], [0, 23]);
  t.deepEqual(daily.mean(hour.map((at) => (at < 24 ? null : 1))), [null, 1, 1, 1]);
  t.is(bucket(hour, 1_000).hours, 1);
  const week = meanWeek([0, 168, 336, 1], [1, 2, 3, null]);
  t.is(week[0], 2);
  t.is(week[1], null);
});

test('text on a colour is black or white, whichever reads better', (t) => {
  t.is(readableOn('#0072b2'), '#ffffff');
  t.is(readableOn('#f0e442'), '#000000');
});

test('figures of a fit are well-formed at both widths, nothing is cut, names are only shown', async (t) => {
  const evil = '<script>alert(1)</script>';
  const pair = (logarithmic: boolean, unit: string): DistributionPair => ({
    name: `of-${unit}`,
    title: 'Size of something long enough',
    unit,
    logarithmic,
    points: [1, 3, 40, 86_400].map((x, i) => ({ x, trace: (i + 1) / 4, model: i / 3 })),
    quantiles: [0.1, 0.5, 0.9, 0.99].map((probability, i) => ({
      probability,
      trace: i < 2 ? 1 : 50 * i,
      model: i < 2 ? 1 : 70 * i,
    })),
    distance: 0.25,
  });
  const fit: ModelFit = {
    formatVersion: 1,
    model: 'lublin',
    kind: 'hpc',
    trace: {
      name: evil,
      format: 'swf',
      label: 'real',
      records: 1_000,
      spanDays: 30,
      processors: 64,
    },
    seed: 1,
    workload: { model: 'lublin', load: 0.5, sizes: { serial: 0.1 }, list: [[1, 2]] },
    samples: [{ what: 'jobs', count: 1_000 }],
    setAside: { runUnknown: 3 },
    parameters: [],
    tests: [],
    comparison: [{ name: 'load', unit: '', trace: null, model: 0.5 }],
    distributions: [pair(true, 's'), pair(true, 'processors'), pair(false, 'machines')],
    cycles: [
      {
        name: 'day',
        title: 'Arrivals',
        labels: Array.from({ length: 24 }, (_, hour) => `${hour}`),
        trace: Array.from({ length: 24 }, (_, hour) => hour / 12),
        model: Array.from({ length: 24 }, () => 1),
      },
    ],
    limits: ['none'],
    disclosed: [],
  };
  const files = await renderFit(fit);
  t.is(files.size, 3 + 2 * 7);
  for (const [name, text] of files) {
    t.false(text.includes('NaN'), name);
    if (name.endsWith('.svg')) t.deepEqual(layoutFaults(parseXml(text).documentElement), [], name);
  }
  t.false(files.get('fit.html')!.includes(evil));
  const toml = parseToml(files.get('model.toml')!) as { workload: unknown };
  t.deepEqual({ ...(toml.workload as object) }, fit.workload);
});
