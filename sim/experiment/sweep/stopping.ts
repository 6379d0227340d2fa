/** The stopping rule of an experiment: `[stopping]`, held against its measures. */
import { OcxError } from '../../../core/kernel/errors.ts';
import type { SweepStopping } from '../../../core/metrics/sweep/results.ts';
import { nearestRemedy } from '../../scenario/nearest.ts';
import type { ExperimentFile } from './schema.ts';

/**
 * @param givesReplications whether the file says how many there are, too
 * @returns null where replications are fixed
 * @throws INPUT_EXPERIMENT_STOPPING
 */
export function resolveStopping(
  { stopping, measure }: ExperimentFile,
  givesReplications: boolean,
  file: string,
): SweepStopping | null {
  if (stopping === undefined) return null;
  const refusal = (key: string, message: string, remedy: string) =>
    new OcxError({
      code: 'INPUT_EXPERIMENT_STOPPING',
      message,
      place: { file, keyPath: key === 'replications' ? key : `stopping.${key}` },
      remedy,
    });
  const { halfWidth, relative, minimumReplications, maximumReplications } = stopping;
  const target = halfWidth ?? relative;
  if (target === undefined || (halfWidth !== undefined && relative !== undefined)) {
    const message = 'the target is either a half-width in the unit of the measure or a share';
    throw refusal('halfWidth', message, 'give halfWidth or relative');
  }
  const names = measure.map(({ name }) => name);
  if (!names.includes(stopping.measure)) {
    const message = `no measure is called ${JSON.stringify(stopping.measure)}`;
    throw refusal('measure', message, nearestRemedy(stopping.measure, names));
  }
  if (minimumReplications > maximumReplications) {
    const message = `${maximumReplications} replications at most are fewer than ${minimumReplications} at least`;
    throw refusal('maximumReplications', message, 'raise it, or lower minimumReplications');
  }
  if (givesReplications) {
    const message = 'the rule of [stopping] says how many replications a cell takes';
    throw refusal('replications', message, 'remove replications, or [stopping]');
  }
  return {
    measure: stopping.measure,
    halfWidth: target,
    scale: relative === undefined ? 'absolute' : 'relative',
    minimum: minimumReplications,
    maximum: maximumReplications,
  };
}
