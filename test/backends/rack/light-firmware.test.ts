import test from 'ava';
import { expectedPcrs } from '../../../backends/boot-image/measurements.ts';
import { withSections } from '../../../backends/boot-image/portable-executable.ts';
import { lightLog, lightMeasurements, lightValues } from '../../../backends/rack/light-firmware.ts';
import { parseEventLog, replay } from '../../../backends/tpm/event-log.ts';
import { NEEDED_PCRS } from '../../../backends/tpm/references.ts';
import { smallProgram } from '../boot-image/small-program.ts';

const IMAGE = withSections(smallProgram(), [
  { name: '.linux', data: smallProgram('kernel') },
  { name: '.cmdline', data: Buffer.from('quiet\0') },
  { name: '.initrd', data: Buffer.from('files') },
]);
const MAC = '52:54:00:0c:00:01';

test('the log of a light node replays to its reference values, all that a quote is over', (t) => {
  const log = parseEventLog(lightLog(lightMeasurements(IMAGE, MAC)));
  t.true(log.ok);
  if (!log.ok) return;
  const replayed = replay(log.value, 'sha256', NEEDED_PCRS);
  t.true(replayed.ok);
  if (!replayed.ok) return;
  const values = lightValues(IMAGE, MAC, NEEDED_PCRS);
  t.deepEqual(
    Object.fromEntries([...replayed.value].map(([pcr, value]) => [pcr, [value.toString('hex')]])),
    values,
  );
  for (const [pcr, value] of Object.entries(expectedPcrs(IMAGE))) t.deepEqual(values[pcr], [value]);
});

test('each light node has a PCR 1 of its own, and nothing else', (t) => {
  const [one, other] = [MAC, '52:54:00:0c:00:02'].map((mac) =>
    lightValues(IMAGE, mac, NEEDED_PCRS),
  );
  const different = NEEDED_PCRS.filter((pcr) => one![pcr]![0] !== other![pcr]![0]);
  t.deepEqual(different, [1]);
});
