import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Custody } from '../../../backends/devices/custody.ts';
import { folderOf } from './desk-place.ts';

test('what was written is known after a crash, also where the last line was cut off', (t) => {
  const path = join(folderOf(t), 'custody.jsonl');
  const first = new Custody(path);
  first.advanceEpoch(3);
  first.advanceToken('a1', 5);
  first.grant('a1', 'org-t');
  first.grant('a2', 'org-u');
  first.grant('a2', null);
  appendFileSync(path, '{"nodeId":"a1","grantee":"org-x","fenc');
  const second = new Custody(path);
  t.is(second.epoch, 3);
  t.is(second.grantee('a1'), 'org-t');
  t.is(second.fencingToken('a1'), 5);
  t.is(second.grantee('a2'), null);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(readFileSync(path, 'utf8').split('\n').length, 4, 'one line for each thing');
});

test('nothing moves back', (t) => {
  const custody = new Custody(join(folderOf(t), 'custody.jsonl'));
  custody.advanceEpoch(3);
  custody.advanceEpoch(2);
  custody.advanceToken('a1', 4);
  custody.advanceToken('a1', 1);
  t.is(custody.epoch, 3);
  t.is(custody.fencingToken('a1'), 4);
});

test('a file that is damaged is not guessed at', (t) => {
  const path = join(folderOf(t), 'custody.jsonl');
  for (const damaged of ['{"epoch":1}\nnonsense\n', '{"nodeId":"a1","grantee":5}\n', '[]\n']) {
    writeFileSync(path, damaged);
    t.throws(() => new Custody(path), { code: 'RESOURCE_CUSTODY' });
    t.is(readFileSync(path, 'utf8'), damaged, 'and stays as it is');
  }
});
