/** Workloads of Batsim. */
import test from 'ava';
import { readBatsim } from '../../workloads/formats/batsim.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { refusal, testFile } from './files.ts';

const WORKLOAD = {
  nb_res: 8,
  jobs: [
    { id: 'w!1', subtime: 5, res: 4, profile: 'sleep', walltime: 30 },
    { id: 2, subtime: 0, res: 1, profile: 'sleep', walltime: 10 },
    { id: 3, subtime: 6, res: 1, profile: 'twice' },
    { id: 4, subtime: 7, res: 1, profile: 'compute', walltime: 60 },
    { id: 5, subtime: 8, res: 1, profile: 'loop', walltime: 60 },
    { subtime: 9 },
    7,
  ],
  profiles: {
    sleep: { type: 'delay', delay: 20 },
    twice: { type: 'SequentialCompositionProfile', repeat: 2, seq: ['sleep', 'sleep'] },
    compute: { type: 'ParallelTaskProfile', cpu: [5e6] },
    loop: { type: 'composed', nb: 2, seq: ['loop'] },
  },
};

test('delays have run times, also composed ones; jobs are killed at their wall time', (t) => {
  const path = testFile(t, JSON.stringify(WORKLOAD), 'w.json');
  t.is(recogniseFormat(path).name, 'batsim');
  const log = readBatsim(path);
  t.deepEqual(log.ids, ['2', 'w!1', '3', '4', '5']);
  t.deepEqual([...log.jobs.runSeconds], [10, 20, 80, -1, -1]);
  t.deepEqual([...log.details!.status], [0, 1, 1, -1, -1]);
  t.is(log.jobs.estimateSeconds[2], -1);
  t.is(log.header.maxProcs, 8);
  t.deepEqual({ ...log.dropped }, { noJob: 2 });
  t.regex(log.header.oddities[0]!, /^2 jobs compute or send/);
});

test('places are those in the file, and what is no workload is refused', (t) => {
  const text = '{"nb_res": 1, "jobs": [\n  {"id": 1, "subtime": "x"},\n  {"id": 2, "subtime": 1}]}';
  t.deepEqual(readBatsim(testFile(t, text)).quarantined, [
    { reason: 'submitUnknown', line: 2, column: 3 },
  ]);
  refusal(t, () => readBatsim(testFile(t, '{"nb_res": 1}')), 'INPUT_NO_ROWS');
  refusal(t, () => readBatsim(testFile(t, text.slice(0, -2))), 'INPUT_TRUNCATED');
});
