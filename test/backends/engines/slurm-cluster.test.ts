import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { SlurmCluster } from '../../../backends/engines/slurm/slurm-cluster.ts';
import { temporaryFolder } from '../../cli/run.ts';
import { VALUATION } from './valuation.ts';

/** Commands of Slurm that answer from files and note what they were asked. */
function slurm(t: ExecutionContext, answers: { squeue?: string; sinfo?: string; show?: string }) {
  const folder = temporaryFolder(t);
  const log = join(folder, 'log');
  for (const name of ['squeue', 'sinfo', 'scontrol']) {
    const answer = name === 'scontrol' ? (answers.show ?? '') : (answers[name as 'squeue'] ?? '');
    writeFileSync(join(folder, `${name}.out`), answer);
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${log}\ncat ${folder}/${name}.out\n`);
    chmodSync(path, 0o755);
  }
  const environment = { PATH: `${folder}:${process.env['PATH']}` };
  const cluster = new SlurmCluster({
    ...{ valuation: VALUATION, processors: 4, addresses: { n1: '10.0.0.2' }, environment },
    registerMs: 0,
  });
  return { cluster, asked: () => readFileSync(log, 'utf8').trim().split('\n') };
}

test('jobs beyond what idle nodes will take are wants; nodes stay with the jobs', async (t) => {
  const { cluster } = slurm(t, {
    squeue: '1|1|1:00|10|Resources\n2|2|1:00|10|Priority\n',
    sinfo: 'o1|idle|(null)\no2|allocated|(null)\nb1|idle|ocx-borrowed,standard\n',
  });
  const report = await cluster.report(1_000_000);
  t.deepEqual(
    report.wants.map(({ wantId, nodes, durationMs }) => [wantId, nodes, durationMs]),
    [['2', 2, 60_000]],
  );
  t.deepEqual(report.spares, []);
  t.is(report.ownNodes, 2);
});

test('without jobs that wait, own idle nodes are spare, borrowed ones never', async (t) => {
  const { cluster } = slurm(t, {
    sinfo: 'o1|idle|(null)\nb1|idle|ocx-borrowed\no2|mixed|(null)\n',
  });
  const { spares, idle } = await cluster.report(0);
  t.like(spares[0]!, { nodes: 1, nodeClass: 'standard' });
  t.deepEqual([...idle], [['standard', ['o1']]]);
});

test('a node that is expected is created once, of the future, with its address', async (t) => {
  const fresh = slurm(t, {});
  const node = { nodeId: 'n1', leaseId: 'l1', nodeClass: 'standard', endMs: 9 };
  await fresh.cluster.expect(node);
  t.is(
    fresh.asked().at(-1),
    'scontrol create NodeName=n1 NodeAddr=10.0.0.2 NodeHostname=n1 CPUs=4 ' +
      'Feature=ocx-borrowed,standard State=FUTURE',
  );
  const known = slurm(t, { show: 'NodeName=n1 State=FUTURE' });
  await known.cluster.expect(node);
  t.false(known.asked().some((line) => line.startsWith('scontrol create')));
});

test('a node whose slurmd says nothing is not waited for without end', async (t) => {
  const { cluster } = slurm(t, {});
  const node = { nodeId: 'n1', leaseId: 'l1', nodeClass: 'standard', endMs: 9 };
  await t.throwsAsync(cluster.add(node, 0), { code: 'BACKEND_SLURM_NODE' });
});

test('no name becomes an option of a command', async (t) => {
  const { cluster } = slurm(t, {});
  for (const nodeId of ['--help', 'a b', 'x;y', '']) {
    await t.throwsAsync(cluster.drain(nodeId), { code: 'INPUT_SLURM_NODE' });
  }
});
