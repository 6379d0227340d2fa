/** The other half of the trace formats. */
import test from 'ava';
import { fuzzTraces } from './traces.ts';

fuzzTraces(test, (index) => index % 2 === 1);
