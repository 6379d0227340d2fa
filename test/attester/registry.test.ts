import test from 'ava';
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { combineKeyShares, splitKey } from '../../core/attester/key-shares.ts';
import {
  ADMIN,
  BAD,
  GHENT,
  GOOD,
  LYON,
  POLICY,
  attestWell,
  attester,
  challenge,
  quote,
  verdict,
} from './service.ts';

function register(changes: object = {}) {
  const node = { nodeId: 'n9', endorsementKeyHash: 'ek-9', profile: 'model-1', ...changes };
  return { kind: 'RegisterNode', node };
}

test('keylime-agent-uuid-takeover: a node that is registered never gets another TPM', (t) => {
  const service = attester();
  t.is(service.command(ADMIN, register()).code, null);
  t.is(service.command(ADMIN, register()).code, null, 'the same again is no news');
  const takeover = register({ endorsementKeyHash: 'ek-of-somebody' });
  t.is(service.command(ADMIN, takeover).code, 'CONFLICT_ENDORSEMENT_KEY');
  t.is(service.state.nodes.get('n9')?.endorsementKeyHash, 'ek-9');
  t.is(service.command(ADMIN, register({ profile: 'model-2' })).code, 'CONFLICT_PROFILE');
});

test('reference values of a node’s own are registered once, and stay', (t) => {
  const service = attester();
  const own = (...digests: string[]) => register({ pcrs: [{ index: '1', digests }] });
  t.is(service.command(ADMIN, own(GOOD)).code, null);
  t.is(service.command(ADMIN, own(GOOD)).code, null, 'the same again is no news');
  t.is(service.command(ADMIN, own(BAD)).code, 'CONFLICT_REFERENCE');
  t.is(service.command(ADMIN, own(GOOD, BAD)).code, 'CONFLICT_REFERENCE');
  t.is(service.command(ADMIN, register()).code, 'CONFLICT_REFERENCE');
  const badForm = register({ nodeId: 'n8', pcrs: [{ index: '1', digests: [7] }] });
  t.is(service.command(ADMIN, badForm).code, 'INPUT_BAD_ARGUMENT');
});

test('only an administrator registers nodes, and unregisters them when nobody watches', (t) => {
  const service = attester({ administrators: ['ghent'] });
  t.is(service.command(LYON, register()).code, 'DENIED_REGISTRY');
  t.is(service.command(GHENT, register()).code, null);
  attestWell(service);
  const remove = { kind: 'UnregisterNode', nodeId: 'n1' };
  t.is(service.command(LYON, remove).code, 'DENIED_REGISTRY');
  t.is(service.command(GHENT, remove).code, 'CONFLICT_NODE_WATCHED');
  const forget = { kind: 'ForgetNode', leaseId: 'lease', nodeId: 'n1', fencingToken: 1 };
  t.is(service.command(GHENT, forget).code, null);
  t.is(service.command(GHENT, remove).code, null);
  t.is(service.command(GHENT, remove).code, 'NOT_FOUND_NODE');
  const replaced = register({ nodeId: 'n1', endorsementKeyHash: 'ek-new' });
  t.is(service.command(GHENT, replaced).code, null, 'with its new TPM');
});

test('a policy’s version only grows, by whoever put its first one', (t) => {
  const service = attester();
  const put = (changes: object) => ({ kind: 'PutPolicy', policy: { ...POLICY, ...changes } });
  t.is(service.command(LYON, put({ version: 2 })).code, 'DENIED_POLICY');
  t.is(service.command(GHENT, put({ version: 1 })).code, 'CONFLICT_POLICY_VERSION');
  t.is(service.command(GHENT, put({ version: 3 })).code, null);
  t.is(service.command(GHENT, put({ version: 2 })).code, 'CONFLICT_POLICY_VERSION');
  t.is(service.command(LYON, put({ policyId: 'of-lyon' })).code, null);
});

test('a quote is judged by the version of the policy that holds when it comes', (t) => {
  const service = attester();
  const request = challenge(service);
  const pcrs = [{ index: '0', digests: [BAD] }];
  const policy = { ...POLICY, version: 2, profiles: [{ profile: 'model-1', pcrs }] };
  t.is(service.command(GHENT, { kind: 'PutPolicy', policy }).code, null);
  t.is(verdict(service.ok(request, quote(request.nonce))).code, 'ATTEST_PCR_MISMATCH');
});

test('policies and nodes of a wrong form are refused', (t) => {
  const service = attester();
  const digests = { profile: 'model-1', pcrs: [{ index: '0', digests: [7] }] };
  for (const policy of [
    null,
    'policy',
    { ...POLICY, version: 1.5 },
    { ...POLICY, profiles: {} },
    { ...POLICY, profiles: [digests] },
    { ...POLICY, runtimeDigests: 'all' },
    { ...POLICY, releasesKeyShare: 1 },
    { ...POLICY, policyId: '' },
  ]) {
    t.is(service.command(GHENT, { kind: 'PutPolicy', policy }).code, 'INPUT_BAD_ARGUMENT');
  }
  for (const node of [null, {}, { nodeId: 'n9', endorsementKeyHash: 7, profile: 'model-1' }]) {
    t.is(service.command(ADMIN, { kind: 'RegisterNode', node }).code, 'INPUT_BAD_ARGUMENT');
  }
});

test('two nodes or policies of one name in the configuration are a configuration error', (t) => {
  const code = 'INPUT_BAD_CONFIGURATION';
  const node = { nodeId: 'n', endorsementKeyHash: GOOD, profile: 'model-1' };
  const policy = { ...POLICY, owner: 'ghent' };
  t.throws(() => attester({ nodes: [node, node] }), { code });
  t.throws(() => attester({ policies: [policy, policy] }), { code });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test('89: U and V together are the key, and the split is undone by combining', (t) => {
  for (let i = 0; i < 50; i++) {
    const key = sha256(`key ${i}`);
    const shareU = sha256(`share ${i}`);
    const shareV = splitKey(key, shareU) as string;
    t.is(combineKeyShares(shareU, shareV), key);
    t.is(combineKeyShares(shareV, shareU), key);
  }
});

test('89: U alone or V alone decrypts nothing', (t) => {
  const key = sha256('key');
  const shareU = sha256('share');
  const shareV = splitKey(key, shareU) as string;
  const nonce = Buffer.alloc(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce);
  const text = Buffer.concat([cipher.update('root disk'), cipher.final()]);
  const decrypt = (hex: string) => {
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(hex, 'hex'), nonce);
    decipher.setAuthTag(cipher.getAuthTag());
    return Buffer.concat([decipher.update(text), decipher.final()]).toString();
  };
  t.is(decrypt(combineKeyShares(shareU, shareV) as string), 'root disk');
  t.throws(() => decrypt(shareU));
  t.throws(() => decrypt(shareV));
});

test('89: with either share fixed, every key is as likely as any other', (t) => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  for (const fixed of ['00', '5a', 'ff']) {
    t.is(new Set(bytes.map((share) => combineKeyShares(share, fixed))).size, 256);
  }
});

test('89: shares that are no hex texts of one length are refused', (t) => {
  for (const [shareU, shareV] of [
    ['', ''],
    ['abc', 'abc'],
    ['zz', '00'],
    ['00', '0000'],
  ] as const) {
    t.like(combineKeyShares(shareU, shareV), { code: 'INPUT_KEY_SHARE' });
  }
});
