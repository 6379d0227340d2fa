/**
 * The processed Azure V1 stream (data CC-BY 4.0, Cortez et al., SOSP 2017; processing Bergsma et
 * al., SOSP 2021): one line a 300 s bin, `t g,|,b,m,|,…`: flavour letters, `|` after each batch of
 * one tenant. A partner file has a lifetime for every letter: `U12` ended in duration bin 12,
 * `C38` still ran, in bin 38, when the file ends.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { FLAVOURS } from '../cloud/flavours.ts';
import {
  AZURE_MEAN_LIFETIME_HOURS,
  AZURE_SURVIVAL,
  BINS,
  kaplanMeier,
  Lifetimes,
  tailMeanFor,
} from '../cloud/lifetimes.ts';
import type { CloudRates } from '../cloud/population.ts';
import { readTextFile } from '../input.ts';

export const BIN_SECONDS = 300;

/** A stream of batches in columns. */
export interface AzureStream {
  /** Start of each batch, seconds on the trace's clock. */
  readonly batchSeconds: Float64Array;
  /** Index of each batch's first machine; one more at the end. */
  readonly batchStart: Uint32Array;
  /** Flavour of each machine, index into `FLAVOURS`. */
  readonly flavour: Uint8Array;
  /**
   * Duration bin of each machine: −1 unknown, 0–46 ended in it, 100–146 still ran in bin − 100.
   */
  readonly durationBin: Int16Array;
  /** First bin's and last bin's end, seconds. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Marks a machine that was still running: `durationBin − RUNNING` is its bin so far. */
export const RUNNING = 100;

/** The stream with all files that belong to it. */
export interface AzureTrace {
  readonly stream: AzureStream;
  readonly files: readonly string[];
  /** Kaplan–Meier survival by flavour; `pooled` over all. */
  readonly survival: readonly (readonly number[])[];
  readonly pooled: readonly number[];
  readonly lifetimesFrom: 'file' | 'constants';
}

/** Fewest machines of a flavour for a survival curve of its own. */
const MINIMUM_MACHINES = 500;

/**
 * Reads a stream with its continuation and its lifetimes: beside `…v1.train.txt` also `…v1.dev.txt`
 * where it starts at the train part's end, and `…v1.dev.c2100000.txt`.
 *
 * @throws OcxError INPUT_… with file, line and column
 */
export function readAzureTrace(path: string): AzureTrace {
  const files = [path];
  let stream = parseFlavours(path, readTextFile(path));
  const dev = siblingFile(path, 'dev');
  if (dev !== null && dev !== path) {
    const next = parseFlavours(dev, readTextFile(dev));
    if (next.startSeconds === stream.endSeconds) {
      stream = joined(stream, attachDurations(dev, next, files));
      files.push(dev);
    }
  } else {
    stream = attachDurations(path, stream, files);
  }
  const known = stream.durationBin.some((bin) => bin >= 0);
  const curves = known ? survivalCurves(stream) : null;
  return {
    stream,
    files,
    survival: curves?.byFlavour ?? FLAVOURS.map(() => AZURE_SURVIVAL),
    pooled: curves?.pooled ?? AZURE_SURVIVAL,
    lifetimesFrom: known ? 'file' : 'constants',
  };
}

/** `…v1.train.txt.gz` → `…v1.dev.txt.gz`, if there is such a file, plain or gzip. */
function siblingFile(path: string, part: string): string | null {
  const match = /^(.*v1\.)(?:train|dev|test)\.txt(?:\.gz)?$/.exec(basename(path));
  if (match === null) return null;
  for (const ending of ['.txt.gz', '.txt']) {
    const sibling = join(dirname(path), `${match[1]}${part}${ending}`);
    if (existsSync(sibling)) return sibling;
  }
  return null;
}

/** Adds the lifetimes of `…dev.c2100000.txt` to `…dev.txt` where there is such a file. */
function attachDurations(path: string, stream: AzureStream, files: string[]): AzureStream {
  const match = /v1\.(train|dev|test)\.txt(?:\.gz)?$/.exec(basename(path));
  const partner = match && siblingFile(path, `${match[1]}.c${stream.endSeconds}`);
  if (!partner) return stream;
  files.push(partner);
  return { ...stream, durationBin: parseDurations(partner, readTextFile(partner), stream) };
}

/** @throws OcxError INPUT_AZURE with line and column */
export function parseFlavours(path: string, text: string): AzureStream {
  const indexByCode = new Int8Array(128).fill(-1);
  FLAVOURS.forEach((flavour, index) => (indexByCode[flavour.letter.charCodeAt(0)] = index));
  const seconds: number[] = [];
  const starts: number[] = [];
  const flavours: number[] = [];
  const scanner = new TokenScanner(path, text);
  let startSeconds = -1;
  while (scanner.nextLine()) {
    if (startSeconds < 0) startSeconds = scanner.seconds;
    while (scanner.nextToken()) {
      const flavour = scanner.digits === 0 ? (indexByCode[scanner.code] ?? -1) : -1;
      if (flavour < 0) throw scanner.refusal('there is no such flavour');
      if (scanner.placeInBatch === 0) {
        seconds.push(scanner.seconds);
        starts.push(flavours.length);
      }
      flavours.push(flavour);
    }
  }
  if (flavours.length === 0) throw scanner.refusal('there is no machine in it');
  starts.push(flavours.length);
  return {
    batchSeconds: Float64Array.from(seconds),
    batchStart: Uint32Array.from(starts),
    flavour: Uint8Array.from(flavours),
    durationBin: new Int16Array(flavours.length).fill(-1),
    startSeconds,
    endSeconds: scanner.seconds + BIN_SECONDS,
  };
}

/** @throws OcxError INPUT_AZURE where the file does not belong to the stream */
export function parseDurations(path: string, text: string, stream: AzureStream): Int16Array {
  const durations = new Int16Array(stream.flavour.length);
  const scanner = new TokenScanner(path, text);
  let at = 0;
  let batch = -1;
  while (scanner.nextLine()) {
    while (scanner.nextToken()) {
      if (scanner.placeInBatch === 0) batch += 1;
      if (
        stream.batchSeconds[batch] !== scanner.seconds ||
        at !== stream.batchStart[batch]! + scanner.placeInBatch ||
        at >= stream.batchStart[batch + 1]!
      ) {
        throw scanner.refusal('it has other machines than the file of flavours');
      }
      const ended = scanner.code === UPPER_U;
      const legible = (ended || scanner.code === UPPER_C) && scanner.digits > 0;
      if (!legible || scanner.value >= BINS) throw scanner.refusal('this is no duration');
      durations[at++] = ended ? scanner.value : RUNNING + scanner.value;
    }
  }
  if (at === durations.length) return durations;
  throw scanner.refusal(`it has ${at} machines, the flavours have ${durations.length}`);
}

const COMMA = 44;
const BAR = 124;
const UPPER_C = 67;
const UPPER_U = 85;

/** Walks over `seconds token,token,|,…` lines; a token is one character and digits. */
class TokenScanner {
  readonly #path: string;
  readonly #text: string;
  #at = 0;
  #line = 0;
  #lineStart = 0;
  #lineEnd = -1;
  #inBatch = 0;
  #tokenAt = 0;
  seconds = -BIN_SECONDS;
  /** Of the token: its first character, how many digits follow and their value. */
  code = 0;
  digits = 0;
  value = 0;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** How many machines of its batch stand before the token. */
  get placeInBatch(): number {
    return this.#inBatch - 1;
  }

