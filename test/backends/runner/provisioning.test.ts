import test from 'ava';
import fc from 'fast-check';
import {
  liveProvisioning,
  type ProvisioningEffect,
} from '../../../backends/runner/provisioning.ts';
import { ProvisioningWork } from '../../../backends/runner/provisioning-work.ts';
import { EmulatedImageStore } from '../../../backends/images/emulated.ts';
import type {
  ChangeImage,
  ProvisionerEffect,
  ProvisionerEvent,
} from '../../../core/provisioner/protocol.ts';
import { provisionerService } from '../../../core/provisioner/provisioner.ts';
import { PROVISIONER_DEFAULTS } from '../../../core/provisioner/state.ts';
import { GHENT, GOLDEN, provisionNode, deprovisionNode } from '../../provisioner/service.ts';

const CONFIGURATION = {
  ...PROVISIONER_DEFAULTS,
  ...{ name: 'tenant/images', operators: [], images: [GOLDEN] },
};

/** What may happen next: a command, or the outcome of the n-th effect that has none. */
const action = fc.oneof(
  fc.record({
    kind: fc.constant('command' as const),
    node: fc.nat(2),
    lease: fc.nat(1),
    choice: fc.nat(3),
  }),
  fc.record({
    ...{ kind: fc.constant('outcome' as const), index: fc.nat(5) },
    status: fc.constantFrom('ok', 'noEffect', 'uncertain'),
  }),
);

function commandOf(node: number, lease: number, choice: number, token: number): object {
  const about = { leaseId: `l${lease}`, nodeId: `n${node}`, fencingToken: token };
  switch (choice) {
    case 0:
      return { kind: 'PrepareNode', ...about, imageId: 'golden' };
    case 1:
      return provisionNode({ ...about, securityLevel: 'full' });
    case 2:
      return deprovisionNode({ ...about, park: token % 2 === 0 });
    default:
      return { kind: 'ImportImage', imageId: `i${node}`, source: 'import/x', shared: false };
  }
}

test('at any moment, what is awaited after a crash is what has no outcome yet, field for field', (t) => {
  let seen = 0;
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const state = provisionerService.initial(CONFIGURATION);
      const open = new Map<string, ProvisioningEffect>();
      let timeMs = 0;
      const step = (event: object) => {
        timeMs += 1;
        const { effects } = provisionerService.step(state, {
          ...event,
          timeMs,
        } as ProvisionerEvent);
        for (const effect of effects as readonly ProvisionerEffect[]) {
          if ('effectId' in effect) open.set(effect.effectId, effect as ProvisioningEffect);
        }
      };
      for (const [index, taken] of actions.entries()) {
        if (taken.kind === 'command') {
          const command = commandOf(taken.node, taken.lease, taken.choice, 1 + (index >> 3));
          step({ ...command, from: GHENT, commandId: `c${index}` });
        } else {
          const effect = [...open.values()][taken.index % Math.max(open.size, 1)];
          if (!effect) continue;
          open.delete(effect.effectId);
          const error = { code: 'DEVICE_FAILED', message: 'planted' };
          const outcome =
            taken.status === 'ok' ? { status: 'ok' } : { status: taken.status, error };
          step({ kind: 'EffectOutcome', effectId: effect.effectId, outcome });
        }
        // What was given up is not sent again.
        for (const id of open.keys()) if (!state.operations.has(id)) open.delete(id);
        const awaited = liveProvisioning.awaited(state);
        seen += awaited.length;
        t.deepEqual(
          new Map(awaited.map((effect) => [effect.effectId, tokenless(effect)])),
          new Map([...open].map(([id, effect]) => [id, tokenless(effect)])),
        );
      }
    }),
    { numRuns: 150 },
  );
  t.true(seen > 100, `${seen} effects were compared`);
});

/** A newer hand-over gives effects that are under way its own token. */
function tokenless(effect: object): object {
  return 'fencingToken' in effect ? { ...effect, fencingToken: null } : effect;
}

test('what comes after its deadline is not begun', async (t) => {
  const store = new EmulatedImageStore();
  const ports = { store, desk: null, nodes: [], tunnel: null };
  const work = new ProvisioningWork({ ...ports, nowMs: () => 10 });
  const effect: ChangeImage = {
    kind: 'ChangeImage',
    ...{ effectId: 'p/1', sequence: 1, deadlineMs: 10, imageId: 'i' },
    ...{ operation: 'ImportImage' as const, snapshotId: null, source: 'import/x' },
  };
  const state = provisionerService.initial(CONFIGURATION);
  const late = await work.carryOut(effect, state, async () => {});
  t.is(late.status === 'noEffect' && late.error.code, 'DEVICE_LATE');
  t.is(store.images.size, 0);
  await t.throwsAsync(
    work.carryOut({ ...effect, deadlineMs: 1e6 }, state, () => Promise.reject(new Error('fenced'))),
    { message: 'fenced' },
  );
  t.is(store.images.size, 0, 'nor is anything by a process that is not in charge');
});
