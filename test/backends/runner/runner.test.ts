import test from 'ava';
import { liveIsolation } from '../../../backends/runner/isolation.ts';
import { recover } from '../../../backends/runner/recovery.ts';
import { WAITING_MAXIMUM } from '../../../backends/runner/runner.ts';
import { openSqliteStore } from '../../../backends/store/sqlite.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import { genesis } from '../../../core/kernel/genesis.ts';
import { journalWriter } from '../../../core/kernel/journal.ts';
import { ok } from '../../../core/kernel/service.ts';
import type { Outcome, ServiceEffect, ServiceEvent } from '../../../core/kernel/service.ts';
import { A, ADMIN, NO_EFFECT, TENANT } from '../../allocator/site.ts';
import { readAll, sha256 } from '../../contract/store-contract.ts';
import { ask, begunLease, LiveSite, rest, START } from './live-site.ts';

test('a lease runs from its command over timers and devices to the enclave and back to free', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  const { refusal } = await runner.submit(ask('c1', A, begunLease()));
  t.is(refusal, null);
  site.clock.set(START + 1);
  await rest();
  const node = () => runner.state.nodes.get('a1')!;
  t.is(node().state, 'airlock');
  const at = { leaseId: 'lease-1', nodeId: 'a1' };
  await runner.submit(ask('c2', TENANT, { kind: 'EnclaveJoin', ...at }));
  await rest();
  t.is(node().state, 'allocated');
  t.is(site.devices.node('a1').ports.get('switch-0 a1-0')!.length, 1);
  await runner.submit(
    ask('c3', TENANT, { kind: 'LeaseReturn', ...{ leaseId: 'lease-1', nodeIds: null } }),
  );
  await rest();
  t.is(node().state, 'free');
  t.is(runner.state.leases.size, 0);
  t.deepEqual(site.failures, []);
});

test('the next process has the same state, timers and outbox, and a higher epoch', async (t) => {
  const site = new LiveSite(t);
  const first = await site.start();
  await first.submit(ask('c1', A, begunLease()));
  site.clock.set(START + 1);
  await rest();
  await first.stop();
  const second = await site.start();
  t.is(canonicalJson(second.state), canonicalJson(first.state));
  t.is(second.replayed, first.counts.events);
  t.is(second.epoch, first.epoch + 1);
  site.clock.set(6_000_000);
  await rest();
  t.is(second.state.leases.size, 0, 'the timer of the lease’s end has survived');
  const messages = await site.store().messages('isolation', { after: 0, limit: 99, to: TENANT });
  const kinds = messages.map(({ body }) => (body as { kind: string }).kind);
  t.deepEqual(kinds.slice(0, 2), ['LeaseStarted', 'NodeInAirlock']);
  t.is(kinds.at(-1), 'LeaseEnded');
});

test('a request sent again gets the same answer, now and after a restart, and is done once', async (t) => {
  const site = new LiveSite(t);
  const first = await site.start();
  const request = ask('c1', A, begunLease());
  const answers = await Promise.all([first.submit(request), first.submit(request)]);
  answers.push(await first.submit(request));
  const other = ask('c1', A, begunLease('lease-2'));
  await t.throwsAsync(first.submit(other), { code: 'CONFLICT_IDEMPOTENCY_KEY' });
  await first.stop();
  const second = await site.start();
  answers.push(await second.submit(request));
  await t.throwsAsync(second.submit(other), { code: 'CONFLICT_IDEMPOTENCY_KEY' });
  for (const answer of answers) t.deepEqual(answer, answers[0]);
  t.is(answers[0]!.refusal, null);
  const records = await readAll(site.store());
  t.is(records.filter(({ event }) => event.kind === 'LeaseCreate').length, 1);
});

test('a refusal is an answer like any other, and is kept', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  const request = ask('c1', TENANT, begunLease());
  t.is((await runner.submit(request)).refusal?.code, 'DENIED_AUTHORIZATION');
  t.is((await runner.submit(request)).refusal?.code, 'DENIED_AUTHORIZATION');
  t.is(runner.counts.events, 1);
});

test('of many that want one node at once, exactly one gets it', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      runner.submit(ask(`c${index}`, A, begunLease(`lease-${index}`))),
    ),
  );
  t.is(answers.filter(({ refusal }) => refusal === null).length, 1);
});

