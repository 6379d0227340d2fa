/**
 * A part of an experiment, or the same smaller: some levels, fewer replications, other settings in
 * every cell. Cells keep the number that they have in the whole, so that a part's folder can be
 * gone on with as the whole.
 */
import { OcxError } from '../../../core/kernel/errors.ts';
import type { Refusal } from '../../../core/kernel/errors.ts';
import { nearestRemedy } from '../../scenario/nearest.ts';
import { parseSetting } from '../../scenario/settings.ts';
import type { Setting } from '../../scenario/settings.ts';
import type { Experiment } from './experiment.ts';
import { LARGEST_REPLICATIONS, LEAST_REPLICATIONS } from './schema.ts';

/** As they stand on a command line. */
export interface PartOptions {
  /** `axis=level`; several of one axis: any of them. */
  readonly only?: readonly string[];
  /** `key.path=value`, in every cell, after what the cell sets itself. */
  readonly set?: readonly string[];
  readonly replications?: number;
}

/** The words that a part is asked for with; empty: the whole. */
export function wordsOfPart({ only, set, replications }: PartOptions): string[] {
  return [
    ...(only ?? []).flatMap((one) => ['--only', one]),
    ...(set ?? []).flatMap((one) => ['--set', one]),
    ...(replications === undefined ? [] : ['--replications', String(replications)]),
  ];
}

/** @throws INPUT_SWEEP_ONLY, INPUT_SWEEP_SET, INPUT_SWEEP_REPLICATIONS, INPUT_SETTING */
export function partOf(experiment: Experiment, options: PartOptions): Experiment {
  const settings = (options.set ?? []).map((text) => settingOf(text, experiment));
  const replications = options.replications ?? experiment.replications;
  if (replications < LEAST_REPLICATIONS || replications > LARGEST_REPLICATIONS) {
    throw new OcxError({
      code: 'INPUT_SWEEP_REPLICATIONS',
      message: `--replications ${replications} is not from ${LEAST_REPLICATIONS} to ${LARGEST_REPLICATIONS}`,
      remedy: 'an interval needs two at least',
    });
  }
  const chosen = chosenLevels(experiment, options.only ?? []);
  const isChosen = (axis: string, level: string) => chosen.get(axis)?.has(level) ?? true;
  if (options.replications !== undefined) {
    settings.push({ path: ['replications'], value: replications });
  }
  return {
    ...experiment,
    replications,
    // Who says how many there are to be wants neither fewer nor more.
    stopping: options.replications === undefined ? experiment.stopping : null,
    axes: experiment.axes.map(({ name, levels }) => ({
      name,
      levels: levels.filter((level) => isChosen(name, level)),
    })),
    cells: experiment.cells
      .filter(({ levels }) => Object.entries(levels).every(([axis, one]) => isChosen(axis, one)))
      .map((cell) => ({ ...cell, settings: [...cell.settings, ...settings] })),
    changes: wordsOfPart(options),
  };
}

function chosenLevels({ axes }: Experiment, only: readonly string[]): Map<string, Set<string>> {
  const chosen = new Map<string, Set<string>>();
  for (const text of only) {
    const split = text.indexOf('=');
    const [name, level] = [text.slice(0, Math.max(split, 0)).trim(), text.slice(split + 1).trim()];
    if (name === '') {
      const message = `${JSON.stringify(text)} is not a level of an axis`;
      throw refusal('ONLY', message, 'write --only axis=level');
    }
    const axis = axes.find((one) => one.name === name);
    if (!axis) {
      const names = axes.map((one) => one.name);
      const message = `--only ${text}: no axis is called ${JSON.stringify(name)}`;
      throw refusal('ONLY', message, nearestRemedy(name, names));
    }
    if (!axis.levels.includes(level)) {
      const message = `--only ${text}: axis ${name} has no level ${JSON.stringify(level)}`;
      throw refusal('ONLY', message, nearestRemedy(level, axis.levels));
    }
    chosen.set(name, (chosen.get(name) ?? new Set()).add(level));
  }
  return chosen;
}

function settingOf(text: string, { varied }: Experiment): Setting {
  const setting = parseSetting(text);
  if (setting.path[0] === 'replications' && setting.path.length === 1) {
    const message = 'replications are not a setting of a cell';
    throw refusal('SET', message, 'write --replications N');
  }
  const clash = varied.find(({ path }) => overlap(path, setting.path));
  if (clash) {
    const message = `--set ${text} would undo the axis ${clash.axis}, which sets ${clash.path.join('.')}`;
    throw refusal('SET', message, `choose levels with --only ${clash.axis}=LEVEL`);
  }
  return setting;
}

/** Whether one path leads to the other, or into it. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  return a
    .slice(0, length)
    .every((word, index) => word === b[index] || word === '*' || b[index] === '*');
}

function refusal(code: string, message: string, remedy: Refusal['remedy']): OcxError {
  return new OcxError({
    code: `INPUT_SWEEP_${code}`,
    message,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
