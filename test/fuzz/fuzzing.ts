/** Runs one reader on very many damaged inputs and holds it to what every reader promises. */
import { existsSync, readdirSync } from 'node:fs';
import { randomStream } from '../../core/kernel/random.ts';
import { damaged } from './mutation.ts';

/** Inputs of all readers together; the stage's own number is a million. */
export const INPUTS = Number(process.env['OCX_FUZZ_INPUTS'] ?? 1_000_000);

/** No input may take longer than that, ms. */
const SLOWEST_MS = 1_000;
/** What reading small inputs may leave behind, bytes. */
const MEMORY_BYTES = 300 * 1_024 * 1_024;

export interface Reader {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Throws nothing but what it promises to: then the promise is kept, and it returns false. */
  read(bytes: Buffer): boolean;
}

export interface Fuzzed {
  readonly inputs: number;
  /** Inputs that were read in spite of their damage. */
  readonly accepted: number;
  readonly slowestMs: number;
}

/** @throws for the first input that is not read or refused as promised, with the input */
export function fuzz(reader: Reader, inputs: number, others: readonly Uint8Array[]): Fuzzed {
  const { name, samples } = reader;
  const stream = randomStream({ seed: 1, replication: 0, entity: name, purpose: 'test.fuzz' });
  for (const sample of samples) {
    if (!attempt(reader, Buffer.from(sample))) throw new Error(`${name}: refuses its own sample`);
  }
  let accepted = 0;
  let slowestMs = 0;
  let base = 0;
  const filesOpen = openFiles();
  for (let count = 0; count < inputs; count++) {
    // What a reader keeps for ever, such as tables, it has by then.
    if (count === Math.min(2_000, inputs >> 1)) base = process.memoryUsage().rss;
    const bytes = damaged(samples[count % samples.length]!, others, stream);
    const started = performance.now();
    if (attempt(reader, bytes)) accepted++;
    let tookMs = performance.now() - started;
    // The machine may be busy with something else: then the processor's own time counts.
    if (tookMs > SLOWEST_MS) tookMs = Math.min(tookMs, processorMs(reader, bytes));
    if (tookMs > SLOWEST_MS) throw new Error(`${name}: ${tookMs} ms for ${describe(bytes)}`);
    slowestMs = Math.max(slowestMs, tookMs);
  }
  const filesLeft = openFiles() - filesOpen;
  if (filesLeft > 0) throw new Error(`${name}: left ${filesLeft} files open`);
  const grownBytes = process.memoryUsage().rss - base;
  if (grownBytes > MEMORY_BYTES) throw new Error(`${name}: kept ${grownBytes} bytes`);
  return { inputs, accepted, slowestMs };
}

function processorMs(reader: Reader, bytes: Buffer): number {
  const before = process.cpuUsage();
  attempt(reader, bytes);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Open files of this process; 0 where the system does not tell. */
function openFiles(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

function attempt(reader: Reader, bytes: Buffer): boolean {
  try {
    return reader.read(bytes);
  } catch (error) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`${reader.name}: ${said} for ${describe(bytes)}`, { cause: error });
  }
}

function describe(bytes: Buffer): string {
  return `base64 ${bytes.subarray(0, 600).toString('base64')}`;
}
