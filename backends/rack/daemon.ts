/**
 * Long-running programs of a rack. Each carries the rack's id in its environment, and so do its
 * children; and whatever runs in one of the rack's namespaces is the rack's too, such as the servers
 * of a tenant's disks, which outlive their service. So they can be found, and only they, whatever became
 * of the process that started them.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalTo } from '../processes/signal.ts';

const MARK = 'OCX_RACK';
const NAMESPACES = '/run/netns';
const POLL_MS = 50;
const POLITE_MS = 3_000;
const FORCED_MS = 5_000;

export interface DaemonOptions {
  readonly rackId: string;
  /** Network namespace; none: the machine's own. */
  readonly namespace?: string;
  readonly log: string;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export function markedEnvironment(rackId: string): Readonly<Record<string, string>> {
  return { [MARK]: rackId };
}

/**
 * The command as it runs in a network namespace. Not `ip netns exec`: that has mounts of its own,
 * and a program in it does not see those that are made later.
 */
export function inNamespace(namespace: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...command];
}

/** Starts a program that outlives this process; its process id. */
export function startDaemon(command: readonly string[], options: DaemonOptions): number {
  const { rackId, namespace, log, folder, environment } = options;
  const [name, ...parameters] = namespace ? inNamespace(namespace, command) : command;
  const output = openSync(log, 'a');
  try {
    const child = spawn(name!, parameters, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment, ...markedEnvironment(rackId) },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    // Whoever waits for what the program does will notice; the log says why.
    child.on('error', () => undefined);
    child.unref();
    return child.pid ?? 0;
  } finally {
    closeSync(output);
  }
}

/** Names of the network namespaces that a rack has. */
export function namespacesOf(rackId: string): readonly string[] {
  if (!existsSync(NAMESPACES)) return [];
  return readdirSync(NAMESPACES).filter((name) => name.startsWith(`${rackId}-`));
}

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes that carry the rack's mark, or live in its namespaces; never this one. */
export function findDaemons(rackId: string): readonly FoundProcess[] {
  const mark = `${MARK}=${rackId}`;
  const namespaces = namespaceLinks(rackId);
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    const isMarked = readProcess(name, 'environ').split('\0').includes(mark);
    if (!isMarked && !namespaces.has(namespaceOf(name))) return [];
    return [
      { pid: Number(name), command: readProcess(name, 'cmdline').replaceAll('\0', ' ').trim() },
    ];
  });
}

/** The rack's network namespaces, as /proc names them. */
function namespaceLinks(rackId: string): ReadonlySet<string> {
  return new Set(
    namespacesOf(rackId).flatMap((name) => {
      const state = statSync(join(NAMESPACES, name), { throwIfNoEntry: false });
      return state ? [`net:[${state.ino}]`] : [];
    }),
  );
}

/** Empty where the process is gone, or not ours to look at. */
function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

/** Empty where the process is gone, or not ours to read. */
function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Running, and no corpse that its parent has not fetched. */
export function isRunning(pid: number): boolean {
  const state = /\) (\w)/.exec(readProcess(String(pid), 'stat'))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Ends all of them, politely first. Those that are left in the end. */
export async function endDaemons(rackId: string): Promise<readonly FoundProcess[]> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', POLITE_MS],
    ['SIGKILL', FORCED_MS],
  ] as const) {
    const endMs = Date.now() + patienceMs;
    for (const { pid } of findDaemons(rackId)) signalTo(pid, signal);
    while (Date.now() < endMs) {
      if (livingDaemons(rackId).length === 0) return [];
      await sleep(POLL_MS);
    }
  }
  return livingDaemons(rackId);
}

function livingDaemons(rackId: string): readonly FoundProcess[] {
  return findDaemons(rackId).filter(({ pid }) => isRunning(pid));
}

/** Whether `isDone` became true in time. */
export async function waitUntil(isDone: () => boolean, timeoutMs: number): Promise<boolean> {
  const endMs = Date.now() + timeoutMs;
  while (!isDone()) {
    if (Date.now() > endMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}
