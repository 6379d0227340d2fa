import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { openLines, readTextFile, SCAN_LIMITS } from '../../workloads/input.ts';
import type { LineBlock } from '../../workloads/line-blocks.ts';
import { packedLines } from '../../workloads/packed-lines.ts';
import { withMember } from '../../workloads/formats/archive.ts';
import { recogniseFormat } from '../../workloads/formats/registry.ts';
import { readSwf } from '../../workloads/formats/swf.ts';
import { record, refusal, testFile, testFolder } from './files.ts';

const LOG = `; MaxProcs: 8\n${record({ 1: 1, 2: 0, 4: 10, 8: 2, 9: 20 })}\n`;

function drain(path: string, limits = SCAN_LIMITS): number {
  let bytes = 0;
  for (const block of openLines(path, limits).blocks) bytes += block.end - block.start;
  return bytes;
}

test('a missing file, a folder and a link to itself are refused', (t) => {
  const folder = testFolder(t);
  refusal(t, () => openLines(join(folder, 'none')), 'INPUT_FILE_NOT_FOUND');
  refusal(t, () => openLines(join(folder, 'none', 'deeper')), 'INPUT_FILE_NOT_FOUND');
  mkdirSync(join(folder, 'sub'));
  refusal(t, () => openLines(join(folder, 'sub')), 'INPUT_IS_DIRECTORY');
  symlinkSync('loop', join(folder, 'loop'));
  refusal(t, () => openLines(join(folder, 'loop')), 'INPUT_FILE_UNREADABLE');
});

test('devices and pipes are refused without being read', (t) => {
  refusal(t, () => openLines('/dev/zero'), 'INPUT_NOT_A_FILE');
  const pipe = join(testFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  refusal(t, () => openLines(pipe), 'INPUT_NOT_A_FILE');
});

test('an empty file is refused, plain or gzip', (t) => {
  refusal(t, () => openLines(testFile(t, '')), 'INPUT_EMPTY');
  refusal(t, () => openLines(testFile(t, gzipSync(''))), 'INPUT_EMPTY');
});

test('gzip is told by its first bytes, not by the name', (t) => {
  t.is(drain(testFile(t, gzipSync(LOG), 'log.txt')), LOG.length);
  t.is(drain(testFile(t, LOG, 'log.swf.gz')), LOG.length);
});

test('gzip that ends too early or is damaged is refused', (t) => {
  const whole = gzipSync(LOG.repeat(100));
  refusal(t, () => openLines(testFile(t, whole.subarray(0, -9))), 'INPUT_TRUNCATED');
  refusal(t, () => openLines(testFile(t, whole.subarray(0, 30))), 'INPUT_TRUNCATED');
  const damaged = Buffer.from(whole);
  damaged[whole.length - 6]! ^= 0xff;
  refusal(t, () => openLines(testFile(t, damaged)), 'INPUT_GZIP_CORRUPT');
});

test('several gzip members are one text, anything else behind the data is refused', (t) => {
  const whole = gzipSync(LOG);
  t.is(drain(testFile(t, Buffer.concat([whole, whole]))), 2 * LOG.length);
  t.is(drain(testFile(t, Buffer.concat([whole, Buffer.alloc(512)]))), LOG.length);
  const garbage = Buffer.concat([whole, Buffer.from('garbage')]);
  refusal(t, () => openLines(testFile(t, garbage)), 'INPUT_GZIP_CORRUPT');
});

test('a gzip bomb is refused by its ratio and by its size', (t) => {
  const bomb = gzipSync(Buffer.alloc(4 << 20, '; \n'));
  t.true((4 << 20) / bomb.length > 200);
  refusal(t, () => openLines(testFile(t, bomb)), 'INPUT_GZIP_BOMB');
  const small = { ...SCAN_LIMITS, maxBytes: 50 };
  refusal(t, () => openLines(testFile(t, gzipSync(LOG)), small), 'INPUT_GZIP_BOMB');
  refusal(t, () => openLines(testFile(t, LOG), small), 'INPUT_TOO_LARGE');
});

test('a sparse file beyond the limit is refused before it is read', (t) => {
  const path = testFile(t, LOG);
  truncateSync(path, 9 * 2 ** 30);
  const started = performance.now();
  refusal(t, () => openLines(path), 'INPUT_TOO_LARGE');
  t.true(performance.now() - started < 1000);
});

test('gzip in gzip and other compressions are refused by name', (t) => {
  refusal(t, () => openLines(testFile(t, gzipSync(gzipSync(LOG)))), 'INPUT_GZIP_NESTED');
  for (const [magic, name] of [
    [[0x42, 0x5a, 0x68, 0x39], 'bzip2'],
    [[0x50, 0x4b, 0x03, 0x04], 'zip'],
  ] as const) {
    const path = testFile(t, Buffer.from([...magic, 1, 2, 3]));
    t.regex(refusal(t, () => openLines(path), 'INPUT_COMPRESSION').message, new RegExp(name));
  }
});

test('zstd is read, in many frames too, and its bombs and damage are refused', (t) => {
  const whole = zstdCompressSync(LOG);
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  const frames = Buffer.concat([zstdCompressSync(LOG), skippable, whole]);
  t.is(readSwf(testFile(t, whole, 'a.swf.zst')).jobs.count, 1);
  const both = readTextFile(testFile(t, frames, 'a.swf.zst'));
  t.is(both, LOG + LOG);
  const bomb = zstdCompressSync(Buffer.alloc(64 << 20, ';\n'));
  refusal(t, () => openLines(testFile(t, bomb)), 'INPUT_ZSTD_BOMB');
  const shared = { ...SCAN_LIMITS, maxBytes: LOG.length * 2 - 1 };
  refusal(t, () => openLines(testFile(t, frames), shared), 'INPUT_ZSTD_BOMB');
  refusal(t, () => openLines(testFile(t, whole.subarray(0, -2))), 'INPUT_TRUNCATED');
  const behind = Buffer.concat([whole, Buffer.from('more')]);
  refusal(t, () => openLines(testFile(t, behind)), 'INPUT_ZSTD_CORRUPT');
  refusal(t, () => openLines(testFile(t, zstdCompressSync(whole))), 'INPUT_ZSTD_NESTED');
});

/** `xz -9e` of three lines, as xz 5.4 wrote it. */
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jMAQAedGltZVNlY29uZHMsbm9kZXMKMCw1CjM2MDAsNy41CgAAQF4jG6F9sDUAATcf6hiJPR+2830BAAAAAARZWg==',
  'base64',
);

