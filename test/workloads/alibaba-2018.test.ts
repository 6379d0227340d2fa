/** Batch tasks of Alibaba's trace of 2018. */
import test from 'ava';
import { readAlibaba2018 } from '../../workloads/formats/alibaba-2018.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { refusal, testFile } from './files.ts';

test('a task is a job of its instances; what has not ended or stands twice is set aside', (t) => {
  const text = [
    'M1,10,j_1,1,Terminated,86400,86500,50,0.2',
    'M1,10,j_1,1,Terminated,86400,86500,50,0.2',
    'R2_1,3,j_1,1,Failed,86500,86560,100,0.39',
    'task_x=,1,j_2,1,Running,86500,,100,0.39',
    'M1,1,j_3,1,Terminated,0,86500,100,0.1',
    'M1,1,j_4,1,Terminated,86500,0,100,0.1',
    'M1,1,j_5,1,Terminated,86500,86400,100,0.1',
    'M1,1,j_6,1,Terminated,86500,86600,,',
    'M1,1,j_7',
  ].join('\n');
  const path = testFile(t, `${text}\n`, 'batch_task.csv');
  t.is(recogniseFormat(path).name, 'alibaba-2018');
  const log = readAlibaba2018(path);
  t.deepEqual(log.ids, ['j_1/M1', 'j_1/R2_1']);
  t.deepEqual([...log.jobs.processors], [5, 3]);
  t.deepEqual([...log.jobs.runSeconds], [100, 60]);
  t.deepEqual(
    { ...log.dropped },
    {
      endUnknown: 1,
      endsBeforeItStarts: 1,
      fieldCount: 1,
      notEnded: 1,
      repeatedRow: 1,
      sizeUnknown: 1,
      startUnknown: 1,
    },
  );
  t.deepEqual(
    log.quarantined.find(({ reason }) => reason === 'startUnknown'),
    { reason: 'startUnknown', line: 5, column: 23 },
  );
  t.true(log.header.oddities.some((odd) => odd.startsWith('1 tasks wait for others')));
  refusal(t, () => readAlibaba2018(testFile(t, `${text}`)), 'INPUT_TRUNCATED');
});
