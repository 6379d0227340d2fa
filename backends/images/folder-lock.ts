/**
 * One process at a time for a store's folder. The lock names a process by its id and start time, so
 * that one that was killed holds nothing, also where its id was given to another process.
 */
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { OcxError } from '../../core/kernel/errors.ts';

const TAKE_TRIES = 5;

export class FolderLock {
  readonly #file: string;
  #held = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws RESOURCE_STORE_BUSY where a living process has it */
  async take(): Promise<void> {
    const own = `${this.#file}.${process.pid}`;
    await writeFile(own, identity(process.pid) ?? '', { mode: 0o600 });
    try {
      for (let tries = 0; tries < TAKE_TRIES; tries++) {
        // A link is made for one process only.
        const taken = await link(own, this.#file).then(
          () => true,
          () => false,
        );
        if (taken) {
          this.#held = true;
          return;
        }
        await this.#clearDead();
      }
    } finally {
      await rm(own, { force: true });
    }
    throw this.#busy();
  }

  requireHeld(): void {
    if (!this.#held) throw this.#busy();
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await rm(this.#file, { force: true });
  }

  async #clearDead(): Promise<void> {
    const holder = await readFile(this.#file, 'utf8').catch(() => null);
    if (holder === null) return;
    const pid = Number(holder.split(' ')[0]);
    if (pid !== process.pid && identity(pid) === holder) throw this.#busy();
    const away = `${this.#file}.dead.${process.pid}`;
    await rename(this.#file, away).catch(() => {});
    // Another process may have been quicker: what it has taken is given back to it.
    const moved = await readFile(away, 'utf8').catch(() => holder);
    if (moved !== holder) await link(away, this.#file).catch(() => {});
    await rm(away, { force: true });
  }

  #busy(): OcxError {
    return new OcxError({
      code: 'RESOURCE_STORE_BUSY',
      message: 'another process works on this folder of images',
      place: { file: this.#file },
      remedy: 'end it first, or give each service a folder of its own',
    });
  }
}

/** Process id and start time, `/proc/PID/stat` field 22; null where there is no such process. */
function identity(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return `${pid} ${fields[19]}`;
  } catch {
    return null;
  }
}
