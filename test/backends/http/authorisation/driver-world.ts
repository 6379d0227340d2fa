/** A service that a test's driver drives, answered at once by a store that obeys. */
import type { Refusal } from '../../../../core/kernel/errors.ts';
import type { Reply, ServiceEffect, ServiceEvent } from '../../../../core/kernel/service.ts';
import type { ServiceQuery } from '../../../../backends/http/service-facade.ts';
import type { Driver } from '../../../leasing/driver.ts';
import type { World } from './matrix.ts';

export function worldOfDriver<
  Configuration,
  State,
  Event extends ServiceEvent,
  Effect extends ServiceEffect,
>(
  driver: Driver<Configuration, State, Event, Effect>,
  view: (query: ServiceQuery) => Refusal | object,
  digest: () => string,
): World {
  return {
    view,
    digest,
    give(from, command) {
      const sent = { commandId: 'of-the-matrix', from, ...command };
      let effects: readonly ServiceEffect[] = driver.send(sent as never);
      for (;;) {
        const reply = effects.find((effect): effect is Reply => effect.kind === 'Reply');
        if (reply) return reply;
        const next = effects.find((effect) => 'effectId' in effect);
        if (!next) throw new Error(`${command.kind} is never answered`);
        effects = driver.ok(next);
      }
    },
  };
}
