/** Every reader of text against damage: a file is read or refused in one line, never anything else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { OcxError } from '../../core/kernel/errors.ts';
import { randomStream } from '../../core/kernel/random.ts';
import { TRACE_FILES } from '../../workloads/formats/registry.ts';
import { testFolder } from './files.ts';
import { SAMPLES } from './samples.ts';

const BYTES = '\n\r\t |,;"\'{}[]:.-+0123456789eE\\\u0000\u001b\u00ff\u2028aZ_#';

test('whatever a byte is changed to, a trace is read or refused in one line', (t) => {
  const folder = testFolder(t);
  for (const [name, text] of Object.entries(SAMPLES)) {
    const format = TRACE_FILES.find((each) => each.name === name)!;
    const path = join(folder, `${name}.txt`);
    writeFileSync(path, text);
    t.true(format.inspect(path, {}).records > 0, name);
    const stream = randomStream({ seed: 1, replication: 0, entity: name, purpose: 'test.damage' });
    for (let round = 0; round < 80; round++) {
      const at = stream.integer(text.length);
      const length = stream.integer(4);
      const byte = BYTES[stream.integer(BYTES.length)]!.repeat(1 + stream.integer(3));
      const damaged =
        round % 10 === 0 ? text.slice(0, at) : text.slice(0, at) + byte + text.slice(at + length);
      writeFileSync(path, damaged);
      try {
        const { records, dropped } = format.inspect(path, {});
        t.true(records >= 0 && Object.values(dropped).every((count) => count > 0));
        format.columns(path, {});
        format.swf?.(path, {});
      } catch (error) {
        if (!(error instanceof OcxError))
          t.fail(`${name}: ${JSON.stringify(damaged)}: ${String(error)}`);
        else t.regex(error.code, /^INPUT_/, `${name}: ${JSON.stringify(damaged)}`);
      }
    }
  }
});

test('every format that is read from text has a sample here', (t) => {
  const binary = ['azure-packing', 'opendc', 'opendc-fragments'];
  const known = [...Object.keys(SAMPLES), ...binary].sort();
  t.deepEqual(known, TRACE_FILES.map(({ name }) => name).sort());
});

/** Texts that a careless pattern needs quadratic time for. */
const ENDLESS: readonly string[] = [
  'a['.repeat(30_000),
  '1'.repeat(60_000),
  `${'"'.repeat(60_001)}`,
  `${'|'.repeat(190)}\n`.repeat(300),
  '['.repeat(60_000),
  'a=b,'.repeat(15_000),
  '1 '.repeat(30_000),
  'Timestamp'.repeat(7_000),
];

test('endless texts behind the beginning of a trace are read or refused within a second', (t) => {
  const path = join(testFolder(t), 'a.txt');
  for (const [name, text] of Object.entries(SAMPLES)) {
    const format = TRACE_FILES.find((each) => each.name === name)!;
    const first = text.slice(0, text.indexOf('\n') + 1);
    for (const body of ENDLESS) {
      writeFileSync(path, `${first}${body}\n${body}\n`);
      const started = performance.now();
      format.recognises('a.txt', `${first}${body}`.slice(0, 16_384));
      try {
        format.inspect(path, {});
      } catch (error) {
        t.true(error instanceof OcxError, `${name}: ${String(error)}`);
      }
      t.true(performance.now() - started < 1_000, name);
    }
  }
});
