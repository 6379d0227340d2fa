/**
 * What firmware does in a machine, for a node that is none: it loads the boot image over HTTP,
 * measures it into the TPM, and leaves the log of it: `light-firmware.ts URL MAC TCTI LOG`.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { imageMeasurements } from '../boot-image/measurements.ts';
import type { ImageMeasurement } from '../boot-image/measurements.ts';
import { runProgram } from '../processes/program.ts';
import type { HardwareProfile, ReferenceValues } from '../tpm/references.ts';

/** There is no hardware that values could depend on. */
export const LIGHT_HARDWARE: HardwareProfile = {
  firmware: 'light-1',
  cpu: 'none',
  memoryMib: 1,
};

const SHA256 = 0x000b;
const SHA256_BYTES = 32;
const EV_NO_ACTION = 3;
const EV_EVENT_TAG = 6;
const MOST_IMAGE_BYTES = 256 * 1024 * 1024;

const digest = (text: string) => createHash('sha256').update(text).digest();

/** In the order in which they are made. */
export function lightMeasurements(image: Buffer, mac: string): readonly ImageMeasurement[] {
  const own = [0, 2, 3, 5, 7].map((pcr) => ({
    pcr,
    digest: digest(`light firmware 1, PCR ${pcr}`),
  }));
  return [...own, { pcr: 1, digest: digest(`boot entry of ${mac}`) }, ...imageMeasurements(image)];
}

/** What all of these PCRs come to. */
export function lightValues(image: Buffer, mac: string, pcrs: readonly number[]): ReferenceValues {
  const values = new Map(pcrs.map((pcr) => [pcr, Buffer.alloc(SHA256_BYTES)]));
  for (const { pcr, digest: measured } of lightMeasurements(image, mac)) {
    const before = values.get(pcr);
    if (!before) continue;
    const after = createHash('sha256').update(before).update(measured).digest();
    values.set(pcr, Buffer.from(after));
  }
  return Object.fromEntries([...values].map(([pcr, value]) => [pcr, [value.toString('hex')]]));
}

/** The crypto-agile log (TCG PC Client Platform Firmware Profile 1.06, 10.2). */
export function lightLog(measurements: readonly ImageMeasurement[]): Buffer {
  const specId = Buffer.alloc(33);
  specId.write('Spec ID Event03\0', 'latin1');
  specId[20] = 2; // major number of the form's version
  specId[23] = 2; // a word has 8 bytes
  specId.writeUInt32LE(1, 24);
  specId.writeUInt16LE(SHA256, 28);
  specId.writeUInt16LE(SHA256_BYTES, 30);
  const head = Buffer.alloc(32);
  head.writeUInt32LE(EV_NO_ACTION, 4);
  head.writeUInt32LE(specId.length, 28);
  return Buffer.concat([head, specId, ...measurements.map(logged)]);
}

function logged({ pcr, digest: measured }: ImageMeasurement): Buffer {
  const event = Buffer.alloc(14 + SHA256_BYTES + 4);
  event.writeUInt32LE(pcr, 0);
  event.writeUInt32LE(EV_EVENT_TAG, 4);
  event.writeUInt32LE(1, 8);
  event.writeUInt16LE(SHA256, 12);
  measured.copy(event, 14);
  return event;
}

async function boot(url: string, mac: string, tcti: string, log: string): Promise<void> {
  const response = await fetch(url, { redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const image = Buffer.from(await response.arrayBuffer());
  if (image.length > MOST_IMAGE_BYTES) throw new Error('the image is too large');
  const measurements = lightMeasurements(image, mac);
  const extensions = measurements.map(
    ({ pcr, digest: measured }) => `${pcr}:sha256=${measured.toString('hex')}`,
  );
  await runProgram('tpm2', ['pcrextend', ...extensions], { environment: { TPM2TOOLS_TCTI: tcti } });
  writeFileSync(log, lightLog(measurements));
}

if (process.argv[1] === import.meta.filename) {
  const [url = '', mac = '', tcti = '', log = ''] = process.argv.slice(2);
  await boot(url, mac, tcti, log);
}