test('xz is read, in several streams too, and its damage is refused', (t) => {
  const text = 'timeSeconds,nodes\n0,5\n3600,7.5\n';
  t.is(readTextFile(testFile(t, XZ, 'a.csv.xz')), text);
  t.is(readTextFile(testFile(t, Buffer.concat([XZ, XZ]))), text + text);
  refusal(t, () => openLines(testFile(t, XZ.subarray(0, -9))), 'INPUT_TRUNCATED');
  refusal(
    t,
    () => openLines(testFile(t, Buffer.concat([XZ, Buffer.from('more')]))),
    'INPUT_TRUNCATED',
  );
  const changed = Buffer.from(XZ);
  changed[40]! ^= 1;
  refusal(t, () => openLines(testFile(t, changed)), 'INPUT_XZ_CORRUPT');
  const small = { ...SCAN_LIMITS, maxBytes: text.length - 1 };
  refusal(t, () => openLines(testFile(t, XZ), small), 'INPUT_XZ_BOMB');
  refusal(t, () => openLines(testFile(t, gzipSync(XZ))), 'INPUT_GZIP_NESTED');
});

test('an archive of one file is read, one of several is refused by the names in it', (t) => {
  const one = Buffer.concat([tarMember('logs/', '', '5'), tarMember('logs/a.swf', LOG)]);
  const end = Buffer.alloc(1024);
  t.is(readSwf(testFile(t, Buffer.concat([one, end]), 'a.tar')).jobs.count, 1);
  t.is(readSwf(testFile(t, gzipSync(Buffer.concat([one, end])), 'a.tar.gz')).jobs.count, 1);
  const two = Buffer.concat([one, tarMember('b\n.swf', LOG), end]);
  const error = refusal(t, () => openLines(testFile(t, two)), 'INPUT_ARCHIVE');
  t.regex(error.message, /2 files, not one: "logs\/a\.swf", "b\\n\.swf"/);
  refusal(t, () => openLines(testFile(t, one.subarray(0, 1050))), 'INPUT_TRUNCATED');
  refusal(t, () => openLines(testFile(t, tarMember('a', '', '5'))), 'INPUT_ARCHIVE');
});

