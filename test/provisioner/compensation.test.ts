/**
 * Every way that the first effects of a provisioning can end, with the goodbye at every moment:
 * whatever happened, nothing is left in the store in the end (P3).
 */
import test from 'ava';
import type { ProvisionerEffect, ProvisionerEvent } from '../../core/provisioner/protocol.ts';
import { provisionerService } from '../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../core/provisioner/state.ts';
import type { ProvisionerState } from '../../core/provisioner/state.ts';
import type { Service } from '../../core/kernel/service.ts';
import { GHENT, GOLDEN, deprovisionNode, isClean, provisionNode } from './service.ts';

type Fate = 'ok' | 'noEffect' | 'uncertain' | 'uncertainButDone' | 'silent' | 'silentButDone';
const FATES: readonly Fate[] = [
  'ok',
  'noEffect',
  'uncertain',
  'uncertainButDone',
  'silent',
  'silentButDone',
];
/** So many effects meet a fate; those after them succeed. */
const DEPTH = 4;
const CONFIGURATION = {
  ...PROVISIONER_DEFAULTS,
  name: 'p',
  images: [GOLDEN],
  watchdog: true,
};

type AnyProvisioner = Service<
  typeof CONFIGURATION,
  ProvisionerState,
  ProvisionerEvent,
  ProvisionerEffect
>;

/** Plays one history; the disks and targets that are left over, and what else went wrong. */
function play(service: AnyProvisioner, fates: readonly Fate[], goodbyeAt: number): string[] {
  let state = service.initial(CONFIGURATION);
  let nowMs = 0;
  const disks = new Set<string>();
  const targets = new Set<string>();
  const wrong: string[] = [];
  const jobs: ProvisionerEffect[] = [];
  let timers: { timerId: string; atMs: number }[] = [];
  let told = 0;
  const send = (event: object) => {
    const step = service.step(state, { ...event, timeMs: nowMs } as ProvisionerEvent);
    state = step.state;
    for (const effect of step.effects) {
      if ('effectId' in effect) jobs.push(effect);
      if (effect.kind === 'Notify' && effect.notice.kind !== 'NodeDeprovisioned') told += 1;
      if (effect.kind === 'SetTimer' || effect.kind === 'CancelTimer') {
        timers = timers.filter(({ timerId }) => timerId !== effect.timerId);
      }
      if (effect.kind === 'SetTimer') timers.push(effect);
    }
  };
  const apply = (effect: ProvisionerEffect) => {
    if (effect.kind === 'CloneImage') disks.add(effect.diskId);
    if (effect.kind === 'ExposeDisk') {
      if (!disks.has(effect.diskId)) wrong.push('opened a disk that is not there');
      targets.add(effect.diskId);
    }
    if (effect.kind === 'HideDisk') targets.delete(effect.diskId);
    if (effect.kind === 'DestroyDisk') {
      if (targets.has(effect.diskId)) wrong.push('destroyed a disk that is open');
      disks.delete(effect.diskId);
    }
  };
  send({ commandId: 'c1', from: GHENT, ...provisionNode() });
  for (let done = 0; done < 40; done++) {
    if (done === goodbyeAt) send({ commandId: 'c2', from: GHENT, ...deprovisionNode() });
    const effect = jobs.shift();
    if (effect && 'effectId' in effect) {
      const fate = fates[done] ?? 'ok';
      if (fate === 'ok' || fate === 'uncertainButDone' || fate === 'silentButDone') apply(effect);
      if (fate === 'silent' || fate === 'silentButDone') continue;
      const error = { code: 'DEVICE_FAILED', message: 'planted' };
      const status = fate === 'uncertainButDone' ? 'uncertain' : fate;
      const outcome = status === 'ok' ? { status, value: undefined } : { status, error };
      send({ kind: 'EffectOutcome', effectId: effect.effectId, outcome });
    } else if (timers.length > 0) {
      const next = timers.reduce((a, b) => (b.atMs < a.atMs ? b : a));
      timers = timers.filter((timer) => timer !== next);
      nowMs = Math.max(nowMs, next.atMs);
      send({ kind: 'TimerFired', timerId: next.timerId });
    } else if (done > goodbyeAt) {
      break;
    }
  }
  const left = [...disks, ...[...targets].map((diskId) => `target of ${diskId}`)];
  if (!isClean({ state } as never)) wrong.push('something is left in the state');
  if (goodbyeAt > 20 && told !== 1) wrong.push(`told ${told} times what became of it`);
  return [...left, ...wrong];
}

/** All histories, until one goes wrong. */
function firstFailure(service: AnyProvisioner): { histories: number; failure: string | null } {
  let histories = 0;
  for (let code = 0; code < FATES.length ** DEPTH; code++) {
    const fates: Fate[] = [];
    for (let i = 0, rest = code; i < DEPTH; i++, rest = Math.floor(rest / FATES.length)) {
      fates.push(FATES[rest % FATES.length]!);
    }
    for (const goodbyeAt of [0, 1, 2, 3, 4, 5, 25]) {
      histories += 1;
      const wrong = play(service, fates, goodbyeAt);
      if (wrong.length > 0) return { histories, failure: `${fates} ${goodbyeAt}: ${wrong}` };
    }
  }
  return { histories, failure: null };
}

test('61: whatever the first effects end in and whenever the goodbye comes, nothing is left', (t) => {
  const { histories, failure } = firstFailure(provisionerService);
  t.is(failure, null);
  t.is(histories, 6 ** 4 * 7);
});

test('61: planted: a provisioner that takes "uncertain" for "nothing happened" is found', (t) => {
  const planted: AnyProvisioner = {
    ...provisionerService,
    step(state, event) {
      if (event.kind !== 'EffectOutcome' || event.outcome.status !== 'uncertain') {
        return provisionerService.step(state, event);
      }
      const outcome = { ...event.outcome, status: 'noEffect' as const };
      return provisionerService.step(state, { ...event, outcome });
    },
  };
  t.regex(firstFailure(planted).failure!, /disk-/);
});
