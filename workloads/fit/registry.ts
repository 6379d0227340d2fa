/** Which model is fitted to which traces. */
import type { ModelFit } from '../../core/demand/model-fit.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { TraceFile, TraceOptions } from '../formats/format.ts';
import { BATCH_PARTS, fitBatches } from './batch-fit.ts';
import { fitEvents } from './event-fit.ts';
import type { FitOptions } from './fit-options.ts';
import { readJobTrace } from './job-trace.ts';
import { MACHINE_FORMATS, readMachineTrace } from './machine-trace.ts';
import { fitLublin, LUBLIN_PARTS } from './lublin-fit.ts';

/** One model that can be fitted. */
export interface ModelFitter {
  readonly model: string;
  /** What it is fitted to, for help texts. */
  readonly traces: string;
  /** Parts that are simulated `replications` times each. */
  readonly parts: number;
  takes(format: TraceFile): boolean;
  /** @throws OcxError INPUT_… for a trace that cannot be used */
  fit(format: TraceFile, path: string, trace: TraceOptions, options: FitOptions): ModelFit;
}

/** All of them; the first one that takes a format has it. */
export const MODEL_FITTERS: readonly ModelFitter[] = [
  {
    model: 'lublin',
    traces: 'logs of batch jobs',
    parts: LUBLIN_PARTS,
    takes: (format) => format.swf !== undefined,
    fit: (format, path, trace, options) => fitLublin(readJobTrace(format, path, trace), options),
  },
  {
    model: 'azure-batches',
    traces: 'virtual machines of clouds',
    parts: BATCH_PARTS,
    takes: (format) => MACHINE_FORMATS.includes(format.name),
    fit: (format, path, trace, options) =>
      fitBatches(readMachineTrace(format, path, trace), path, options),
  },
  {
    model: 'hawkes',
    traces: 'records of emergencies',
    parts: 1,
    takes: (format) => format.name === 'fema',
    fit: (_format, path, _trace, options) => fitEvents(path, options),
  },
];

/**
 * The fitter for a format and, if given, a model.
 *
 * @throws OcxError INPUT_WORKLOAD_MODEL, INPUT_WORKLOAD_KIND
 */
export function fitterFor(format: TraceFile, model: string | undefined): ModelFitter {
  const taking = MODEL_FITTERS.filter((fitter) => fitter.takes(format));
  const found = taking.find((fitter) => model === undefined || fitter.model === model);
  if (found !== undefined) return found;
  const known = MODEL_FITTERS.map((fitter) => `${fitter.model} (${fitter.traces})`).join(', ');
  throw new OcxError({
    code: 'INPUT_WORKLOAD_KIND',
    message:
      model === undefined
        ? `no model can be fitted to a trace of format ${format.name}`
        : `the model ${model} cannot be fitted to a trace of format ${format.name}`,
    remedy: `models that can be fitted are ${known}`,
  });
}
