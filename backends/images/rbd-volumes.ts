/**
 * Volumes in Ceph RBD, by its command line (rbd(8)). NEVER RUN ON A CLUSTER: the commands are those
 * of the manual, and tests hold them against a scripted `rbd`. Images and disks have names that are
 * made of digests; a protected snapshot of the golden image keeps what was sealed.
 */
import { OcxError } from '../../core/kernel/errors.ts';
import { runTool } from './tools.ts';
import type { GoldenImage, Volumes, VolumeName } from './volumes.ts';

export interface RbdOptions {
  readonly pool: string;
  /** Without `client.`. */
  readonly user: string;
  readonly configurationFile: string;
}

/** Snapshot of a golden image that nobody writes after. */
const SEAL = 'sealed';

/** `rbd` ends with the number of the error: ENOENT. */
const NOT_THERE = /ended with 2:/;

interface RbdInfo {
  readonly id: string;
}

export class RbdVolumes implements Volumes {
  readonly encrypts = false;
  readonly #options: RbdOptions;

  constructor(options: RbdOptions) {
    this.#options = options;
  }

  async seal({ name }: VolumeName, file: string, signal: AbortSignal): Promise<string> {
    const image = this.#image(name);
    // What an import that did not end has left is no image.
    await this.#removeAll(image, signal);
    await this.#rbd(['import', '--image-format', '2', '--no-progress', file, image], signal);
    await this.#rbd(['snap', 'create', `${image}@${SEAL}`], signal);
    await this.#rbd(['snap', 'protect', `${image}@${SEAL}`], signal);
    return (await this.#info(image, signal))!.id;
  }

  /** The cluster gives each image an id of its own, and nobody writes a protected snapshot. */
  async isSealed({ name, seal }: GoldenImage, _: boolean, signal: AbortSignal): Promise<boolean> {
    const image = this.#image(name);
    if ((await this.#info(image, signal))?.id !== seal) return false;
    return (await this.#snapshots(image, signal)).get(SEAL) === true;
  }

  async removeImage({ name }: VolumeName, signal: AbortSignal): Promise<void> {
    await this.#removeAll(this.#image(name), signal);
  }

  async snapshot(): Promise<void> {
    // An image never changes: all its snapshots are the sealed one.
  }

  async clone(image: GoldenImage, _: string, disk: VolumeName, signal: AbortSignal): Promise<void> {
    await this.destroy(disk, signal);
    await this.#rbd(['clone', `${this.#image(image.name)}@${SEAL}`, this.#disk(disk.name)], signal);
  }

  async encrypt(): Promise<void> {
    throw new OcxError({ code: 'DEVICE_DISK_ENCRYPTION', message: 'RBD disks are not encrypted' });
  }

  async destroy({ name }: VolumeName, signal: AbortSignal): Promise<void> {
    const disk = this.#disk(name);
    if (await this.#info(disk, signal)) await this.#rbd(['rm', '--no-progress', disk], signal);
  }

  blockDevice({ name }: VolumeName): readonly string[] {
    const { pool, user, configurationFile } = this.#options;
    const cluster = `pool=${pool},user=${user},conf=${configurationFile}`;
    const disk = `driver=rbd,node-name=disk,${cluster},image=ocx-disk-${name},discard=unmap`;
    return ['--blockdev', disk];
  }

  async #removeAll(image: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#info(image, signal))) return;
    for (const [snapshot, isProtected] of await this.#snapshots(image, signal)) {
      if (isProtected) await this.#rbd(['snap', 'unprotect', `${image}@${snapshot}`], signal);
      await this.#rbd(['snap', 'rm', `${image}@${snapshot}`], signal);
    }
    await this.#rbd(['rm', '--no-progress', image], signal);
  }

  /** Null where there is nothing of that name. */
  async #info(name: string, signal: AbortSignal): Promise<RbdInfo | null> {
    try {
      return JSON.parse(await this.#rbd(['info', '--format', 'json', name], signal)) as RbdInfo;
    } catch (error) {
      if (error instanceof OcxError && NOT_THERE.test(error.message)) return null;
      throw error;
    }
  }

  /** Snapshot → whether it is protected. */
  async #snapshots(name: string, signal: AbortSignal): Promise<Map<string, boolean>> {
    const text = await this.#rbd(['snap', 'ls', '--format', 'json', name], signal);
    const list = JSON.parse(text) as { name: string; protected: string | boolean }[];
    return new Map(list.map((snap) => [snap.name, String(snap.protected) === 'true']));
  }

  async #rbd(words: readonly string[], signal: AbortSignal): Promise<string> {
    const { user, configurationFile } = this.#options;
    const cluster = ['--conf', configurationFile, '--id', user];
    return (await runTool(['rbd', ...cluster, ...words], signal)).stdout;
  }

  #image(name: string): string {
    return `${this.#options.pool}/ocx-image-${name}`;
  }

  #disk(name: string): string {
    return `${this.#options.pool}/ocx-disk-${name}`;
  }
}
