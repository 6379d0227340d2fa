/**
 * Two processes that both believe to be in charge, and devices that keep no tokens: the first is
 * stopped inside a call of its driver, the second takes over, the first goes on.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { A, TENANT, smallSite, terms } from '../allocator/site.ts';
import { readAll } from '../contract/store-contract.ts';
import type { ChildMessage, ParentMessage } from './support/child.ts';

type EffectMessage = Extract<ChildMessage, { kind: 'effect' }>;

const STOPPED_MS = 60_000;
const CHILD = new URL('./support/child.ts', import.meta.url);

/** Hardware without tokens: whoever speaks to it is obeyed. */
class Forgetful extends EmulatedDevices {
  override obey(...call: Parameters<EmulatedDevices['obey']>) {
    this.node(call[0].nodeId).fencingToken = 0;
    return super.obey(...call);
  }
}

/** One of the processes. */
class Controller {
  readonly child: ChildProcess;
  readonly told: ChildMessage[] = [];
  /** Decides whether a call is held instead of being carried out. */
  isHeld: (message: EffectMessage) => boolean = () => false;
  readonly held: EffectMessage[] = [];
  readonly #devices: EmulatedDevices;

  constructor(t: ExecutionContext, devices: EmulatedDevices) {
    this.#devices = devices;
    this.child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    t.teardown(() => this.child.kill('SIGKILL'));
    this.child.on('message', (message: ChildMessage) => {
      this.told.push(message);
      if (message.kind !== 'effect') return;
      if (this.isHeld(message)) this.held.push(message);
      else this.carryOut(message);
    });
  }

  send(message: ParentMessage): void {
    this.child.send(message, () => {});
  }

  carryOut({ call, effect, ports }: EffectMessage): void {
    this.send({ kind: 'outcome', call, outcome: this.#devices.obey(effect, ports) });
  }

  async start(path: string): Promise<void> {
    await this.until((message) => message.kind === 'loaded');
    const configuration = smallSite({ retryBaseMs: 50, retryMaximumMs: 500 });
    this.send({ kind: 'start', path, configuration, plant: 'none', isFenced: true });
    await this.until((message) => message.kind === 'ready');
  }

  async ask(from: typeof A, commandId: string, command: { kind: string }): Promise<void> {
    this.send({ kind: 'request', request: { from, commandId, command } });
    await this.until((message) => message.kind === 'reply' && message.commandId === commandId);
  }

  async until(isIt: (message: ChildMessage) => boolean): Promise<void> {
    await eventually(() => this.told.some(isIt));
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`it never holds: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function lease(leaseId: string, nodeId: string) {
  const startMs = Date.now();
  const window = { startMs, endMs: startMs + DAY_MS, securityLevel: 'none' as const };
  return { kind: 'LeaseCreate', terms: terms({ leaseId, nodeIds: [nodeId], ...window }) };
}

test('a write of a leader that was stopped and comes back does not survive the read-back', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocx-fence-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'store.db');
  const devices = new Forgetful();
  const port = (nodeId: string) => devices.node(nodeId).ports.get(`switch-0 ${nodeId}-0`) ?? [];

  const old = new Controller(t, devices);
  old.isHeld = ({ effect }) => effect.kind === 'ConfigurePort' && effect.attachments.length > 0;
  await old.start(path);
  await old.ask(A, 'c1', lease('l1', 'a1'));
  await old.ask(A, 'c2', lease('l2', 'a2'));
  // One call is with the switch; the other node's waits behind it in the lane.
  await eventually(() => old.held.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.is(old.held.length, 1);
  old.child.kill('SIGSTOP');
  const asked = old.told.length;

  const next = new Controller(t, devices);
  await next.start(path);
  await eventually(() => port('a1').length === 1 && port('a2').length === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await next.ask(TENANT, 'c3', { kind: 'LeaseReturn', ...{ leaseId: 'l1', nodeIds: null } });
  await next.ask(TENANT, 'c4', { kind: 'LeaseReturn', ...{ leaseId: 'l2', nodeIds: null } });
  await eventually(() => port('a1').length === 0 && port('a2').length === 0);
  await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));

  // What the switch had from the old one lands now, on the port of a node that is free.
  const [late] = old.held;
  old.isHeld = () => false;
  old.child.kill('SIGCONT');
  old.carryOut(late!);
  const nodeId = late!.effect.nodeId;
  t.is(port(nodeId).length, 1, 'the stale write has landed');
  await eventually(() => port(nodeId).length === 0);
  await old.until((message) => message.kind === 'failed' && message.code === 'CONFLICT_EPOCH');
  const after = old.told.slice(asked).filter((message) => message.kind === 'effect');
  const writes = after.filter(({ effect }) => effect.kind !== 'ObserveNode');
  t.deepEqual(writes, [], 'what waited behind it was never begun');

  const store = openSqliteStore(path);
  const kinds = (await readAll(store)).map(({ event }) => event.kind);
  t.true(kinds.includes('NodeObserved'), 'the drift stands in the journal');
  await store.close();
  const exited = once(next.child, 'exit');
  next.child.kill('SIGKILL');
  await exited;
});
