import test from 'ava';
import { JobFile } from '../../../backends/engines/job-file.ts';
import { emptyJobTable } from '../../../core/demand/jobs.ts';
import { VALUATION } from './valuation.ts';

/** Jobs as [submit, run, nodes], in seconds. */
function fileOf(jobs: readonly (readonly [number, number, number])[], ownNodeIds: string[]) {
  const table = emptyJobTable(jobs.length);
  for (const [row, [submit, run, nodes]] of jobs.entries()) {
    table.jobNumber[row] = row + 1;
    table.submitSeconds[row] = submit;
    table.runSeconds[row] = run;
    table.estimateSeconds[row] = run;
    table.processors[row] = nodes;
  }
  return new JobFile({ valuation: VALUATION, jobs: table, ownNodeIds, originMs: 0 });
}

const borrowed = { nodeId: 'b1', leaseId: 'l1', nodeClass: 'standard', endMs: 100_000 };
const wanted = async (file: JobFile, nowMs: number) =>
  (await file.report(nowMs)).wants.map(({ wantId }) => wantId);

test('jobs that own nodes cannot take yet are wants, and wants no more once they run', async (t) => {
  const file = fileOf(
    [
      [0, 10, 1],
      [1, 10, 1],
    ],
    ['o1'],
  );
  t.deepEqual(await wanted(file, 500), []);
  t.deepEqual(await wanted(file, 1_000), ['job-2']);
  t.deepEqual(await wanted(file, 10_000), []);
  await file.report(20_000);
  t.is(file.done, 2);
});

test('a borrowed node runs what waits; what would outlast its lease waits on', async (t) => {
  const file = fileOf(
    [
      [0, 50, 1],
      [0, 60, 1],
    ],
    [],
  );
  await file.report(0);
  await file.add(borrowed, 1_000);
  t.deepEqual(await wanted(file, 1_000), ['job-2']);
  t.deepEqual(await wanted(file, 51_000), ['job-2']);
  t.is(file.done, 1);
});

test('a job on a node that is taken away waits again, at the head', async (t) => {
  const file = fileOf(
    [
      [0, 50, 1],
      [2, 50, 1],
    ],
    [],
  );
  await file.add(borrowed, 0);
  await file.report(2_000);
  await file.remove('b1');
  t.deepEqual(await wanted(file, 3_000), ['job-1', 'job-2']);
});

test('nothing begins on drained and lent nodes, and spares are own idle ones', async (t) => {
  const file = fileOf([[5, 10, 1]], ['o1', 'o2']);
  t.like((await file.report(0)).spares[0]!, { nodes: 2 });
  await file.lend(['o1']);
  await file.drain('o2');
  t.deepEqual(await wanted(file, 5_000), ['job-1']);
  await file.takeBack(['o1']);
  t.deepEqual(await wanted(file, 6_000), []);
});
