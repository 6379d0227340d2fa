/**
 * What a boot of the image leaves in the TPM's PCRs, computed from the image alone, so that whoever
 * builds it from source has reference values that nobody needs to be believed for.
 *
 * Sources: TCG PC Client Platform Firmware Profile 1.06 §3.3.4 (PCR 4); systemd-stub(7) of version
 * 252 (PCR 11); Linux 6.1, drivers/firmware/efi/libstub (PCR 9). Seen with OVMF 2022.11.
 */
import { createHash } from 'node:crypto';
import { imageDigest, sectionData } from './portable-executable.ts';

/** Measured in this order, each by its name with an end, then by its contents. */
const STUB_SECTIONS = ['.linux', '.osrel', '.cmdline', '.initrd'] as const;
const EMPTY = Buffer.alloc(32);

const digest = (data: Uint8Array | string) => createHash('sha256').update(data).digest();
const extended = (digests: readonly Buffer[]) =>
  digests.reduce((value, next) => digest(Buffer.concat([value, next])), EMPTY).toString('hex');

/** One measurement that a boot of the image makes. */
export interface ImageMeasurement {
  readonly pcr: number;
  /** SHA-256. */
  readonly digest: Buffer;
}

/** All that the image alone decides, in order. */
export function imageMeasurements(image: Buffer): readonly ImageMeasurement[] {
  const [linux, commandLine, initrd] = ['.linux', '.cmdline', '.initrd'].map(
    (name) => sectionData(image, name) ?? Buffer.alloc(0),
  ) as [Buffer, Buffer, Buffer];
  const sections = STUB_SECTIONS.flatMap((name) => {
    const data = sectionData(image, name);
    return data === null ? [] : [digest(`${name}\0`), digest(data)];
  });
  const into = (pcr: number, digests: readonly Buffer[]) =>
    digests.map((one) => ({ pcr, digest: one }));
  return [
    ...into(4, [
      digest('Calling EFI Application from Boot Option'),
      digest(Buffer.alloc(4)),
      Buffer.from(imageDigest(image), 'hex'),
    ]),
    ...into(11, sections),
    ...into(4, [Buffer.from(imageDigest(linux), 'hex')]),
    ...into(9, [digest(loadOptions(commandLine)), digest(initrd)]),
  ];
}

/** PCR index → SHA-256 value in hex, of those that the image alone decides. */
export function expectedPcrs(image: Buffer): Readonly<Record<'4' | '9' | '11', string>> {
  const measurements = imageMeasurements(image);
  const value = (pcr: number) =>
    extended(measurements.filter((one) => one.pcr === pcr).map((one) => one.digest));
  return { 4: value(4), 9: value(9), 11: value(11) };
}

/** The kernel measures its command line as it got it: UTF-16 with an end. */
function loadOptions(commandLine: Buffer): Buffer {
  return Buffer.from(`${commandLine.toString('latin1').replace(/\0.*$/s, '')}\0`, 'utf16le');
}
