/** Half of the trace formats; the other half is a file of its own so that both run side by side. */
import test from 'ava';
import { fuzzTraces } from './traces.ts';

fuzzTraces(test, (index) => index % 2 === 0);
