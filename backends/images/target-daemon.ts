/**
 * One tgtd at one address: started where it is missing, told by tgtadm what to serve. Targets are
 * found by what `tgtadm --op show` prints (tgtadm(8)); their numbers mean nothing outside of it.
 */
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OcxError } from '../../core/kernel/errors.ts';
import type { DiskAddress } from './protocol.ts';
import { commandLines, endProcesses, processesWith, runTool } from './tools.ts';

/** As tgtd prints a target. */
interface ShownTarget {
  readonly number: number;
  readonly name: string;
  /** The file behind its first disk; null where it has none. */
  readonly file: string | null;
  /** A user may log in and an initiator is admitted. */
  readonly isComplete: boolean;
}

const CONTROL_PORT = 0;
/** Nothing is served any more: what is killed after that loses nothing. */
const STOP_MS = 1_000;
const ANSWER_TRIES = 100;
const ANSWER_PAUSE_MS = 50;
const SUFFIX = '.tgtd.pid';

export class TargetDaemon {
  readonly #runFolder: string;
  readonly #host: string;
  readonly #port: number;

  constructor(runFolder: string, host: string, port: number) {
    this.#runFolder = runFolder;
    this.#host = host;
    this.#port = port;
  }

  /** Addresses at which a daemon of this store runs. */
  static async hosts(runFolder: string): Promise<string[]> {
    const prefix = join(runFolder, '/');
    const files = (await commandLines()).flatMap(({ words }) =>
      words.filter((word) => word.startsWith(prefix) && word.endsWith(SUFFIX)),
    );
    return [...new Set(files)].map((file) => file.slice(prefix.length, -SUFFIX.length));
  }

  async start(signal: AbortSignal): Promise<void> {
    if ((await this.#pids()).length === 0) {
      const portal = `portal=${this.#host}:${this.#port}`;
      const control = ['-C', String(CONTROL_PORT), '--pid-file', this.#pidFile()];
      await runTool(['tgtd', ...control, '--iscsi', portal], signal, this.#environment());
    }
    for (let tries = 0; ; tries++) {
      const answered = await this.#targets(signal).then(
        () => null,
        (error: Error) => error,
      );
      if (answered === null) return;
      if (tries === ANSWER_TRIES) throw answered;
      await sleep(ANSWER_PAUSE_MS, undefined, { signal });
    }
  }

  /** Begins a command that sees the same mounts as the daemon; nothing where we see them ourselves. */
  async inItsMounts(): Promise<string[]> {
    const [pid] = await this.#pids();
    if (pid === undefined) return [];
    const namespace = (of: string) => readlink(`/proc/${of}/ns/mnt`);
    if ((await namespace(String(pid))) === (await namespace('self'))) return [];
    return ['nsenter', `--mount=/proc/${pid}/ns/mnt`];
  }

  async serves(target: string, signal: AbortSignal): Promise<boolean> {
    if ((await this.#pids()).length === 0) return false;
    const targets = await this.#targets(signal);
    return targets.some(({ name, file, isComplete }) => name === target && file && isComplete);
  }

  async add(
    file: string,
    address: DiskAddress & { readonly method: 'iscsi' },
    signal: AbortSignal,
  ): Promise<void> {
    const { target, user, secret, initiator } = address;
    await this.remove(target, user, signal);
    const numbers = (await this.#targets(signal)).map(({ number }) => number);
    const tid = String(Math.max(0, ...numbers) + 1);
    const tell = (...words: string[]) => this.#tell(words, signal);
    await tell('--op', 'new', '--mode', 'target', '--tid', tid, '-T', target);
    await tell('--op', 'new', '--mode', 'logicalunit', '--tid', tid, '--lun', '1', '-b', file);
    await tell('--op', 'new', '--mode', 'account', '--user', user, '--password', secret);
    await tell('--op', 'bind', '--mode', 'account', '--tid', tid, '--user', user);
    await tell('--op', 'bind', '--mode', 'target', '--tid', tid, '-Q', initiator);
  }

  /** Cuts who is logged in, and takes the target and the user away; fine where they are not there. */
  async remove(target: string, user: string | null, signal: AbortSignal): Promise<void> {
    if ((await this.#pids()).length === 0) return;
    for (const { name, number } of await this.#targets(signal)) {
      if (name !== target) continue;
      const tid = String(number);
      await this.#tell(['--op', 'delete', '--mode', 'target', '--tid', tid, '--force'], signal);
    }
    if (user !== null && (await this.#users(signal)).includes(user)) {
      await this.#tell(['--op', 'delete', '--mode', 'account', '--user', user], signal);
    }
    if ((await this.#targets(signal)).some(({ name }) => name === target)) {
      throw new OcxError({ code: 'DEVICE_STILL_SERVED', message: 'the disk’s target stays' });
    }
  }

  async removeFile(file: string, signal: AbortSignal): Promise<void> {
    for (const target of await this.#targets(signal)) {
      if (target.file === file) await this.remove(target.name, null, signal);
    }
  }

  /** Ends it where it has nothing to serve any more. */
  async stopIfIdle(signal: AbortSignal): Promise<void> {
    if ((await this.#targets(signal)).length > 0) return;
    await this.#tell(['--op', 'delete', '--mode', 'system'], signal);
    // It may take its time, and another one must not start beside it.
    await endProcesses(this.#pidFile(), STOP_MS);
  }

  /** Files that are served. */
  async files(signal: AbortSignal): Promise<string[]> {
    return (await this.#targets(signal)).flatMap(({ file }) => file ?? []);
  }

  async #targets(signal: AbortSignal): Promise<ShownTarget[]> {
    const { stdout } = await this.#tell(['--op', 'show', '--mode', 'target'], signal);
    return readTargets(stdout);
  }

  async #users(signal: AbortSignal): Promise<string[]> {
    const { stdout } = await this.#tell(['--op', 'show', '--mode', 'account'], signal);
    return stdout.split('\n').map((line) => line.trim());
  }

  #tell(words: readonly string[], signal: AbortSignal) {
    const control = ['-C', String(CONTROL_PORT), '--lld', 'iscsi'];
    return runTool(['tgtadm', ...control, ...words], signal, this.#environment());
  }

  #environment(): Record<string, string> {
    return { TGT_IPC_SOCKET: join(this.#runFolder, `${this.#host}.tgtd`) };
  }

  #pids(): Promise<number[]> {
    return processesWith(this.#pidFile());
  }

  #pidFile(): string {
    return join(this.#runFolder, this.#host + SUFFIX);
  }
}

/** What `tgtadm --op show --mode target` prints. */
export function readTargets(text: string): ShownTarget[] {
  return text.split(/^(?=Target [0-9]+: )/m).flatMap((part) => {
    const head = /^Target ([0-9]+): (\S+)$/m.exec(part);
    if (!head) return [];
    const file = /^ {12}Backing store path: (\/.*)$/m.exec(part)?.[1] ?? null;
    const isComplete =
      /^ {4}Account information:\n {8}\S/m.test(part) &&
      /^ {4}ACL information:\n {8}\S/m.test(part);
    return [{ number: Number(head[1]), name: head[2]!, file, isComplete }];
  });
}
