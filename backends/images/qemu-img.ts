/**
 * qemu-img, held short: it never guesses a format, gets little memory and time, and sees a file only
 * after `image-check.ts` has looked at it.
 */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OcxError } from '../../core/kernel/errors.ts';
import { runTool } from './tools.ts';

const MEMORY_BYTES = 2_147_483_648;
const PROCESSOR_SECONDS = 3_600;

/** A fast key derivation: keys are random bytes, which no dictionary has. */
const DERIVATION_MS = 10;

/**
 * What qemu-img says where it could not tell how fast it derives keys, because the clock of CPU time
 * has stood still meanwhile, as it may in a virtual machine. It has written nothing by then.
 */
const UNTIMED = /Unable to get accurate CPU usage/;
const MOST_TRIES = 5;

/** Makes an empty qcow2 file that stands on the raw one. */
export async function createOverlay(file: string, base: string, signal: AbortSignal) {
  await qemuImg(['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, file], signal);
}

/** Bytes that the checked qcow2 file's content takes as a raw file with holes. */
export async function rawBytesOf(file: string, signal: AbortSignal): Promise<number> {
  const options = ['-f', 'qcow2', '-O', 'raw', '--output=json'];
  const text = await qemuImg(['measure', ...options, file], signal);
  return (JSON.parse(text) as { required: number }).required;
}

/** Writes what the checked qcow2 file shows into a new raw file. */
export async function convertToRaw(from: string, to: string, signal: AbortSignal): Promise<void> {
  const options = ['-q', '-f', 'qcow2', '-O', 'raw', '-t', 'writeback'];
  await qemuImg(['convert', ...options, from, to], signal);
}

/** Writes the raw file's content into a new LUKS file. */
export async function encryptRaw(
  from: string,
  to: string,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  await withSecrets({ key }, to, async (secrets) => {
    const options = ['-o', `key-secret=key,iter-time=${DERIVATION_MS}`, from, to];
    const words = ['convert', '-q', '-f', 'raw', '-O', 'luks', ...secrets, ...options];
    await derivingQemuImg(words, signal);
  });
}

/** Lets `to` open the LUKS volume in the qcow2 file instead of `from`. */
export async function changeKey(
  file: string,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const opened = (secret: string) => [
    '--image-opts',
    `driver=luks,key-secret=${secret},file.driver=qcow2,file.file.filename=${file}`,
  ];
  await withSecrets({ from, to }, file, async (secrets) => {
    const added = `state=active,new-secret=to,iter-time=${DERIVATION_MS}`;
    await derivingQemuImg(['amend', ...secrets, ...opened('from'), '-o', added], signal);
    const removed = 'state=inactive,old-secret=from';
    await qemuImg(['amend', ...secrets, ...opened('to'), '-o', removed], signal);
  });
}

/** Secrets go by files: everybody may read a command line. */
async function withSecrets(
  secrets: Readonly<Record<string, string>>,
  beside: string,
  use: (options: readonly string[]) => Promise<void>,
): Promise<void> {
  const files: string[] = [];
  try {
    const options: string[] = [];
    for (const [id, secret] of Object.entries(secrets)) {
      const file = join(beside, '..', `.secret-${randomUUID()}`);
      files.push(file);
      await writeFile(file, secret, { mode: 0o600, flag: 'wx' });
      options.push('--object', `secret,id=${id},file=${file}`);
    }
    await use(options);
  } finally {
    for (const file of files) await rm(file, { force: true });
  }
}

/** For what derives a key. */
async function derivingQemuImg(words: readonly string[], signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await qemuImg(words, signal);
      return;
    } catch (error) {
      const isUntimed = error instanceof OcxError && UNTIMED.test(error.message);
      if (!isUntimed || tries === MOST_TRIES) throw error;
    }
  }
}

async function qemuImg(words: readonly string[], signal: AbortSignal): Promise<string> {
  const limits = [`--as=${MEMORY_BYTES}`, `--cpu=${PROCESSOR_SECONDS}`, '--core=0'];
  return (await runTool(['prlimit', ...limits, 'qemu-img', ...words], signal)).stdout;
}
