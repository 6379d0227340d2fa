import test from 'ava';
import { defaultCalibration } from '../../../sim/hardware/calibration/calibration.ts';
import {
  handoverSeconds,
  provisioningSeconds,
  releaseSeconds,
} from '../../../sim/hardware/provisioning-time.ts';
import { goldenMeasurements } from '../../../sim/hardware/node.ts';
import { runWalk } from './walk-world.ts';
import type { NodeTimes, WalkOptions } from './walk-world.ts';

/** Seconds from power-on to active of the only node of a walk. */
function walkSeconds(options: WalkOptions): number {
  return readySeconds(runWalk(options).get('node-0')!);
}

function readySeconds({ poweredOnMs, activeMs }: NodeTimes): number {
  return (activeMs! - poweredOnMs!) / 1_000;
}

test('behaviour 91: the whole walk takes exactly 228, 317 and 199 seconds', (t) => {
  t.is(walkSeconds({ firmware: 'uefi', securityLevel: 'none' }), 228);
  t.is(walkSeconds({ firmware: 'uefi', securityLevel: 'attested' }), 317);
  t.is(walkSeconds({ firmware: 'linuxboot', securityLevel: 'attested' }), 199);
});

test('the walk takes what the closed form says, for every firmware, level and method', (t) => {
  for (const [name, profile] of defaultCalibration().profiles) {
    for (const firmware of ['uefi', 'linuxboot'] as const) {
      for (const securityLevel of ['none', 'attested', 'full'] as const) {
        for (const method of ['diskless', 'diskful'] as const) {
          const walk = { profile: name, firmware, securityLevel, method } as const;
          const expected = provisioningSeconds({ ...walk, profile });
          t.is(walkSeconds(walk), expected, JSON.stringify(walk));
        }
      }
    }
  }
});

test('the diskful plan comes to the 11 minutes that are known of Foreman', (t) => {
  const seconds = walkSeconds({ firmware: 'uefi', securityLevel: 'none', method: 'diskful' });
  t.true(seconds >= 660 && seconds <= 672, `${seconds} s`);
});

test('behaviour 91: a node with changed firmware is rejected and never comes to the enclave', (t) => {
  const measurements = { ...goldenMeasurements('uefi'), '0': 'e'.repeat(64) };
  const times = runWalk({ firmware: 'uefi', securityLevel: 'attested', nodes: 2, measurements });
  const rejected = times.get('node-0')!;
  t.is(rejected.withheld?.state, 'rejected');
  t.is(rejected.inEnclaveMs, undefined);
  t.is(rejected.activeMs, undefined);
  t.is(rejected.freedMs, undefined);
  t.is(readySeconds(times.get('node-1')!), 317);
});

test('handover and release take what the closed forms say, apart from the walk', (t) => {
  for (const [name, profile] of defaultCalibration().profiles) {
    for (const firmware of ['uefi', 'linuxboot'] as const) {
      const times = runWalk({ profile: name, firmware, securityLevel: 'attested' });
      const { endingMs, freedMs, leaseStartMs, inAirlockMs } = times.get('node-0')!;
      t.is((inAirlockMs! - leaseStartMs!) / 1_000, handoverSeconds(profile));
      t.is((freedMs! - endingMs!) / 1_000, releaseSeconds(profile, firmware));
    }
  }
  // Power off 5, credentials 0.5, port 12.5; self-test 150 and disk erase 10; read-back 2.
  const r630 = defaultCalibration().profiles.get('r630')!;
  t.is(handoverSeconds(r630), 18);
  t.is(releaseSeconds(r630, 'uefi'), 180);
});

test('n m620 nodes at once take the published means, exactly in deterministic mode', (t) => {
  const published = {
    none: [258, 262, 265, 270, 278, 300],
    attested: [395.8, 412.4, 412.8, 433.6, 459.2, 501.4],
  };
  for (const [index, nodes] of [1, 2, 4, 8, 12, 16].entries()) {
    for (const securityLevel of ['none', 'attested'] as const) {
      const times = runWalk({ profile: 'm620', firmware: 'uefi', securityLevel, nodes });
      for (const node of times.values()) {
        t.is(readySeconds(node), published[securityLevel][index]!, `${nodes} nodes`);
      }
    }
  }
});

test('sampled walks vary, and their means are the published ones within 1 %', (t) => {
  const mean = (options: WalkOptions, replications: number) => {
    const samples: number[] = [];
    for (let seed = 1; seed <= replications; seed++) {
      const times = runWalk({ ...options, mode: 'sampled', seed });
      samples.push(...[...times.values()].map(readySeconds));
    }
    t.true(new Set(samples).size > samples.length / 2, 'samples differ');
    return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  };
  const near = (actual: number, expected: number) =>
    t.true(Math.abs(actual / expected - 1) < 0.01, `${actual} s is not ${expected} s`);
  near(mean({ firmware: 'uefi', securityLevel: 'none' }, 100), 228);
  near(mean({ firmware: 'uefi', securityLevel: 'attested' }, 100), 317);
  near(mean({ firmware: 'linuxboot', securityLevel: 'attested' }, 100), 199);
  for (const [nodes, none, attested] of [
    [1, 258, 395.8],
    [2, 262, 412.4],
    [4, 265, 412.8],
    [8, 270, 433.6],
    [12, 278, 459.2],
    [16, 300, 501.4],
  ] as const) {
    const m620 = { profile: 'm620', firmware: 'uefi', nodes } as const;
    const replications = Math.ceil(100 / nodes);
    near(mean({ ...m620, securityLevel: 'none' }, replications), none);
    near(mean({ ...m620, securityLevel: 'attested' }, replications), attested);
  }
});

test('the same seed gives the same times, another seed others', (t) => {
  const options = { firmware: 'uefi', securityLevel: 'attested', mode: 'sampled' } as const;
  t.deepEqual(runWalk({ ...options, seed: 7 }), runWalk({ ...options, seed: 7 }));
  t.not(walkSeconds({ ...options, seed: 7 }), walkSeconds({ ...options, seed: 8 }));
});
