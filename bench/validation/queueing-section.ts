/** The kernel against queueing theory. */
import { QUEUEING_CASES, validateStation } from './queueing.ts';
import type { QueueingResult } from './queueing.ts';
import { markdownTable, type Section } from './section.ts';

const SIZE = { replications: 30, customers: 60_000, warmUp: 10_000 };
/** Standard errors between theory and simulation. */
const TOLERATED_DEVIATION = 4;

export const queueingSection: Section = {
  name: 'queueing',
  run() {
    const results = QUEUEING_CASES.map((station) => validateStation(station, SIZE));
    return { text: renderTable(results), failures: results.flatMap(failuresOf) };
  },
};

function failuresOf({ station, deviation, differentWaits }: QueueingResult): string[] {
  const what = `${station.name} at ${station.utilisation}, ${station.law.name}`;
  return [
    ...(Math.abs(deviation) > TOLERATED_DEVIATION
      ? [`${what}: ${deviation.toFixed(1)} standard errors from theory`]
      : []),
    ...(differentWaits > 0 ? [`${what}: ${differentWaits} waits differ`] : []),
  ];
}

function renderTable(results: readonly QueueingResult[]): string {
  const rows = results.map(({ station, theory, simulated, deviation, tail, differentWaits }) => {
    const [low, high] = simulated.ci95;
    return [
      station.name,
      station.law.name,
      station.utilisation,
      theory.toFixed(4),
      `${simulated.mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`,
      `${((100 * (simulated.mean - theory)) / theory).toFixed(2)} %`,
      deviation.toFixed(2),
      tail ? tail.theory.toFixed(4) : '–',
      tail ? tail.simulated.mean.toFixed(4) : '–',
      differentWaits,
    ];
  });
  return markdownTable(
    [
      'station',
      'services',
      'ρ',
      'mean wait, theory',
      'simulated, 95 % interval',
      'error',
      'standard errors',
      'waits > 1, theory',
      'simulated',
      'waits that differ',
    ],
    rows,
  );
}
