/** Jobs of NREL's Eagle. */
import test from 'ava';
import { readEagle } from '../../workloads/formats/eagle.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { refusal, testFile } from './files.ts';

const HEADER =
  'job_id,user,account,partition,qos,wallclock_req,nodes_req,processors_req,gpus_req,mem_req,submit_time,start_time,end_time,run_time,state,name,work_dir,submit_line';
const row = (id: string, submit: string, state = 'COMPLETED') =>
  `${id},u1,a1,p1,normal,3600.0,2,72,0,0.0,${submit},2019-01-01 10:00:05,2019-01-01 10:10:05,600.0,${state},n,w,"srun a, b"`;

test('jobs are read, tasks of an array share an id, quoted submit lines move nothing', (t) => {
  const text = [
    HEADER,
    row('5', '2019-01-01 10:00:00'),
    row('5', '2019-01-01 10:00:00', 'TIMEOUT'),
  ];
  const path = testFile(t, `${text.join('\n')}\n`, 'eagle.csv');
  t.is(recogniseFormat(path).name, 'eagle');
  const log = readEagle(path);
  t.deepEqual(log.ids, ['5', '5']);
  t.deepEqual([...log.jobs.jobNumber], [1, 2]);
  t.deepEqual([...log.details!.waitSeconds], [5, 5]);
  t.deepEqual([...log.details!.status], [1, 0]);
  t.deepEqual([...log.nodes!], [2, 2]);
  t.is(log.memoryMib, null);
});

test('damaged rows are set aside with their place, a missing column is refused', (t) => {
  const text = [HEADER, 'x,y', row('5', 'soon'), row('6', '2019-01-01 10:00:00')].join('\n');
  const log = readEagle(testFile(t, `${text}\n`));
  t.deepEqual(log.quarantined, [
    { reason: 'fieldCount', line: 2, column: 1 },
    { reason: 'submitUnknown', line: 3, column: 37 },
  ]);
  const missing = testFile(t, `${HEADER.replace('state', 'fate')}\n`);
  t.regex(refusal(t, () => readEagle(missing), 'INPUT_CSV').message, /state/);
  for (const cut of [5, 40]) {
    refusal(t, () => readEagle(testFile(t, text.slice(0, -cut))), 'INPUT_TRUNCATED');
  }
});
