/** Small records of a service with timers and effects, right and wrong. */
import test from 'ava';
import type { ServiceEffect, ServiceEvent } from '../../../core/kernel/service.ts';
import { DEFAULT_LIMITS } from '../../../sim/resimulation/finding.ts';
import type { AnyService, Recording } from '../../../sim/resimulation/recording.ts';
import { tryOneProgram } from '../../../sim/resimulation/trial.ts';
import { commonEmissions, type Emission, type Wiring } from '../../../sim/resimulation/wiring.ts';

interface Asked extends ServiceEvent {
  readonly effects?: readonly ServiceEffect[];
}

/** Does what its events say, and counts them. */
const puppet: AnyService = {
  name: 'puppet',
  initial: () => ({ events: 0 }),
  step(state, event) {
    (state as { events: number }).events += 1;
    return { state, effects: (event as Asked).effects ?? [] };
  },
};

const wiring = (): Wiring => ({
  emissions(effect): readonly Emission[] {
    if (effect.kind !== 'Say') return commonEmissions(effect);
    const { to, event } = effect as ServiceEffect & { to: string; event: { kind: string } };
    return [{ kind: 'message', to, event }];
  },
  isHeard: () => true,
  isAskedAgain: () => true,
  turnAway: () => null,
  isTurnedAway: () => false,
  isExogenous: (_, { kind }) => kind === 'Do',
});

const recordingOf = (events: readonly ServiceEvent[], instance = 'a'): Recording => ({
  ...{ instance, service: puppet, configuration: null, events },
});

function trial(...recordings: Recording[]) {
  return tryOneProgram({ recordings, wiring, limits: DEFAULT_LIMITS, witnesses: new Map() });
}

function told(...recordings: Recording[]): string[] {
  return trial(...recordings).findings.map(({ what, cause }) => `${what}; ${cause}`);
}

const at = (timeMs: number, ...effects: object[]) => ({ kind: 'Do', timeMs, effects }) as never;
const fired = (timeMs: number) => ({ kind: 'TimerFired', timerId: 't', timeMs }) as never;
const set = (atMs: number) => ({ kind: 'SetTimer', timerId: 't', atMs });
const cancel = { kind: 'CancelTimer', timerId: 't' };
const end = at(100_000);

test('a timer on time, and one of the same millisecond, have no difference', (t) => {
  const { findings, counts } = trial(
    recordingOf([at(0, set(100)), fired(100), at(100, set(100)), fired(100), at(101)]),
  );
  t.deepEqual(findings, []);
  t.like(counts, { events: 5, exogenous: 3, timers: 2 });
});

test('a timer that is heard of as it is being called off crosses, and one moved then fires again', (t) => {
  const called = trial(recordingOf([at(0, set(100)), at(100, cancel), fired(101), end]));
  t.deepEqual(called.findings, []);
  t.is(called.counts.crossed, 1);
  const moved = trial(
    recordingOf([at(0, set(100)), at(100, set(500)), fired(102), fired(500), end]),
  );
  t.deepEqual(moved.findings, []);
  t.is(moved.counts.crossed, 1);
});

test('timers that are early, never heard of, heard of twice, or long after they were called off', (t) => {
  t.regex(
    told(recordingOf([at(0, set(100)), fired(99), end]))[0]!,
    /runs out at 100 and no earlier/,
  );
  t.regex(told(recordingOf([at(0, set(100)), end]))[0]!, /was never heard of/);
  t.regex(told(recordingOf([at(0, set(100)), fired(100), fired(100)]))[0]!, /no timer t was set/);
  const late = recordingOf([at(0, set(100)), at(50, cancel), fired(9_000)]);
  t.regex(told(late)[0]!, /no timer t was set/);
  const slow = recordingOf([at(0, set(100)), fired(8_000)]);
  t.regex(told(slow)[0]!, /7900 ms late/);
});

test('what was under way when the record ended may stay away', (t) => {
  const say = { kind: 'Say', to: 'b', event: { kind: 'Said' } };
  const recorded = [recordingOf([at(0), at(99_000, set(99_500), say)]), recordingOf([end], 'b')];
  t.deepEqual(told(...recorded), []);
});

test('messages cross clocks that do not agree', (t) => {
  const ask = { kind: 'Say', to: 'b', event: { kind: 'Asked', effects: [] } };
  const answer = { kind: 'Say', to: 'a', event: { kind: 'Answered' } };
  const asked = { kind: 'Asked', effects: [answer] };
  const a = [
    at(1_000, { ...ask, event: asked }),
    { kind: 'Answered', timeMs: 1_001 } as never,
    at(2_000),
  ];
  // Its clock is 40 ms behind.
  const b = [at(955), { ...asked, timeMs: 961 } as never, at(1_500)];
  const { findings, counts } = trial(recordingOf(a), recordingOf(b, 'b'));
  t.deepEqual(findings, []);
  t.is(counts.messages, 2);
});

test('messages that are lost, made up or changed', (t) => {
  const say = { kind: 'Say', to: 'b', event: { kind: 'Said', word: 1 } };
  const said = (word: number) => ({ kind: 'Said', word, timeMs: 10 }) as never;
  const a = recordingOf([at(0, say), end]);
  t.deepEqual(told(a, recordingOf([said(1), end], 'b')), []);
  t.regex(told(a, recordingOf([end], 'b'))[0]!, /never arrived/);
  t.regex(told(recordingOf([end]), recordingOf([said(1)], 'b'))[0]!, /Said came from nowhere/);
  const changed = told(a, recordingOf([said(2), end], 'b'));
  t.true(changed.some((what) => what.includes('Said came from nowhere')));
  t.true(changed.some((what) => what.includes('never arrived')));
  t.regex(told(a, recordingOf([said(1), said(1), end], 'b'))[0]!, /Said came from nowhere/);
});

test('an answer of the world that nobody asked for, or that comes twice', (t) => {
  const work = { kind: 'Work', effectId: 'w' };
  const outcome = { kind: 'EffectOutcome', effectId: 'w', outcome: { status: 'ok' }, timeMs: 5 };
  const done = outcome as never;
  t.deepEqual(told(recordingOf([at(0, work), done])), []);
  t.regex(told(recordingOf([done]))[0]!, /no effect w was asked for/);
  t.regex(told(recordingOf([at(0, work), done, done]))[0]!, /was answered before/);
});

test('a head that fixes a lottery is of a record of then', (t) => {
  const ask = { kind: 'ReadJournalHead', effectId: 'h' };
  const answer = (head: string) =>
    ({
      ...{ kind: 'EffectOutcome', effectId: 'h', timeMs: 5 },
      outcome: { status: 'ok', value: { head } },
    }) as never;
  const hashes = ['one', 'two', 'three', 'four'];
  const read = (head: string) => ({
    ...recordingOf([at(0), at(1, ask), at(2), answer(head)]),
    hashes,
  });
  t.deepEqual(told(read('two')), []);
  t.deepEqual(told(read('three')), []);
  for (const head of ['one', 'four', 'chosen']) t.regex(told(read(head))[0]!, /hash of no record/);
});

test('a request that was carried out twice', (t) => {
  const command = { kind: 'Do', commandId: 'c', timeMs: 1 } as never;
  t.regex(told(recordingOf([command, command]))[0]!, /Do c was carried out twice/);
});