test('an archive of several series is one log; of other files one is read by its name', (t) => {
  const end = Buffer.alloc(1024);
  const hour = (day: string) => `date,time_from,time_to,price_eur_mwh\n${day},00:00,01:00,45.5\n`;
  const long = `prices/${'x'.repeat(120)}/b.csv`;
  const prices = Buffer.concat([
    tarMember('../../etc/a.csv', hour('2021-03-27')),
    tarMember('README', 'words\n'),
    tarMember('././@LongLink', `${long}\0`, 'L'),
    tarMember(long.slice(0, 100), hour('2021-03-28')),
    end,
  ]);
  const path = testFile(t, gzipSync(prices), 'a.tar.gz');
  const format = recogniseFormat(path);
  const { records, facts, oddities } = format.inspect(path, {});
  t.is(records, 2);
  t.deepEqual(
    facts.slice(-2).map(({ name }) => name),
    ['a.csv', 'b.csv'],
  );
  t.deepEqual(oddities.slice(0, 2), [
    '2 files of format day-ahead',
    'left out, as in no known format: 1, such as "README"',
  ]);
  t.is(
    withMember(path, long, (file) => recogniseFormat(file).inspect(file, {}).records),
    1,
  );
  refusal(t, () => withMember(path, 'b.csv', () => 0), 'INPUT_ARCHIVE');
  // A name that leads elsewhere is only a name.
  withMember(path, '../../etc/a.csv', (file) => t.regex(file, /ocx-member-\w+\/a\.csv$/));
  const mixed = Buffer.concat([
    tarMember('a.swf', LOG),
    tarMember('b.csv', hour('2021-03-27')),
    end,
  ]);
  const other = testFile(t, mixed, 'b.tar');
  const error = refusal(t, () => recogniseFormat(other).inspect(other, {}), 'INPUT_ARCHIVE');
  t.regex(error.message, /"a\.swf": it holds no series/);
  t.is(
    withMember(other, 'a.swf', (file) => readSwf(file).jobs.count),
    1,
  );
  const inside = refusal(
    t,
    () => withMember(path, 'README', (file) => recogniseFormat(file)),
    'INPUT_FORMAT',
  );
  t.is(inside.place?.file, path);
});

function tarMember(name: string, text: string, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  const bytes = Buffer.from(text);
  header.write(bytes.length.toString(8).padStart(11, '0'), 124);
  header.write(type, 156);
  header.write('ustar', 257);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 511)]);
}

test('UTF-16, with or without its mark, and binary files are refused', (t) => {
  const utf16 = Buffer.from(LOG, 'utf16le');
  const marked = Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]);
  refusal(t, () => drain(testFile(t, marked)), 'INPUT_ENCODING');
  refusal(t, () => drain(testFile(t, utf16)), 'INPUT_ENCODING');
  const swapped = Buffer.from(utf16).swap16();
  refusal(t, () => drain(testFile(t, swapped)), 'INPUT_ENCODING');
  refusal(t, () => drain(testFile(t, Buffer.alloc(5000))), 'INPUT_BINARY');
  const parquet = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 37) % 256));
  refusal(t, () => drain(testFile(t, parquet)), 'INPUT_BINARY');
});

test('a byte order mark is skipped and mixed line endings are read', (t) => {
  const path = testFile(t, `\uFEFF${LOG.replaceAll('\n', '\r\n')}${LOG}`);
  const log = readSwf(path);
  t.is(log.jobs.count, 2);
  t.is(log.header.maxProcs, 8);
});

test('lines that end with a carriage return alone are refused', (t) => {
  refusal(t, () => drain(testFile(t, LOG.replaceAll('\n', '\r'))), 'INPUT_LINE_ENDING');
});

test('a line of many megabytes is refused, with its number, plain or gzip', (t) => {
  const long = `${LOG}${LOG}; ${'x'.repeat(20 << 20)}`;
  const error = refusal(t, () => readSwf(testFile(t, long)), 'INPUT_LINE_TOO_LONG');
  t.is(error.place?.line, 5);
  const limits = { ...SCAN_LIMITS, maxRatio: 1e6 };
  refusal(t, () => drain(testFile(t, gzipSync(long)), limits), 'INPUT_LINE_TOO_LONG');
});

test('a file larger than a block gives the same lines plain and compressed', (t) => {
  const rows = Array.from({ length: 120_000 }, (_, i) =>
    record({ 1: i + 1, 2: i * 7, 4: (i * i) % 1000, 5: (i % 64) + 1, 8: (i % 64) + 1, 9: 1000 }),
  );
  const text = `; MaxProcs: 64\n${rows.map((row) => row.padEnd(80)).join('\n')}\n`;
  t.true(text.length > 9 << 20);
  const plain = readSwf(testFile(t, text));
  const compressed = readSwf(testFile(t, gzipSync(text)));
  t.is(plain.jobs.count, rows.length);
  t.deepEqual(plain.jobs, compressed.jobs);
  t.is(plain.lines, rows.length + 1);
});

