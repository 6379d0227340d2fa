/** The trace formats, one file each. */
import { basename } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { readHead } from '../input.ts';
import { archiveOfSeries, isArchive } from './archive.ts';
import { alibaba2018Format } from './alibaba-2018.ts';
import { alibabaContainersFormat } from './alibaba-containers.ts';
import { alibabaGpuFormat } from './alibaba-gpu.ts';
import { alibabaInstancesFormat } from './alibaba-instances.ts';
import { alibabaMachinesFormat } from './alibaba-machines.ts';
import { alibabaUsageFormat } from './alibaba-usage.ts';
import { azurePackingFormat } from './azure-packing.ts';
import { azureReadingsFormat } from './azure-readings.ts';
import { azureFormat } from './azure-stream.ts';
import { azureVmFormat } from './azure-vms.ts';
import { batsimFormat } from './batsim.ts';
import { bitbrainsFormat } from './bitbrains.ts';
import { jobsFormat } from './canonical-jobs.ts';
import { machinesFormat } from './canonical-machines.ts';
import { seriesTableFormat } from './canonical-series.ts';
import { csvFormat } from './csv-jobs.ts';
import { dayAheadFormat } from './day-ahead.ts';
import { deadlineFormat } from './deadline-calendar.ts';
import { eagleFormat } from './eagle.ts';
import { ec2SpotFormat } from './ec2-spot.ts';
import { femaFormat } from './fema.ts';
import { google2011Format } from './google-2011.ts';
import { google2011JobsFormat } from './google-2011-jobs.ts';
import { google2019CollectionsFormat } from './google-2019-collections.ts';
import { google2011MachinesFormat } from './google-2011-machines.ts';
import { google2011UsageFormat } from './google-2011-usage.ts';
import { google2019Format } from './google-2019.ts';
import { gwfFormat } from './gwf.ts';
import { needsFormat } from './needs-csv.ts';
import { openDcFormat } from './opendc.ts';
import { openDcFragmentsFormat } from './opendc-fragments.ts';
import { planetlabFormat } from './planetlab.ts';
import { sacctFormat } from './sacct.ts';
import { skypilotFormat } from './skypilot.ts';
import { swfFormat } from './swf-trace.ts';
import type { TraceFile, TraceFormat } from './format.ts';

/** All of them; the first one that recognises a file has it. */
export const TRACE_FILES: readonly (TraceFile | TraceFormat)[] = [
  gwfFormat,
  swfFormat,
  sacctFormat,
  eagleFormat,
  batsimFormat,
  alibaba2018Format,
  jobsFormat,
  machinesFormat,
  seriesTableFormat,
  csvFormat,
  openDcFormat,
  azureVmFormat,
  azurePackingFormat,
  alibabaContainersFormat,
  alibabaInstancesFormat,
  alibabaGpuFormat,
  google2011Format,
  google2019Format,
  azureFormat,
  femaFormat,
  deadlineFormat,
  needsFormat,
  ec2SpotFormat,
  skypilotFormat,
  dayAheadFormat,
  bitbrainsFormat,
  azureReadingsFormat,
  google2011UsageFormat,
  google2011MachinesFormat,
  google2011JobsFormat,
  google2019CollectionsFormat,
  alibabaMachinesFormat,
  alibabaUsageFormat,
  planetlabFormat,
  openDcFragmentsFormat,
];

/** Archives of several files; their files are in a format of their own. */
const ARCHIVE_OF_SERIES: TraceFile = archiveOfSeries(recogniseFormat);

/** Those that can drive a cluster. */
export const TRACE_FORMATS: readonly TraceFormat[] = TRACE_FILES.filter(
  (format): format is TraceFormat => 'load' in format,
);

/** A format that can drive a cluster, by its name. */
export function formatNamed(name: string): TraceFormat | null {
  return TRACE_FORMATS.find((format) => format.name === name) ?? null;
}

/** The format that a file's name alone suggests, or null. */
export function recogniseByName(path: string): TraceFormat | null {
  return TRACE_FORMATS.find((format) => format.recognises(basename(path), '')) ?? null;
}

/**
 * The format of a file, by its name and its first kilobytes.
 *
 * @throws OcxError INPUT_FORMAT where none is recognised, INPUT_… where it cannot be opened
 */
export function recogniseFormat(path: string): TraceFile {
  if (isArchive(path)) return ARCHIVE_OF_SERIES;
  const head = readHead(path);
  const found = TRACE_FILES.find((format) => format.recognises(basename(path), head));
  if (found !== undefined) return found;
  throw new OcxError({
    code: 'INPUT_FORMAT',
    message: 'the format of the file is not recognised',
    place: { file: path },
    remedy: `give --format, one of ${TRACE_FILES.map((format) => format.name).join(', ')}`,
  });
}
