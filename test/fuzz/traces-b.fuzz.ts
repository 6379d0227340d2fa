/** The other half of the trace formats. */
import { fuzzTraces } from './traces.ts';

fuzzTraces((index) => index % 2 === 1);
