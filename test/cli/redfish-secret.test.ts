import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readSecret } from '../../cli/live-redfish.ts';
import { temporaryFolder } from './run.ts';

test('the secret of the Redfish services is made once, for its owner’s eyes only', (t) => {
  const path = join(temporaryFolder(t), 'redfish.secret');
  const secret = readSecret(path);
  t.is(secret.length, 32);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.deepEqual(readSecret(path), secret);
  t.deepEqual(readFileSync(path), secret);
});

test('a secret that others may read, or that is short, is refused', (t) => {
  const path = join(temporaryFolder(t), 'redfish.secret');
  readSecret(path);
  for (const mode of [0o640, 0o604, 0o666]) {
    chmodSync(path, mode);
    t.throws(() => readSecret(path), { code: 'INPUT_SECRET_FILE' });
  }
  chmodSync(path, 0o600);
  writeFileSync(path, 'short');
  t.throws(() => readSecret(path), { code: 'INPUT_SECRET_FILE' });
});
