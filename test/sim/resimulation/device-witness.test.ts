/** Two logs of the same devices, in agreement and not. */
import test from 'ava';
import type { EffectLogLine } from '../../../core/kernel/effect-log.ts';
import { compareWitnesses } from '../../../sim/resimulation/device-witness.ts';
import { isolationDevicesOf } from '../../../sim/resimulation/isolation-devices.ts';

const begun = (effectId: string, more: object = {}): EffectLogLine => ({
  ...{ kind: 'begun', timeMs: 1 },
  effect: { kind: 'PowerOff', effectId, ...{ nodeId: 'n', deadlineMs: 9, ...more } },
});
const ended = (effectId: string, status: 'ok' | 'uncertain' | 'noEffect' = 'ok'): EffectLogLine => {
  const error = { code: 'DEVICE_PROCESS_GONE', message: 'gone' };
  const outcome = status === 'ok' ? { status, value: null } : { status, error };
  return { kind: 'ended', effectId, outcome, timeMs: 2 };
};
const started: EffectLogLine = { kind: 'started', instance: 'x', events: 0, timeMs: 0 };

function told(own: readonly EffectLogLine[], devices: readonly EffectLogLine[]): string[] {
  return compareWitnesses('isolation', own, devices, isolationDevicesOf).map(({ what }) => what);
}

test('what was asked was done, whatever clock its deadline is by', (t) => {
  const own = [started, begun('n#1'), ended('n#1'), begun('n#2'), ended('n#2')];
  const late = [begun('n#1', { deadlineMs: 77 }), ended('n#1'), begun('n#2'), ended('n#2')];
  t.deepEqual(told(own, [started, ...late]), []);
});

test('an effect that was sent again after a crash reaches its device again', (t) => {
  const own = [started, begun('n#1'), started, begun('n#1'), ended('n#1')];
  t.deepEqual(told(own, [begun('n#1'), ended('n#1'), begun('n#1'), ended('n#1')]), []);
  t.deepEqual(told(own, [begun('n#1'), ended('n#1')]), [], 'the first never came so far');
});

test('what never came so far may not count as done', (t) => {
  t.deepEqual(told([begun('n#1'), ended('n#1', 'noEffect')], []), []);
  t.deepEqual(told([begun('n#1'), ended('n#1', 'uncertain')], []), []);
  t.regex(told([begun('n#1'), ended('n#1')], [])[0]!, /did not say so/);
});

test('twice, changed, made up, out of order', (t) => {
  const own = [begun('n#1'), ended('n#1'), begun('n#2'), ended('n#2')];
  const twice = [begun('n#1'), begun('n#1'), ended('n#1'), begun('n#2'), ended('n#2')];
  t.regex(told(own, twice)[0]!, /once more than the service asked/);
  const forced = { force: true };
  const changed = [begun('n#1', forced), ended('n#1'), begun('n#2'), ended('n#2')];
  t.regex(told(own, changed)[0]!, /as something else/);
  t.regex(told([], [begun('n#9'), ended('n#9')])[0]!, /once more than the service asked/);
  const swapped = [begun('n#2'), ended('n#2'), begun('n#1'), ended('n#1')];
  t.true(told(own, swapped).length > 0);
});

test('what the driver did not say', (t) => {
  const devices = [begun('n#1'), ended('n#1', 'uncertain')];
  t.regex(told([begun('n#1'), ended('n#1')], devices)[0]!, /did not say so/);
});