test('a throw of the reducer goes to the dead letters, and the process stops before it', async (t) => {
  const site = new LiveSite(t);
  const { service } = liveIsolation;
  site.live = {
    ...liveIsolation,
    service: {
      ...service,
      step(state, event) {
        if (event.kind !== 'NodeWithdraw') return service.step(state, event);
        // As a bug does: it has changed something already.
        state.nodes.clear();
        throw new Error('a bug');
      },
    },
  };
  const runner = await site.start();
  const before = runner.submit(ask('c1', A, begunLease()));
  await rest();
  const fatal = { kind: 'NodeWithdraw', nodeId: 'a1', state: 'broken' };
  await t.throwsAsync(runner.submit(ask('c2', ADMIN, fatal)), { message: 'a bug' });
  t.is((await before).refusal, null, 'what was taken before is good');
  await rest();
  t.is((site.failures[0] as Error).message, 'a bug');
  t.like(site.letters[0], { event: { kind: 'NodeWithdraw', commandId: 'c2' } });
  t.false(runner.isRunning);
  await t.throwsAsync(runner.submit(ask('c3', A, begunLease())), { code: 'RESOURCE_STOPPING' });
  site.live = liveIsolation;
  const next = await site.start();
  t.is(next.state.nodes.size, 4, 'the journal does not have it');
  t.is(await site.store().reply('isolation', 'c2'), null);
});

test('who has lost the epoch answers nobody and touches no device', async (t) => {
  const site = new LiveSite(t);
  const old = await site.start();
  let confirmed: Promise<void> | null = null;
  const touched: string[] = [];
  site.carryOut = async (effect, _state, confirm) => {
    confirmed = confirm();
    await confirmed;
    touched.push(effect.effectId);
    return ok;
  };
  await old.submit(ask('c1', A, begunLease()));
  const successor = openSqliteStore(site.path);
  await successor.openWriter('isolation');
  await t.throwsAsync(old.submit(ask('c2', A, begunLease('lease-2', 'a2'))), {
    code: 'CONFLICT_EPOCH',
  });
  await rest();
  t.is((site.failures[0] as { code: string }).code, 'CONFLICT_EPOCH');
  site.clock.set(START + 10);
  await rest();
  t.deepEqual(touched, []);
  t.is((await successor.reply('isolation', 'c2')) === null, true);
  await successor.close();
});

test('after a crash what has no outcome is sent again; that nothing happens then proves nothing', async (t) => {
  const site = new LiveSite(t);
  const asked: string[] = [];
  site.carryOut = (effect) => {
    asked.push(effect.effectId);
    return new Promise(() => {});
  };
  const first = await site.start();
  await first.submit(ask('c1', A, begunLease()));
  site.clock.set(START + 1);
  await rest();
  t.true(asked.length > 0);
  await first.stop();
  const before = asked.splice(0);
  site.carryOut = async (effect): Promise<Outcome<unknown>> => {
    asked.push((effect as IsolationDeviceEffect).effectId);
    return asked.length <= before.length ? NO_EFFECT : new Promise(() => {});
  };
  const second = await site.start();
  t.deepEqual(asked, before, 'the same, and only those');
  await rest();
  t.is(second.state.nodes.get('a1')!.state, 'quarantined', 'uncertain, not without effect');
});

test('a driver that fails leaves its device uncertain', async (t) => {
  const site = new LiveSite(t);
  site.carryOut = async () => {
    throw new TypeError('a bug of the driver');
  };
  const runner = await site.start();
  await runner.submit(ask('c1', A, begunLease()));
  site.clock.set(START + 1);
  await rest();
  t.is(runner.state.nodes.get('a1')!.state, 'quarantined');
  t.true(runner.isRunning);
});

test('whatever a device answers, its node is uncertain and the service goes on', async (t) => {
  const half = String.fromCharCode(0xd800);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const answer of [
    undefined,
    null,
    { status: 'fine' },
    { status: 'ok', value: circle },
    { status: 'ok', value: 1n },
    { status: 'ok', value: { [half]: 1 } },
    { status: 'noEffect', error: null },
    { status: 'uncertain', error: { code: 'DEVICE_SAYS', message: half } },
  ]) {
    const site = new LiveSite(t);
    site.carryOut = async () => answer as never;
    const runner = await site.start();
    await runner.submit(ask('c1', A, begunLease()));
    site.clock.set(START + 1);
    await rest();
    t.is(runner.state.nodes.get('a1')!.state, 'quarantined');
    t.true(runner.isRunning);
    t.deepEqual(site.letters, []);
    await runner.stop();
    await t.notThrowsAsync(site.start());
  }
});

