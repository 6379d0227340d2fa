import test from 'ava';
import {
  NEEDED_PCRS,
  NODE_PCR,
  PROFILE_PCRS,
  identityOf,
  policyOf,
  profileName,
} from '../../../backends/tpm/references.ts';
import type { ReferenceValues } from '../../../backends/tpm/references.ts';

const HARDWARE = { firmware: 'OVMF 2022.11', cpu: 'Nehalem', memoryMib: 512 };
const DIGEST = 'ab'.repeat(32);
const PCRS: ReferenceValues = Object.fromEntries(PROFILE_PCRS.map((pcr) => [pcr, [DIGEST]]));
const ABOUT = { policyId: 'strict', version: 1 };

test('a policy holds the PCRs of each profile, a node the one that is its own', (t) => {
  const policy = policyOf(ABOUT, [{ hardware: HARDWARE, pcrs: PCRS }], true);
  t.like(policy, { policyId: 'strict', releasesKeyShare: true });
  t.true('profiles' in policy);
  if (!('profiles' in policy)) return;
  t.deepEqual(
    policy.profiles[0]!.pcrs.map(({ index }) => Number(index)),
    [0, 2, 3, 4, 5, 7, 9, 11],
  );
  const node = identityOf('n1', 'ek', HARDWARE, { [NODE_PCR]: [DIGEST] });
  t.like(node, { profile: policy.profiles[0]!.profile, pcrs: [{ index: '1', digests: [DIGEST] }] });
  t.deepEqual(NEEDED_PCRS, [0, 1, 2, 3, 4, 5, 7, 9, 11]);
});

test('firmware, CPU model and memory each make another profile, whatever the names hold', (t) => {
  const names = [
    HARDWARE,
    { ...HARDWARE, cpu: 'max' },
    { ...HARDWARE, memoryMib: 1024 },
    { ...HARDWARE, firmware: 'a/b', cpu: 'c' },
    { ...HARDWARE, firmware: 'a', cpu: 'b/c' },
    { ...HARDWARE, firmware: '\ud800', cpu: '' },
  ].map(profileName);
  t.is(new Set(names).size, names.length);
});

for (const [name, pcrs] of [
  ['leaves a PCR out', Object.fromEntries(Object.entries(PCRS).slice(1))],
  ['has a PCR that is the node’s own', { ...PCRS, 1: [DIGEST] }],
  ['accepts nothing', { ...PCRS, 0: [] }],
  ['accepts what is no digest', { ...PCRS, 0: ['AB'] }],
] as const) {
  test(`a reference that ${name} makes no policy`, (t) => {
    t.like(policyOf(ABOUT, [{ hardware: HARDWARE, pcrs }], false), { code: 'INPUT_BAD_REFERENCE' });
  });
}

test('a profile that stands there twice, or has too long a name, makes no policy', (t) => {
  const reference = { hardware: HARDWARE, pcrs: PCRS };
  const long = { hardware: { ...HARDWARE, cpu: 'x'.repeat(200) }, pcrs: PCRS };
  t.like(policyOf(ABOUT, [reference, reference], false), { code: 'INPUT_BAD_REFERENCE' });
  t.like(policyOf(ABOUT, [long], false), { code: 'INPUT_BAD_REFERENCE' });
  t.like(identityOf('n1', 'ek', HARDWARE, {}), { code: 'INPUT_BAD_REFERENCE' });
});
