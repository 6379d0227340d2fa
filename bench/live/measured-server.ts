/** The measured service's process, as the benchmark sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerReady, ServerStart } from './server.ts';

export interface MeasuredServer extends ServerReady {
  readonly child: ChildProcess;
}

export async function start(request: ServerStart): Promise<MeasuredServer> {
  const child = fork(new URL('./server.ts', import.meta.url));
  child.send(request);
  const [ready] = (await once(child, 'message')) as [ServerReady];
  return { ...ready, child };
}

export async function end({ child }: MeasuredServer): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** CPU microseconds that the service has used so far. */
export async function cpuMicroseconds({ child }: MeasuredServer): Promise<number> {
  child.send('cpu');
  return ((await once(child, 'message')) as [number])[0];
}

/** Most memory that the service has had resident so far, in megabytes. */
export function peakMegabytes({ child }: MeasuredServer): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1_000;
}
