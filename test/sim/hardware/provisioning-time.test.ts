import test from 'ava';
import { defaultCalibration } from '../../../sim/hardware/calibration/calibration.ts';
import { checkProfile } from '../../../sim/hardware/calibration/calibration-file.ts';
import {
  provisioningPhases,
  provisioningSeconds,
} from '../../../sim/hardware/provisioning-time.ts';

const r630 = defaultCalibration().profiles.get('r630')!;
const m620 = defaultCalibration().profiles.get('m620')!;
const diskless = { profile: r630, method: 'diskless' } as const;

test('the r630 phases add up to the published 228, 317 and 199 seconds', (t) => {
  t.is(provisioningSeconds({ ...diskless, firmware: 'uefi', securityLevel: 'none' }), 228);
  t.is(provisioningSeconds({ ...diskless, firmware: 'uefi', securityLevel: 'attested' }), 317);
  t.is(provisioningSeconds({ ...diskless, firmware: 'linuxboot', securityLevel: 'attested' }), 199);
});

test('the r630 phases are those of the published figure, in its order', (t) => {
  const seconds = (query: Parameters<typeof provisioningPhases>[0]) =>
    provisioningPhases(query).map((phase) => phase.seconds);
  t.deepEqual(seconds({ ...diskless, firmware: 'uefi', securityLevel: 'none' }), [150, 3, 75]);
  t.deepEqual(
    seconds({ ...diskless, firmware: 'uefi', securityLevel: 'attested' }),
    [150, 3, 12, 7, 25, 35, 25, 60],
  );
  t.deepEqual(
    seconds({ ...diskless, firmware: 'linuxboot', securityLevel: 'attested' }),
    [54, 25, 35, 25, 60],
  );
});

test('what is published only in round figures comes out near it', (t) => {
  const full = provisioningSeconds({ ...diskless, firmware: 'uefi', securityLevel: 'full' });
  t.true(Math.abs(full - 420) <= 5, `UEFI at level full takes ${full} s`);
  const linuxboot = { ...diskless, firmware: 'linuxboot' } as const;
  t.true(provisioningSeconds({ ...linuxboot, securityLevel: 'none' }) < 180);
  t.true(provisioningSeconds({ ...linuxboot, securityLevel: 'attested' }) < 240);
  const foreman = provisioningSeconds({
    profile: r630,
    method: 'diskful',
    firmware: 'uefi',
    securityLevel: 'none',
  });
  t.is(foreman, 663);
  t.true(Math.abs(foreman / 672 - 1) < 0.015 && Math.abs(foreman / 660 - 1) < 0.01);
});

test('a firmware write makes the diskful plan longer by what the calibration says', (t) => {
  const profile = {
    ...r630,
    diskful: { ...r630.diskful, firmwareReflash: { seconds: 600, source: 'a site of ours' } },
  };
  const query = { method: 'diskful', firmware: 'uefi', securityLevel: 'none' } as const;
  t.is(provisioningSeconds({ profile, ...query }), 663 + 600);
});

test('the m620 means are the published ones at every published number of nodes', (t) => {
  const published = {
    none: [258, 262, 265, 270, 278, 300],
    attested: [395.8, 412.4, 412.8, 433.6, 459.2, 501.4],
  };
  for (const [index, nodesAtOnce] of [1, 2, 4, 8, 12, 16].entries()) {
    for (const securityLevel of ['none', 'attested'] as const) {
      const seconds = provisioningSeconds({
        profile: m620,
        method: 'diskless',
        firmware: 'uefi',
        securityLevel,
        nodesAtOnce,
      });
      const expected = published[securityLevel][index]!;
      t.true(Math.abs(seconds / expected - 1) < 1e-6, `${nodesAtOnce} nodes: ${seconds} s`);
    }
  }
});

test('between the published numbers of nodes the mean is interpolated, beyond them by option', (t) => {
  const query = {
    profile: m620,
    method: 'diskless',
    firmware: 'uefi',
    securityLevel: 'attested',
  } as const;
  t.is(provisioningSeconds({ ...query, nodesAtOnce: 6 }), 423.2);
  t.is(provisioningSeconds({ ...query, nodesAtOnce: 14 }), 480.3);
  t.is(provisioningSeconds({ ...query, nodesAtOnce: 40 }), 501.4);
  t.is(
    provisioningSeconds({ ...query, nodesAtOnce: 40, extrapolation: 'linear' }),
    Math.round((501.4 + (24 * (501.4 - 459.2)) / 4) * 1_000) / 1_000,
  );
  let previous = 0;
  for (let nodesAtOnce = 1; nodesAtOnce <= 64; nodesAtOnce++) {
    const seconds = provisioningSeconds({ ...query, nodesAtOnce, extrapolation: 'linear' });
    t.true(seconds >= previous);
    previous = seconds;
  }
});

test('every shipped number names where it comes from, and the shipped profiles pass the check', (t) => {
  for (const [name, profile] of defaultCalibration().profiles) {
    t.notThrows(() => checkProfile(profile, 'default', name));
    for (const source of sourcesIn(profile)) t.true(source.length > 5, source);
  }
});

function sourcesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'source' ? [String(member)] : sourcesIn(member),
  );
}
