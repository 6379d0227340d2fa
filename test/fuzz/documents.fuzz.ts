/** Everything else that comes from outside: documents, journals, and what a hostile node sends. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkImage, HEAD_BYTES } from '../../backends/images/image-check.ts';
import { readAnswer, readHello } from '../../backends/tpm/agent-messages.ts';
import { parseQuote } from '../../backends/tpm/attest.ts';
import { parseEventLog, replay } from '../../backends/tpm/event-log.ts';
import { parsePublic } from '../../backends/tpm/public-area.ts';
import { parseRuntimeLog } from '../../backends/tpm/runtime-log.ts';
import { parseSignature } from '../../backends/tpm/signature.ts';
import { openJournal } from '../../cli/journal-file.ts';
import { LIVE_ROLES } from '../../cli/live-roles.ts';
import { readServeConfiguration } from '../../cli/serve-configuration.ts';
import { experimentVocabulary, scenarioVocabulary } from '../../cli/vocabulary.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import { solveCase } from '../../core/market/cases/registry.ts';
import { loadExperiment } from '../../sim/experiment/sweep/experiment.ts';
import { partOf } from '../../sim/experiment/sweep/part.ts';
import { screenCells } from '../../sim/experiment/sweep/screen.ts';
import { loadScenario } from '../../sim/scenario/load.ts';
import { runtimeBytes } from '../backends/tpm/made-log.ts';
import { bytes, evidenceOf, vectors } from '../backends/tpm/vectors.ts';
import { FILE_BYTES, qcow2File } from '../backends/images/qcow2-header.ts';
import { TINY_SCENARIO } from '../cli/tiny-scenario.ts';
import { fuzz, INPUTS } from './fuzzing.ts';
import type { Reader } from './fuzzing.ts';
import { promised } from './trace-readers.ts';

/** Every role's table is read; what a role cannot do without is asked of this one. */
const ISOLATION = LIVE_ROLES.filter(({ name }) => name === 'isolation');

