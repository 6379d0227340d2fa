/** Workload tables in files of their own. */
import { OcxError } from '../core/kernel/errors.ts';
import { parseDocument } from '../sim/scenario/document.ts';
import type { Output } from './command.ts';
import { readInputText } from './files.ts';

/**
 * The workload table of a TOML or JSON file: its table `workload`, or the whole file.
 *
 * @param model that the table has to be of
 * @throws OcxError INPUT_WORKLOAD…, INPUT_FILE_…
 */
export function readWorkload(output: Output, file: string, model: string): Record<string, unknown> {
  const whole = parseDocument(readInputText(output.path(file)), file, {
    code: 'INPUT_WORKLOAD',
    noun: 'workload',
    start: 'give a model.toml that ocx trace fit has written',
    describe: 'docs/MODELS.md',
  });
  const inner = whole['workload'];
  const table = (typeof inner === 'object' && inner !== null ? inner : whole) as typeof whole;
  if (table['model'] === model) return table;
  throw new OcxError({
    code: 'INPUT_WORKLOAD',
    message: `the table is not of the model ${model}`,
    place: { file },
    remedy: 'name the model that the file is of',
  });
}
