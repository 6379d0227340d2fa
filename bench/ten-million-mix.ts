/** The machine of `ten-million-jobs` and what it is asked for; some 1,000 jobs run at a time. */
import type { JobMix } from './generated-jobs.ts';

export const MIX: JobMix = { processors: 100_000, load: 0.9, largest: 512 };