const folder = mkdtempSync(join(tmpdir(), 'ocx-fuzz-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Reads from a file, as the program does. */
function fromFile(name: string, read: (path: string) => void): Reader['read'] {
  const path = join(folder, name);
  return (input) => {
    writeFileSync(path, input);
    return promised(() => read(path));
  };
}

/** What a node sends gives a value or a finding; it never throws. */
function found(read: (input: Buffer) => { readonly ok: boolean }): Reader['read'] {
  return (input) => read(input).ok;
}

function json(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return null;
  }
}

const text = (...samples: string[]) => samples.map((sample) => Buffer.from(sample));
const base64 = (input: Uint8Array) => Buffer.from(input).toString('base64');

const CASES = [
  { mechanism: 'mcafee', input: { bids: { a: 9, b: 8, c: 4 }, asks: { x: 2, y: 3, z: 8 } } },
  {
    mechanism: 'drf',
    input: { capacity: [9, 18], demandPerTask: { a: [1, 4], b: [3, 1] } },
  },
];

const EXPERIMENT = `
name = "probe"
question = "Why?"
scenario = "tiny.toml"
replications = 2
[[axis]]
key = "market.mechanism"
values = ["exchange-threshold", "fcfs-pool"]
[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
unit = "share"
`;
const SCREENED = `
name = "probe"
question = "Which?"
scenario = "tiny.toml"
[stopping]
measure = "utilisation"
relative = 0.05
minimumReplications = 3
maximumReplications = 20
[screen]
design = "plackett-burman"
foldover = false
[[axis]]
key = "seed"
values = [1, 2, 3]
[[axis]]
name = "load"
[[axis.level]]
name = "low"
set = { horizonDays = 1 }
[[axis.level]]
name = "high"
[[measure]]
name = "utilisation"
path = "variants.market.utilisation"
`;
const SERVE = `
[listen]
port = 7400
[[tokens]]
sha256 = "${'ab'.repeat(32)}"
role = "admin"
name = "operator"
[devices]
driver = "emulated"
[[site.organisations]]
name = "org-a"
`;
const RECORD = `{"seq":0,"timeMs":0,"event":{"kind":"Started"},"effectsHash":"${'0'.repeat(64)}","prev":"${'0'.repeat(64)}","hash":"${'1'.repeat(64)}"}\n`;

const evidence = vectors.map(evidenceOf);
const answers = evidence.map(({ quote, signature, pcrs, eventLog }) =>
  Buffer.from(
    JSON.stringify({
      ...{
        secret: base64(Buffer.alloc(32, 7)),
        quote: base64(quote),
        signature: base64(signature),
      },
      ...{ pcrs, eventLog: base64(eventLog) },
    }),
  ),
);
const hellos = vectors.map(({ endorsementKey, certificate, attestationKey }) =>
  Buffer.from(
    JSON.stringify({
      endorsementKey: base64(bytes(endorsementKey)),
      certificate: base64(bytes(certificate)),
      intermediates: [],
      attestationKey: base64(bytes(attestationKey)),
    }),
  ),
);

const IMAGE_LIMITS = { fileBytes: 1e9, diskBytes: 20e9 };

/** Reader and its share of this file's inputs. */
const READERS: readonly (readonly [number, Reader])[] = [
  [
    1,
    {
      name: 'scenario',
      samples: text(TINY_SCENARIO),
      read: (input) =>
        promised(() => loadScenario(input.toString(), 'a.toml', [], scenarioVocabulary)),
    },
  ],
  [
    2,
    {
      name: 'experiment',
      samples: text(EXPERIMENT, SCREENED),
      read: (input) =>
        promised(() => {
          const whole = loadExperiment(input.toString(), 'a.toml', experimentVocabulary);
          screenCells(partOf(whole, { set: ['warmUpDays=1'], replications: 2 }));
          screenCells(whole);
        }),
    },
  ],
  [
    // Every reading compiles a schema of its own.
    0.1,
    {
      name: 'serve configuration',
      samples: text(SERVE),
      read: fromFile('serve.toml', (path) => {
        readServeConfiguration(path, ISOLATION, LIVE_ROLES);
      }),
    },
  ],
  [
    2,
    {
      name: 'market case',
      samples: text(...CASES.map((each) => JSON.stringify(each))),
      read: (input) =>
        promised(() => {
          const document = json(input) as { mechanism?: unknown; input?: unknown } | null;
          const { mechanism, input: given } = document ?? {};
          if (typeof mechanism === 'string') solveCase({ mechanism, input: given });
        }),
    },
  ],
  [
    2,
    {
      name: 'journal',
      samples: text(RECORD.repeat(3)),
      read: fromFile('journal.jsonl', (path) => {
        try {
          for (const { seq } of openJournal(path).records()) if (seq < 0) return;
        } catch (error) {
          // A verification that fails, not an input that is refused.
          if (!(error instanceof OcxError) || error.code !== 'JOURNAL_BROKEN') throw error;
        }
      }),
    },
  ],
  [4, { name: 'hello of a node', samples: hellos, read: found((input) => readHello(json(input))) }],
  [
    4,
    { name: 'answer of a node', samples: answers, read: found((input) => readAnswer(json(input))) },
  ],
  [
    4,
    {
      name: 'event log',
      samples: evidence.map(({ eventLog }) => eventLog),
      read: found((input) => {
        const log = parseEventLog(input);
        if (log.ok) replay(log.value, 'sha256', [0, 4, 9]);
        return log;
      }),
    },
  ],
  [4, { name: 'quote', samples: evidence.map(({ quote }) => quote), read: found(parseQuote) }],
  [
    2,
    {
      name: 'signature',
      samples: evidence.map(({ signature }) => signature),
      read: found(parseSignature),
    },
  ],
  [
    4,
    {
      name: 'public area',
      samples: vectors.map(({ endorsementKey }) => bytes(endorsementKey)),
      read: found(parsePublic),
    },
  ],
  [
    2,
    {
      name: 'runtime log',
      samples: [runtimeBytes(['/bin/a', '/bin/b'])],
      read: found(parseRuntimeLog),
    },
  ],
  [
    2,
    {
      name: 'image',
      // What the check does not look at need not be damaged.
      samples: [qcow2File().subarray(0, 8_192), qcow2File({ version: 2 }).subarray(0, 8_192)],
      read: (input) => {
        const head = Buffer.alloc(HEAD_BYTES);
        input.copy(head);
        return !('code' in checkImage(head, FILE_BYTES, IMAGE_LIMITS));
      },
    },
  ],
];

const SHARE = 0.25;
const shares = READERS.reduce((sum, [share]) => sum + share, 0);
const others = READERS.map(([, { samples }]) => samples[0]!);

for (const [share, reader] of READERS) {
  const inputs = Math.ceil((INPUTS * SHARE * share) / shares);
  test.serial(`${reader.name}: whatever is damaged, read or refused`, (t) => {
    const { accepted, slowestMs } = fuzz(reader, inputs, others);
    t.true(accepted > 0 && accepted < inputs, 'neither all nor nothing');
    t.log(`${inputs} inputs, ${accepted} read, slowest ${slowestMs.toFixed(0)} ms`);
  });
}

test.serial('a reader that throws, dawdles or lets a bad line through is caught', (t) => {
  const sample = Buffer.from('1,2,3\n');
  const reader = (read: Reader['read']): Reader => ({ name: 'planted', samples: [sample], read });
  const throwing = reader((input) => {
    if (input.includes('9')) throw new TypeError('planted');
    return true;
  });
  t.throws(() => fuzz(throwing, 5_000, others), { message: /planted: TypeError: planted/ });
  const slow = reader((input) => {
    const until = performance.now() + (input.length > 200 ? 1_100 : 0);
    while (performance.now() < until);
    return true;
  });
  t.throws(() => fuzz(slow, 5_000, others), { message: /planted: \d+/ });
  const leaking = reader(() => openSync(import.meta.filename, 'r') > 0);
  t.throws(() => fuzz(leaking, 10, others), { message: 'planted: left 10 files open' });
  const twoLines = reader(() =>
    promised(() => {
      throw new OcxError({ code: 'INPUT_X', message: 'a\nb' });
    }),
  );
  t.throws(() => fuzz(twoLines, 10, others), { message: /not one line/ });
});
