import test from 'ava';
import { lacksNodes, slurmNodes, waitingJobs } from '../../../backends/engines/slurm/tables.ts';

/** As Slurm 22.05 prints it for `-o %i|%D|%l|%V|%r` with times in seconds. */
const QUEUE = `
12|1|1:00|1795718600|Resources
13_4|2|1-02:03:04|1795718601|Priority
14|1|UNLIMITED|1795718602|Priority
15|1|30|1795718603|Dependency
16|1|2:30:00|1795718604|Resources
17|0|1:00|1795718605|Resources
18|x|1:00|1795718606|Resources
19|1|INVALID|1795718607|Resources
20|1|1:00|Unknown|Resources
--help|1|1:00|1795718608|Resources
21|1|1:00|1795718609|Resources|more
`;

test('jobs that wait are read with their limits, and what is no job is none', (t) => {
  const jobs = waitingJobs(QUEUE);
  t.deepEqual(
    jobs.map(({ jobId, nodes, limitSeconds }) => [jobId, nodes, limitSeconds]),
    [
      ['12', 1, 60],
      ['13_4', 2, 93_784],
      ['14', 1, null],
      ['15', 1, 1_800],
      ['16', 1, 9_000],
    ],
  );
  t.is(jobs[0]!.submittedSeconds, 1_795_718_600);
});

test('only what waits for nodes lacks nodes', (t) => {
  const lacking = waitingJobs(QUEUE).filter(lacksNodes);
  t.deepEqual(
    lacking.map(({ jobId }) => jobId),
    ['12', '13_4', '14', '16'],
  );
});

test('nodes are read once each, without the marks behind their states', (t) => {
  const nodes = slurmNodes('n1|idle|(null)\nn1|idle|(null)\nn2|down*|a,ocx-borrowed\n-x|idle|b\n');
  t.deepEqual(nodes, [
    { name: 'n1', state: 'idle', features: [] },
    { name: 'n2', state: 'down', features: ['a', 'ocx-borrowed'] },
  ]);
});
