import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { parseRuntimeLog, replayRuntime } from '../../../backends/tpm/runtime-log.ts';
import { readEvidence } from '../../../backends/tpm/evidence.ts';
import { BITMAP, asking, ending, read, signAnew } from './attestation.ts';
import { runtimeBytes } from './made-log.ts';
import { codeOf, evidenceOf, valueOf, vector } from './vectors.ts';

const FILES = ['boot_aggregate', '/init', '/usr/bin/agent'] as const;
const WHOLE = runtimeBytes(FILES);

test('the files are listed, without the kernel’s own entry', (t) => {
  const { fileDigests, entries } = valueOf(parseRuntimeLog(WHOLE));
  t.is(entries.length, 3);
  t.is(fileDigests.length, 2);
  for (const digest of fileDigests) t.regex(digest, /^sha256:[0-9a-f]{64}$/);
  const late = valueOf(parseRuntimeLog(runtimeBytes(['/init', 'boot_aggregate'])));
  t.is(late.fileDigests.length, 2, 'the kernel writes its own first, and nowhere else');
});

test('PCR 10 is what evmctl 1.4 computes, violations as all ones', (t) => {
  const replayed = replayRuntime(valueOf(parseRuntimeLog(WHOLE)), 'sha256').toString('hex');
  t.is(replayed, '672553585e26ae660d0da3d95429b5f1b061307acd1eafe372f862d245236eb0');
  const violated = valueOf(parseRuntimeLog(runtimeBytes(FILES, '/init')));
  t.is(
    replayRuntime(violated, 'sha256').toString('hex'),
    'c7b33e294676139e9d829a1ec6d5f619f7f4293801b84b47b04d4dc7d87c02ca',
  );
  t.true(violated.fileDigests.includes('violation'), 'no policy has that among its files');
});

/** The quote of a node whose PCR 10 is as after `names`, with the log of `shown`. */
function quoted(names: readonly string[], shown: readonly string[] | null) {
  const good = evidenceOf(vector('ecdsa'));
  const pcrs = new Map(good.pcrs);
  pcrs.set(10, replayRuntime(valueOf(parseRuntimeLog(runtimeBytes(names))), 'sha256'));
  const quote = Buffer.from(good.quote);
  quote[BITMAP + 1]! |= 4;
  const hash = createHash('sha256');
  for (const index of [0, 1, 2, 3, 4, 5, 7, 9, 10, 11]) hash.update(pcrs.get(index)!);
  hash.digest().copy(quote, quote.length - 32);
  const { signature, key } = signAnew(quote);
  const log = shown === null ? {} : { runtimeLog: runtimeBytes(shown) };
  return valueOf(readEvidence({ ...good, quote, signature, pcrs, ...log }, key));
}

test('a policy that lists files takes a node that ran those, and no other', (t) => {
  const known = valueOf(parseRuntimeLog(WHOLE)).fileDigests;
  for (const [names, shown, code] of [
    [FILES, FILES, null],
    [FILES.slice(0, 2), FILES.slice(0, 2), null],
    [[...FILES, '/usr/bin/other'], [...FILES, '/usr/bin/other'], 'ATTEST_RUNTIME'],
    [[...FILES, '/usr/bin/other'], FILES, 'ATTEST_LOG_MISMATCH'],
    [FILES, null, 'ATTEST_LOG_MISMATCH'],
  ] as const) {
    const quote = quoted(names, shown);
    const { service, request } = asking(quote, {}, known);
    t.is(ending(service.ok(request, quote)).code, code, names.join());
  }
  const without = valueOf(read('ecdsa'));
  const { service, request } = asking(without, {}, known);
  t.is(ending(service.ok(request, without)).code, 'ATTEST_RUNTIME', 'nobody has looked');
});

test('a log that is cut off, or of another template or PCR, is refused', (t) => {
  const ends = [0, 1, 2].map((count) => runtimeBytes(FILES.slice(0, count)).length);
  for (let length = 0; length < WHOLE.length; length += 1) {
    const expected = ends.includes(length) ? null : 'ATTEST_MALFORMED';
    t.is(codeOf(parseRuntimeLog(WHOLE.subarray(0, length))), expected, `${length}`);
  }
  for (const place of [0, 28]) {
    const changed = Buffer.from(WHOLE);
    changed[place]! ^= 1;
    t.is(codeOf(parseRuntimeLog(changed)), 'ATTEST_MALFORMED');
  }
});

test('bytes that are changed anywhere are refused or replay to something else, but in SHA-1', (t) => {
  const good = replayRuntime(valueOf(parseRuntimeLog(WHOLE)), 'sha384');
  const property = fc.property(
    fc.nat(WHOLE.length - 1),
    fc.integer({ min: 1, max: 255 }),
    (at, by) => {
      const changed = Buffer.from(WHOLE);
      changed[at]! ^= by;
      const log = parseRuntimeLog(changed);
      return !log.ok || isSha1(at) || !replayRuntime(log.value, 'sha384').equals(good);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 3_000, seed: 4 }));
});

/** Whether the byte belongs to the digest that the kernel keeps by SHA-1. */
function isSha1(at: number): boolean {
  const begins = [0, 1, 2].map((count) => runtimeBytes(FILES.slice(0, count)).length);
  const begin = begins.findLast((start) => start <= at)!;
  return at >= begin + 4 && at < begin + 24;
}
