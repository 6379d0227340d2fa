/** The workload models against the bands that were published for them. */
import { hold, type Band, type HeldBand, type ModelBands } from './models/bands.ts';
import { ESTIMATES_OF_LOGS, modelledEstimates } from './models/estimates.ts';
import type { EstimateFigures } from './models/estimates.ts';
import { MODEL_BANDS } from './models/registry.ts';
import { PLANTED_MODELS } from './models/planted.ts';
import { grouped, markdownTable, type Section } from './section.ts';

export const modelsSection: Section = {
  name: 'models',
  run() {
    const failures: string[] = [];
    const parts = MODEL_BANDS.map((model) => modelPart(model, failures));
    const planted = PLANTED_MODELS.map((each) => {
      const isCaught = each.caught().includes(each.caughtBy);
      if (!isCaught) failures.push(`${each.model}: ${each.mistake} is not caught`);
      return [each.model, each.mistake, isCaught ? each.caughtBy : 'NOT CAUGHT'];
    });
    const text = [
      ...parts,
      'Estimates of run times, beside those of three logs (nothing is published as a band):\n',
      estimatesTable(),
      'Models with a planted mistake, and a band that each misses:\n',
      markdownTable(['model', 'mistake', 'caught by'], planted),
    ].join('\n');
    return { text, failures };
  },
};

function modelPart({ model, drawn, source, bands, measure }: ModelBands, failures: string[]) {
  const held = hold(bands, measure());
  for (const { figure, found, isInside } of held) {
    if (!isInside) failures.push(`${model}: ${figure} is ${found}`);
  }
  const rows = held.map((band) => [
    band.figure,
    bandText(band),
    grouped(band.found, band.digits),
    band.isInside ? 'yes' : 'NO',
  ]);
  const table = markdownTable(['figure', 'band', 'found', 'inside'], rows);
  return `**${model}**: ${drawn}. Source: ${source}.\n\n${table}`;
}

/** Bounds with one digit more where rounding would hide them. */
function bandText({ low, high, expected, digits }: Band | HeldBand): string {
  if (low === high) return grouped(low, digits);
  const [lowText, highText] = [low, high].map((bound) => grouped(bound, digits));
  if (lowText === highText) return `${grouped(expected, digits)}`;
  return low === 0 && expected === 0 ? `≤ ${highText}` : `${lowText} … ${highText}`;
}

function estimatesTable(): string {
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const row = (name: string, figures: EstimateFigures) => [
    name,
    grouped(figures.jobs, 0),
    share(figures.top20),
    share(figures.top1),
    share(figures.underTenth),
    share(figures.spike),
  ];
  return markdownTable(
    [
      '',
      'jobs',
      'on the 20 most frequent estimates',
      'on the most frequent one',
      'that use less than a tenth',
      'within 1 % of their estimate',
    ],
    [
      ...Object.entries(ESTIMATES_OF_LOGS).map(([log, figures]) => row(log, figures)),
      row('model as shipped', modelledEstimates()),
    ],
  );
}
