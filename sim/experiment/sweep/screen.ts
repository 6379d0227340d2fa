/**
 * Few cells of a large grid that rank its axes: each axis at its first and its last level, in the
 * combinations of Plackett and Burman (Biometrika 33(4), 1946), in which every level of an axis meets
 * both levels of every other axis equally often.
 */
import { OcxError } from '../../../core/kernel/errors.ts';
import type { Experiment } from './experiment.ts';

/** First row of their design of 12 runs; the others are its shifts, and one of low levels. */
const TWELVE = '++-+++---+-';
/** Columns of the largest design here. */
export const MOST_AXES = 15;

/**
 * Runs by axes: 1 for the last level, −1 for the first; each column is balanced and orthogonal to the
 * others. Runs whose number is a power of two are regular fractions.
 *
 * @param axes 2 to `MOST_AXES`
 * @param foldover adds each run's mirror image where it is not there yet: then no interaction of two
 *   axes adds to what is seen of a single one (Box & Wilson, J. R. Statist. Soc. B 13(1), 1951)
 */
export function plackettBurman(axes: number, foldover: boolean): number[][] {
  const runs = axes >= 8 && axes <= 11 ? twelve(axes) : powerOfTwo(axes);
  if (!foldover) return runs;
  const there = new Set(runs.map((run) => run.join()));
  const mirrored = runs.map((run) => run.map((sign) => -sign));
  return [...runs, ...mirrored.filter((run) => !there.has(run.join()))];
}

function twelve(axes: number): number[][] {
  const first = Array.from(TWELVE, (sign) => (sign === '+' ? 1 : -1));
  const shifted = first.map((_, by) =>
    first.map((__, column) => first[(column - by + first.length) % first.length]!),
  );
  return [...shifted, first.map(() => -1)].map((run) => run.slice(0, axes));
}

/** Each column is the product of some of the basic ones, whose bits say which. */
function powerOfTwo(axes: number): number[][] {
  let count = 4;
  while (count - 1 < axes) count *= 2;
  const words = Array.from({ length: count - 1 }, (_, index) => index + 1);
  // Basic columns first, then products of three, which interactions of two do not add to.
  const rank = (word: number) => (bits(word) === 1 ? 0 : bits(word) % 2 === 1 ? 1 : 2);
  const columns = words.sort((a, b) => rank(a) - rank(b) || a - b).slice(0, axes);
  return Array.from({ length: count }, (_, run) =>
    columns.map((word) => (bits(word) % 2 === bits(run & word) % 2 ? 1 : -1)),
  );
}

function bits(value: number): number {
  let count = 0;
  for (let left = value; left > 0; left = Math.floor(left / 2)) count += left % 2;
  return count;
}

/** The cells of the design, where the experiment asks for one; else all. @throws INPUT_EXPERIMENT_SCREEN */
export function screenCells(experiment: Experiment): Experiment {
  if (experiment.screen === null) return experiment;
  const varied = experiment.axes.filter(({ levels }) => levels.length > 1);
  if (varied.length < 2 || varied.length > MOST_AXES) {
    throw new OcxError({
      code: 'INPUT_EXPERIMENT_SCREEN',
      message: `a screening design needs 2 to ${MOST_AXES} axes with two levels or more, not ${varied.length}`,
      place: { keyPath: 'screen' },
      remedy: 'remove [screen] to run every cell',
    });
  }
  const ends = new Map(varied.map(({ name, levels }) => [name, [levels[0]!, levels.at(-1)!]]));
  const key = (levels: readonly (string | undefined)[]) => JSON.stringify(levels);
  const cells = new Map(
    experiment.cells.map((cell) => [key(varied.map(({ name }) => cell.levels[name])), cell]),
  );
  const runs = plackettBurman(varied.length, experiment.screen.foldover);
  return {
    ...experiment,
    axes: experiment.axes.map(({ name, levels }) => ({ name, levels: ends.get(name) ?? levels })),
    cells: runs
      .map((run) =>
        cells.get(key(varied.map(({ name }, at) => ends.get(name)![(run[at]! + 1) / 2])))!,
      )
      .sort((a, b) => a.number - b.number),
  };
}
