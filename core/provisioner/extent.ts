/** Bounds of an image or disk, for whoever reads or writes one. */
import type { Refusal } from '../kernel/errors.ts';
import { addAmounts, isSafeAmount } from '../kernel/units.ts';

/** Null where [offset, offset + length) lies inside the `sizeBytes` of the image or disk. */
export function extentRefusal(
  sizeBytes: number,
  offsetBytes: number,
  lengthBytes: number,
): Refusal | null {
  const whole = isSafeAmount(offsetBytes) && isSafeAmount(lengthBytes);
  const endBytes = whole ? addAmounts(offsetBytes, lengthBytes) : null;
  if (whole && offsetBytes >= 0 && lengthBytes >= 0 && endBytes !== null && endBytes <= sizeBytes) {
    return null;
  }
  return {
    code: 'INPUT_EXTENT',
    message: `bytes ${offsetBytes} to ${offsetBytes + lengthBytes} are not inside 0 to ${sizeBytes}`,
  };
}
