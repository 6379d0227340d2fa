import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  diskPassphrase,
  nodeTunnelKeys,
  readShareSecret,
  shareV,
  xorKeys,
} from '../../../backends/boot/key-shares.ts';
import { KeyShares } from '../../../backends/keys/key-shares.ts';
import { combineKeyShares } from '../../../core/attester/key-shares.ts';

const SECRET = Buffer.alloc(32, 7);

test('share V is another one for every lease, node and secret, and the same when asked again', (t) => {
  const shares = [
    shareV(SECRET, 'l1', 'n1'),
    shareV(SECRET, 'l1', 'n2'),
    shareV(SECRET, 'l2', 'n1'),
    shareV(Buffer.alloc(32, 8), 'l1', 'n1'),
  ].map((share) => share.toString('hex'));
  t.is(new Set(shares).size, 4);
  t.is(shareV(SECRET, 'l1', 'n1').toString('hex'), shares[0]!);
});

test('both shares give the key, as in the core', (t) => {
  const key = Buffer.alloc(32, 0x5a);
  const v = shareV(SECRET, 'l1', 'n1');
  const u = xorKeys(key, v);
  t.deepEqual(xorKeys(u, v), key);
  t.is(combineKeyShares(u.toString('hex'), v.toString('hex')), diskPassphrase(key));
  t.throws(() => xorKeys(key, v.subarray(1)), { code: 'INPUT_KEY_SHARE' });
});

test('the node’s tunnel keys are those that the tools of WireGuard make', (t) => {
  // (printf 'ocx wireguard node 1\n'; head -c 32 /dev/zero) | sha256sum; … | base64 | wg pubkey
  const { privateKey, publicKey } = nodeTunnelKeys(Buffer.alloc(32));
  t.is(
    privateKey.toString('hex'),
    '5885955f82ecdc0b2b9308266322d6d5067ea88d6967c9082a84bb79cf8c43fe',
  );
  t.is(publicKey.toString('base64'), 'cd/JfYkh78A7jwr076/+lahoGmVC922OCktG8+AmZSs=');
});

test('a secret that others may read, or that is none, is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-shares-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, `${SECRET.toString('hex')}\n`, { mode: 0o600 });
  t.deepEqual(readShareSecret(file), SECRET);
  chmodSync(file, 0o640);
  t.throws(() => readShareSecret(file), { code: 'INPUT_KEY_SHARE_SECRET' });
  chmodSync(file, 0o600);
  writeFileSync(file, 'secret');
  t.throws(() => readShareSecret(file), { code: 'INPUT_KEY_SHARE_SECRET' });
});

test('an attester that shares the secret hands out the share that the desk reckons with', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-shares-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const make = (leaseId: string, nodeId: string) => shareV(SECRET, leaseId, nodeId);
  const shares = new KeyShares(join(folder, 'shares.db'), make);
  t.teardown(() => shares.close());
  const key = { leaseId: 'l1', nodeId: 'n1', party: { role: 'organisation', name: 'a' } } as const;
  const handed: string[] = [];
  const seal = (share: Buffer) => {
    handed.push(share.toString('hex'));
    return share;
  };
  shares.release(key, 1, seal);
  shares.revoke('l1', 'n1', 2);
  shares.release(key, 3, seal);
  const expected = shareV(SECRET, 'l1', 'n1').toString('hex');
  t.deepEqual(handed, [expected, expected], 'also when the node boots once more');
});
