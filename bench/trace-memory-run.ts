/** Inspects the trace that is named, and prints its records and the peak of memory, MB, as JSON. */
import { recogniseFormat } from '../workloads/formats/registry.ts';

const path = process.argv[2]!;
const { records } = recogniseFormat(path).inspect(path, {});
const peak = (process.resourceUsage().maxRSS * 1024) / 1e6;
process.stdout.write(`${JSON.stringify({ records, peak })}\n`);