test('a calendar that goes back ends nothing early and turns no time back', async (t) => {
  const site = new LiveSite(t);
  const first = await site.start();
  site.clock.set(START + 5_000);
  await first.submit(ask('c1', A, begunLease()));
  site.clock.set(START - 500_000);
  await first.submit(ask('c2', A, begunLease('lease-2', 'a2')));
  await first.stop();
  const records = await readAll(site.store());
  const times = records.map(({ timeMs }) => timeMs);
  t.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  const second = await site.start();
  await second.submit(ask('c3', A, { kind: 'LeaseCancel', ...{ leaseId: 'lease-2' } }));
  t.true((await readAll(site.store())).at(-1)!.timeMs >= START + 5_000);
});

test('a journal that was changed, cut or is of another configuration is not gone on with', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  await runner.submit(ask('c1', A, begunLease()));
  await runner.stop();
  site.configuration = { ...site.configuration, nodes: [] };
  await t.throwsAsync(site.start(), { code: 'CONFLICT_CONFIGURATION' });
  site.configuration = new LiveSite(t).configuration;
  await t.notThrowsAsync(site.start());
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(site.path);
  database.exec(`UPDATE record SET text = replace(text, 'org-t', 'org-u') WHERE seq = 2`);
  database.close();
  await t.throwsAsync(site.start(), { code: 'JOURNAL_BROKEN' });
});

test('more requests than may wait are turned away, and all the others are answered', async (t) => {
  const site = new LiveSite(t);
  const runner = await site.start();
  const unknown = { kind: 'NodeDelete', nodeId: 'nowhere' };
  const sent = Array.from({ length: WAITING_MAXIMUM + 5 }, (_, index) =>
    runner.submit(ask(`c${index}`, ADMIN, unknown)),
  );
  const results = await Promise.allSettled(sent);
  const away = results.filter((result) => result.status === 'rejected');
  t.is(away.length, 5);
  for (const { reason } of away) t.is((reason as { code: string }).code, 'RESOURCE_OVERLOADED');
  t.is(runner.waiting, 0);
});

interface Counter {
  readonly sum: number;
}

/** A journal of 3,500 events that each count one more, given to a reducer that may count wrongly. */
async function recoverCounter(wrongAt: (sum: number) => number) {
  const counter = (wrong: (sum: number) => number) => ({
    ...{ name: 'counter', initial: (): Counter => ({ sum: 0 }) },
    step: ({ sum }: Counter) => ({ state: { sum: wrong(sum + 1) }, effects: [] }),
  });
  const configuration = {};
  const journal = journalWriter<Counter, ServiceEvent, ServiceEffect>(sha256);
  const right = counter((sum) => sum);
  let state = right.initial();
  const first = genesis('counter', configuration, 'test', START);
  const texts = [journal.write(first as never, [], state).text];
  for (let count = 1; count <= 3_500; count++) {
    state = right.step(state).state;
    texts.push(journal.write({ kind: 'More', timeMs: START }, [], state).text);
  }
  const head = JSON.parse(texts.at(-1)!) as { seq: number; hash: string };
  const store = {
    openWriter: async () => ({ head }),
    async *texts() {
      yield texts;
    },
  };
  return recover({ service: counter(wrongAt) } as never, {
    ...{ store: store as never, journal: 'counter', configuration, version: 'test' },
    ...{ sha256, nowMs: START },
  });
}

test('a service whose last state is another than in the journal does not go on', async (t) => {
  const { state, events } = await recoverCounter((sum) => sum);
  t.deepEqual([state, events], [{ sum: 3_500 }, 3_500]);
  const forgets = recoverCounter((sum) => (sum === 1_200 ? 1 : sum));
  await t.throwsAsync(forgets, { code: 'JOURNAL_BROKEN', message: /another state/ });
  // Wrong for a while and right again by the last state that stands there.
  const heals = await recoverCounter((sum) =>
    sum === 1_200 ? -5_000 : sum === -4_900 ? 1_300 : sum,
  );
  t.deepEqual(heals.state, { sum: 3_500 });
});