test('text that is not UTF-8 is refused with its line', (t) => {
  const path = join(testFolder(t), 'a.csv');
  writeFileSync(
    path,
    Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xff]), Buffer.from('\n')]),
  );
  t.is(refusal(t, () => readTextFile(path), 'INPUT_ENCODING').place?.line, 2);
});

/** The text of a file unpacked at once, and piece by piece; or the code with which it is refused. */
function bothWays(path: string, limits = SCAN_LIMITS): [string, string] {
  const textOf = (open: () => Iterable<LineBlock>): string => {
    let text = '';
    try {
      for (const { bytes, start, end } of open()) {
        text += Buffer.from(bytes.subarray(start, end)).toString('latin1');
      }
      return text;
    } catch (error) {
      if (error instanceof OcxError) return error.code;
      throw error;
    }
  };
  const atOnce = () => openLines(path, limits).blocks;
  const packed = readFileSync(path);
  return [
    textOf(atOnce),
    textOf(() => packedLines(path, packed, packed.length, limits) ?? atOnce()),
  ];
}

test('a file in memory that does not grow with it is what it is in memory that does', (t) => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  const long = Array.from({ length: 60_000 }, (_, i) => `${i} ${'abcdefgh'.repeat(i % 9)}`).join(
    '\n',
  );
  const damaged = Buffer.from(gzipSync(LOG.repeat(100)));
  damaged[damaged.length - 6]! ^= 0xff;
  const samples: readonly (readonly [string | Uint8Array, expected?: string])[] = [
    [LOG, LOG],
    [long, long],
    [gzipSync(long), long],
    [zstdCompressSync(long), long],
    [gzipSync(`\u{feff}${LOG}`), LOG],
    [Buffer.concat([gzipSync(long), gzipSync(LOG)]), long + LOG],
    [Buffer.concat([gzipSync(LOG), Buffer.alloc(512)]), LOG],
    [Buffer.concat([zstdCompressSync(LOG), skippable, zstdCompressSync(long)]), LOG + long],
    [XZ],
    [gzipSync(tarMember('one.swf', LOG)), LOG],
    ['', 'INPUT_EMPTY'],
    [gzipSync(''), 'INPUT_EMPTY'],
    [gzipSync(long).subarray(0, -9), 'INPUT_TRUNCATED'],
    [zstdCompressSync(long).subarray(0, -3), 'INPUT_TRUNCATED'],
    [damaged, 'INPUT_GZIP_CORRUPT'],
    [Buffer.concat([gzipSync(LOG), Buffer.from('garbage')]), 'INPUT_GZIP_CORRUPT'],
    [Buffer.concat([zstdCompressSync(LOG), Buffer.from('garbage')]), 'INPUT_ZSTD_CORRUPT'],
    [gzipSync(gzipSync(LOG)), 'INPUT_GZIP_NESTED'],
    [zstdCompressSync(gzipSync(LOG)), 'INPUT_ZSTD_NESTED'],
    [gzipSync(Buffer.alloc(4 << 20, '; \n')), 'INPUT_GZIP_BOMB'],
    [zstdCompressSync(Buffer.alloc(4 << 20, ';\n')), 'INPUT_ZSTD_BOMB'],
    [gzipSync(Buffer.from(LOG, 'utf16le')), 'INPUT_ENCODING'],
    [gzipSync(Buffer.alloc(9_000, '\u0000\u0001\u0002\u0000')), 'INPUT_BINARY'],
    [gzipSync(LOG.replaceAll('\n', '\r')), 'INPUT_LINE_ENDING'],
    [Buffer.from('BZh9123'), 'INPUT_COMPRESSION'],
  ];
  for (const [at, [contents, expected]] of samples.entries()) {
    const [whole, streamed] = bothWays(testFile(t, contents));
    t.true(streamed === whole && streamed === (expected ?? whole), `sample ${at}`);
  }
  const small = { ...SCAN_LIMITS, maxLineBytes: 100, maxRatio: 1e6 };
  const wide = 'x'.repeat(9 << 20);
  const tooLong = 'INPUT_LINE_TOO_LONG';
  t.deepEqual(bothWays(testFile(t, gzipSync(LOG + wide)), small), [tooLong, tooLong]);
});
