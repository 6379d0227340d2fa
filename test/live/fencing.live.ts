/**
 * Two processes that both believe to be in charge, and devices that keep no tokens: the first is
 * stopped inside a call of its driver, the second takes over, the first goes on.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EmulatedDevices } from '../../backends/devices/emulated.ts';
import { openSqliteStore } from '../../backends/store/sqlite.ts';
import { DAY_MS } from '../../core/kernel/units.ts';
import { A, TENANT, terms } from '../allocator/site.ts';
import { readAll } from '../contract/store-contract.ts';
import { Controller } from './support/controller.ts';
import { eventually } from './support/wires.ts';

const STOPPED_MS = 60_000;

/** Hardware without tokens: whoever speaks to it is obeyed. */
class Forgetful extends EmulatedDevices {
  override obey(...call: Parameters<EmulatedDevices['obey']>) {
    this.node(call[0].nodeId).fencingToken = 0;
    return super.obey(...call);
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
