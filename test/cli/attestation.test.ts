/** `ocx attestation` against a service in the test's own process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { profileEvents } from '../backends/tpm/made-log.ts';
import { MadeTpm } from '../backends/tpm/made-tpm.ts';
import { referencesOf, ServedAttester, type CallerName } from '../backends/http/served-attester.ts';
import { assertOneLine, runCli, temporaryFolder } from './run.ts';

test('nodes and policies are registered from files, and what was found is shown', async (t) => {
  const served = await ServedAttester.open(t);
  const url = await served.app.listen({ host: '127.0.0.1', port: 0 });
  const workingDirectory = temporaryFolder(t);
  const run = (who: CallerName, line: string) => {
    const token = served.bearer(who).slice('Bearer '.length);
    const environment = { OCX_SERVER: url, OCX_TOKEN: token };
    const words = ['attestation', ...line.split(' '), '--json'];
    return runCli(words, { workingDirectory, environment });
  };
  const shown = async (who: CallerName, line: string) => {
    const result = await run(who, line);
    t.is(result.exitCode, 0, `${line}: ${result.stderr}`);
    return JSON.parse(result.stdout) as Record<string, unknown>;
  };
  const tpm = new MadeTpm(served.authority);
  tpm.boot(profileEvents());
  const { node, policy } = referencesOf(tpm, 'n1', false);
  writeFileSync(join(workingDirectory, 'node.json'), JSON.stringify(node));
  writeFileSync(join(workingDirectory, 'policy.json'), JSON.stringify(policy));
  writeFileSync(join(workingDirectory, 'text.json'), '"n1"');
  await shown('admin', 'register node.json');
  await shown('tenant', 'put-policy policy.json');
  t.deepEqual(await shown('admin', 'nodes'), { nodes: ['n1'] });
  t.like(await shown('admin', 'node n1'), { endorsementKeyHash: tpm.endorsementKeyHash });
  t.deepEqual(await shown('tenant', 'policies'), { policies: ['p'] });
  t.like(await shown('tenant', 'policy p'), { owner: 'org-t', version: 1 });
  await served.attest('l', 'n1');
  t.like(await shown('tenant', 'show l n1'), { verdict: 'none', policyId: 'p' });
  t.is(((await shown('tenant', 'list'))['attestations'] as unknown[]).length, 1);
  assertOneLine(t, await run('admin', 'unregister n1'), 'CONFLICT_NODE_WATCHED: ');
  assertOneLine(t, await run('tenant', 'register node.json'), 'DENIED_REGISTRY: ');
  assertOneLine(t, await run('stranger', 'policy p'), 'NOT_FOUND: ');
  assertOneLine(t, await run('admin', 'register text.json'), 'INPUT_ATTESTATION_FILE: ');
  assertOneLine(t, await run('admin', 'register nothing.json'), 'INPUT_FILE');
});
