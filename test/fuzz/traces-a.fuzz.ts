/** Half of the trace formats; the other half is a file of its own so that both run side by side. */
import { fuzzTraces } from './traces.ts';

fuzzTraces((index) => index % 2 === 0);
