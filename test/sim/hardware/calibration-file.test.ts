import test from 'ava';
import { OcxError } from '../../../core/kernel/errors.ts';
import { parseCalibration } from '../../../sim/hardware/calibration/calibration-file.ts';
import { provisioningSeconds } from '../../../sim/hardware/provisioning-time.ts';

const HEAD = 'schema = "ocx-calibration/1"\n';

function refusal(text: string): OcxError {
  try {
    parseCalibration(text, 'mine.toml');
  } catch (error) {
    if (error instanceof OcxError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

test('a profile takes from the one it is based on what it leaves out', (t) => {
  const calibration = parseCalibration(
    `${HEAD}[profile.ours]\nbasedOn = "r630"\n` +
      '[profile.ours.powerOnSelfTest]\nuefi = { seconds = 90, source = "our own measurement" }\n',
    'mine.toml',
  );
  const profile = calibration.profiles.get('ours')!;
  const query = { method: 'diskless', firmware: 'uefi' } as const;
  t.is(provisioningSeconds({ profile, ...query, securityLevel: 'none' }), 228 - 60);
  t.is(provisioningSeconds({ profile, ...query, securityLevel: 'attested' }), 317 - 60);
  t.true(calibration.profiles.has('m620'));
});

test('a misspelt key is named with the nearest one that there is', (t) => {
  const error = refusal(
    `${HEAD}[profile.ours]\nbasedOn = "r630"\nchainbot = { seconds = 1, source = "ours" }\n`,
  );
  t.is(error.code, 'INPUT_CALIBRATION');
  t.is(error.place?.keyPath, 'profile.ours.chainbot');
  t.regex(error.remedy ?? '', /chainboot/);
});

test('a number without a source, a negative one and a missing one are refused', (t) => {
  const based = `${HEAD}[profile.ours]\nbasedOn = "r630"\n`;
  t.is(refusal(`${HEAD}[profile.ours]\nchainboot = { seconds = 5 }\n`).code, 'INPUT_CALIBRATION');
  t.is(
    refusal(`${based}chainboot = { seconds = -1, source = "ours" }\n`).place?.keyPath,
    'profile.ours.chainboot.seconds',
  );
  t.regex(refusal(`${HEAD}[profile.ours]\n`).message, /missing/);
  t.regex(refusal(`${HEAD}[profile.ours]\nbasedOn = "r6300"\n`).message, /r630, m620/);
});

test('totals that do not fit the phases are refused with both figures', (t) => {
  const error = refusal(
    `${HEAD}[profile.ours]\nbasedOn = "m620"\nchainboot = { seconds = 200, source = "ours" }\n`,
  );
  t.is(error.place?.keyPath, 'profile.ours.concurrency.unattestedSeconds');
  t.regex(error.message, /258 s.*373\.10 s/);
  t.notThrows(() =>
    parseCalibration(
      `${HEAD}[profile.ours]\nbasedOn = "m620"\nconcurrency = "none"\n` +
        'chainboot = { seconds = 200, source = "ours" }\n',
      'mine.toml',
    ),
  );
});

test('a file that is no TOML, has another schema or hostile keys gets one clear refusal', (t) => {
  t.is(refusal('schema = ').place?.line, 1);
  t.is(refusal('schema = "other/1"\n').place?.keyPath, 'schema');
  t.is(refusal(`${HEAD}profiles = 1\n`).remedy, 'did you mean "profile"?');
  t.is(
    refusal(`${HEAD}[profile.ours]\nbasedOn = "r630"\n__proto__ = { seconds = 1 }\n`).code,
    'INPUT_CALIBRATION',
  );
  t.is(refusal(`${HEAD}[profile.x]\nbasedOn = "__proto__"\n`).code, 'INPUT_CALIBRATION');
  t.is(Object.getPrototypeOf({}), Object.prototype);
});
