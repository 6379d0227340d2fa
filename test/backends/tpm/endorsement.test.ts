import test from 'ava';
import { checkEndorsement, endorsementKeyHash } from '../../../backends/tpm/endorsement.ts';
import { parsePublic } from '../../../backends/tpm/public-area.ts';
import { TODAY_MS, bytes, codeOf, makers, strangerIssuer, valueOf, vector } from './vectors.ts';

const GOOD = vector('ecdsa');
const KEY = valueOf(parsePublic(bytes(GOOD.endorsementKey)));

function check(changes: {
  readonly certificate?: Uint8Array;
  readonly sent?: readonly Uint8Array[];
  readonly trusted?: ReturnType<typeof makers>;
  readonly nowMs?: number;
}) {
  const { certificate = bytes(GOOD.certificate), sent = [] } = changes;
  const { trusted = makers(), nowMs = TODAY_MS } = changes;
  return codeOf(checkEndorsement(KEY, certificate, sent, trusted, nowMs));
}

test('a certificate that leads to a configured root vouches for its key, padded or not', (t) => {
  t.is(check({}), null);
  t.is(
    check({ certificate: Buffer.concat([bytes(GOOD.certificate), Buffer.alloc(50, 0xff)]) }),
    null,
  );
});

test('an intermediate may come from the node, but vouches only under a configured root', (t) => {
  const { roots, intermediates } = makers();
  const trusted = { roots, intermediates: [] };
  t.is(check({ trusted }), 'ATTEST_CERTIFICATE');
  t.is(check({ trusted, sent: [intermediates[0]!.raw] }), null);
  const without = { roots: [], intermediates };
  t.is(check({ trusted: without }), 'ATTEST_CERTIFICATE');
  t.is(check({ trusted: without, sent: [roots[0]!.raw] }), 'ATTEST_CERTIFICATE');
});

test('a certificate of another key, maker, day or purpose is none', (t) => {
  const of = (certificate: Uint8Array) => check({ certificate });
  t.is(of(bytes(vector('other').certificate)), 'ATTEST_CERTIFICATE');
  t.is(of(makers().intermediates[0]!.raw), 'ATTEST_CERTIFICATE');
  t.is(of(Buffer.alloc(0)), 'ATTEST_CERTIFICATE');
  t.is(check({ nowMs: Date.UTC(2020, 1, 1) }), 'ATTEST_CERTIFICATE');
  const stranger = vector('stranger');
  const key = valueOf(parsePublic(bytes(stranger.endorsementKey)));
  const certificate = bytes(stranger.certificate);
  const result = checkEndorsement(key, certificate, [strangerIssuer], makers(), TODAY_MS);
  t.is(codeOf(result), 'ATTEST_CERTIFICATE');
});

test('a certificate with one bit changed in its signed part is none', (t) => {
  const whole = bytes(GOOD.certificate);
  for (let place = 8; place < whole.length; place += 37) {
    const changed = Buffer.from(whole);
    changed[place]! ^= 1;
    t.is(check({ certificate: changed }), 'ATTEST_CERTIFICATE', `${place}`);
  }
});

test('the registry knows a TPM by its public key alone', (t) => {
  const hash = endorsementKeyHash(KEY);
  t.regex(hash, /^[0-9a-f]{64}$/);
  t.not(hash, endorsementKeyHash(valueOf(parsePublic(bytes(vector('other').endorsementKey)))));
});