  refusal(message: string): OcxError {
    return new OcxError({
      code: 'INPUT_AZURE',
      message: `not a processed Azure stream: ${message}`,
      place: {
        file: this.#path,
        line: Math.max(1, this.#line),
        column: this.#tokenAt - this.#lineStart + 1,
      },
      remedy: 'check that this is the right file and complete',
    });
  }

  nextLine(): boolean {
    const text = this.#text;
    for (;;) {
      if (this.#inBatch > 0) throw this.refusal('the last batch of the line is not closed');
      const start = this.#lineEnd + 1;
      if (start >= text.length) return false;
      const found = text.indexOf('\n', start);
      this.#lineEnd = found < 0 ? text.length : found;
      this.#line += 1;
      this.#lineStart = this.#tokenAt = start;
      if (text.slice(start, Math.min(this.#lineEnd, start + 2)).trim() === '') continue;
      const match = /^(\d{1,10}) /.exec(text.slice(start, Math.min(this.#lineEnd, start + 12)));
      const seconds = match === null ? NaN : Number(match[1]);
      if (Number.isNaN(seconds) || seconds % BIN_SECONDS !== 0) {
        throw this.refusal('a line does not start with a multiple of 300 seconds');
      }
      if (seconds <= this.seconds) throw this.refusal('times do not ascend');
      this.seconds = seconds;
      this.#at = start + match![0].length;
      return true;
    }
  }

  /** The next machine of the line; batch ends are passed over. */
  nextToken(): boolean {
    const text = this.#text;
    for (;;) {
      if (this.#at >= this.#lineEnd) return false;
      this.#tokenAt = this.#at;
      const code = text.charCodeAt(this.#at++);
      if (code === COMMA || code === 13 || code === 32) continue;
      if (code === BAR) {
        if (this.#inBatch === 0) throw this.refusal('a batch is empty');
        this.#inBatch = 0;
        continue;
      }
      this.code = code;
      this.#readDigits();
      this.#inBatch += 1;
      return true;
    }
  }

  #readDigits(): void {
    const text = this.#text;
    const from = this.#at;
    let value = 0;
    let code = text.charCodeAt(this.#at);
    while (code >= 48 && code <= 57 && this.#at - from < 9) {
      value = value * 10 + (code - 48);
      code = text.charCodeAt(++this.#at);
    }
    this.digits = this.#at - from;
    this.value = value;
    const ended = this.#at >= this.#lineEnd || code === COMMA || code === 13 || code === 32;
    if (!ended) throw this.refusal('a machine is neither a letter nor a duration');
  }
}

function joined(a: AzureStream, b: AzureStream): AzureStream {
  const batches = a.batchSeconds.length;
  const machines = a.flavour.length;
  const batchSeconds = new Float64Array(batches + b.batchSeconds.length);
  const batchStart = new Uint32Array(batches + b.batchStart.length);
  const flavour = new Uint8Array(machines + b.flavour.length);
  const durationBin = new Int16Array(machines + b.flavour.length);
  batchSeconds.set(a.batchSeconds);
  batchSeconds.set(b.batchSeconds, batches);
  batchStart.set(a.batchStart);
  b.batchStart.forEach((start, index) => (batchStart[batches + index] = start + machines));
  flavour.set(a.flavour);
  flavour.set(b.flavour, machines);
  durationBin.set(a.durationBin);
  durationBin.set(b.durationBin, machines);
  const { startSeconds } = a;
  return { batchSeconds, batchStart, flavour, durationBin, startSeconds, endSeconds: b.endSeconds };
}

function survivalCurves(stream: AzureStream): { byFlavour: number[][]; pooled: number[] } {
  const counts = () => ({ deaths: new Float64Array(BINS), running: new Float64Array(BINS) });
  const all = counts();
  const byFlavour = FLAVOURS.map(counts);
  for (let i = 0; i < stream.flavour.length; i++) {
    const bin = stream.durationBin[i]!;
    if (bin < 0) continue;
    const own = byFlavour[stream.flavour[i]!]!;
    for (const count of [all, own]) {
      if (bin >= RUNNING) count.running[bin - RUNNING]! += 1;
      else count.deaths[bin]! += 1;
    }
  }
  const pooled = kaplanMeier(all.deaths, all.running);
  return {
    pooled,
    byFlavour: byFlavour.map(({ deaths, running }) => {
      const machines = deaths.reduce((a, b) => a + b, 0) + running.reduce((a, b) => a + b, 0);
      return machines < MINIMUM_MACHINES ? pooled : kaplanMeier(deaths, running);
    }),
  };
}

/**
 * Stationary description of a trace's arrivals and lifetimes.
 *
 * @param tailMeanDays mean of what is left to live after 3.5 days; left out: what makes the mean
 * lifetime that of the whole Azure V1 trace
 */
export function azureRates(trace: AzureTrace, tailMeanDays: number | undefined): CloudRates {
  const { stream } = trace;
  const counts = new Array<number>(FLAVOURS.length).fill(0);
  for (const flavour of stream.flavour) counts[flavour]! += 1;
  const tail =
    tailMeanDays === undefined
      ? tailMeanFor(trace.pooled, AZURE_MEAN_LIFETIME_HOURS * 3_600)
      : tailMeanDays * 86_400;
  return {
    machinesPerSecond: stream.flavour.length / (stream.endSeconds - stream.startSeconds),
    flavourShares: counts.map((count) => count / stream.flavour.length),
    lifetimes: trace.survival.map((survival) => new Lifetimes(survival, tail)),
  };
}
