/**
 * Damage for fuzzing: what disks, editors, other tools and attackers do to a file. Small samples are
 * changed in a few places, with values that number and date readers trip over, and with pieces of
 * other samples.
 */
import type { RandomStream } from '../../core/kernel/random.ts';

/** What readers trip over. */
const WORDS: readonly string[] = [
  ...['', '0', '-0', '-1', '1e308', '-1e309', '1e-400', 'NaN', 'Infinity', '0x10', '1_000', '٣'],
  ...[
    '9007199254740993',
    '9223372036854775808',
    '18446744073709551616',
    '2147483648',
    '1'.repeat(40),
  ],
  ...['null', 'true', '{}', '[]', '"', '""', "'", '\\', '\\u0000', '\u0000', '\r', '\r\n', '\n\n'],
  ...['\uFEFF', '\u2028', '\u202e', '\ud83d', '😀', 'é', '\u001b[2J', '__proto__', 'constructor'],
  ...[
    '1970-01-01T00:00:00',
    '2021-02-30 25:61:61',
    '0000-00-00',
    '9999-12-31T23:59:60Z',
    '-1-00:00',
  ],
  ...[
    'Unknown',
    'UNLIMITED',
    '1-00:00:00',
    '99999999-23:59:59',
    '=1+1',
    '<script>',
    '../../etc',
    '%s',
  ],
  ...[',', ';', '|', '\t', ' ', ':', '#', '.', ',,,,', '|||', '[[', ']]', '{{', '(', '*', '-'],
];

const COPIES = 40;
/** Beyond that a sample does not grow, bytes. */
const LARGEST = 64 * 1_024;

/** @param others samples that pieces may come from */
export function damaged(
  sample: Uint8Array,
  others: readonly Uint8Array[],
  stream: RandomStream,
): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let left = 1 + stream.integer(4); left > 0; left--) {
    bytes = OPERATIONS[stream.integer(OPERATIONS.length)]!(bytes, others, stream);
    if (bytes.length > LARGEST) bytes = bytes.subarray(0, LARGEST);
  }
  return bytes;
}

type Operation = (bytes: Buffer, others: readonly Uint8Array[], stream: RandomStream) => Buffer;

const OPERATIONS: readonly Operation[] = [
  function flipBit(bytes, _, stream) {
    if (bytes.length === 0) return bytes;
    const copy = Buffer.from(bytes);
    const at = stream.integer(bytes.length);
    copy[at] = copy[at]! ^ (1 << stream.integer(8));
    return copy;
  },
  function setByte(bytes, _, stream) {
    if (bytes.length === 0) return bytes;
    const copy = Buffer.from(bytes);
    copy[stream.integer(bytes.length)] = stream.integer(256);
    return copy;
  },
  function cutOff(bytes, _, stream) {
    return bytes.subarray(0, stream.integer(bytes.length + 1));
  },
  function remove(bytes, _, stream) {
    const [from, until] = range(bytes, stream);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(until)]);
  },
  function repeat(bytes, _, stream) {
    const [from, until] = range(bytes, stream);
    const piece = bytes.subarray(from, until);
    const copies = Array.from({ length: 1 + stream.integer(COPIES) }, () => piece);
    return Buffer.concat([bytes.subarray(0, until), ...copies, bytes.subarray(until)]);
  },
  function insertWord(bytes, _, stream) {
    const at = stream.integer(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), word(stream), bytes.subarray(at)]);
  },
  function replaceField(bytes, _, stream) {
    const at = stream.integer(bytes.length + 1);
    const [from, until] = fieldAt(bytes, at);
    return Buffer.concat([bytes.subarray(0, from), word(stream), bytes.subarray(until)]);
  },
  function moveLine(bytes, _, stream) {
    const lines = bytes.toString('latin1').split('\n');
    const [line = ''] = lines.splice(stream.integer(lines.length), 1);
    lines.splice(stream.integer(lines.length + 1), 0, line);
    return Buffer.from(lines.join('\n'), 'latin1');
  },
  function splice(bytes, others, stream) {
    const other = others[stream.integer(others.length)]!;
    const [from, until] = range(other, stream);
    const at = stream.integer(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, until), bytes.subarray(at)]);
  },
];

function word(stream: RandomStream): Buffer {
  return Buffer.from(WORDS[stream.integer(WORDS.length)]!);
}

function range(bytes: Uint8Array, stream: RandomStream): readonly [number, number] {
  const from = stream.integer(bytes.length + 1);
  const length = stream.integer(2) === 0 ? stream.integer(8) : stream.integer(bytes.length + 1);
  return [from, Math.min(bytes.length, from + length)];
}

const SEPARATORS = new Set(Buffer.from(' \t,;|:\n"{}[]'));

/** The stretch between two separators around a place. */
function fieldAt(bytes: Uint8Array, at: number): readonly [number, number] {
  let from = at;
  while (from > 0 && !SEPARATORS.has(bytes[from - 1]!)) from--;
  let until = at;
  while (until < bytes.length && !SEPARATORS.has(bytes[until]!)) until++;
  return [from, until];
}
