/** The isolation service as the runner runs it. */
import { siteService } from '../../core/offers/service.ts';
import type { IsolationConfiguration } from '../../core/allocator/enrolment.ts';
import type { IsolationEvent } from '../../core/allocator/commands.ts';
import type { IsolationDeviceEffect, IsolationEffect } from '../../core/allocator/protocol.ts';
import type { IsolationState } from '../../core/allocator/state.ts';
import type { WiredPort } from '../devices/devices.ts';
import type { LiveService } from './live-service.ts';

export const liveIsolation: LiveService<
  IsolationConfiguration,
  IsolationState,
  IsolationEvent,
  IsolationEffect
> = {
  service: siteService,

  awaited(state) {
    const effects: IsolationDeviceEffect[] = [];
    for (const { operations } of state.nodes.values()) {
      for (const { effect, waiting } of operations) if (!waiting) effects.push(effect);
    }
    return effects;
  },

  message(effect) {
    if (effect.kind === 'Notify') return { to: effect.to, body: effect.notice };
    if (effect.kind === 'CallOwner') {
      const { owner, nodeId, code } = effect;
      return { to: owner, body: { kind: 'NodeQuarantined', nodeId, code } };
    }
    if (effect.kind !== 'CallMaintenance') return null;
    const { service, nodeId } = effect;
    return { to: { role: 'service', name: service }, body: { kind: 'CallMaintenance', nodeId } };
  },
};

/** Where the NICs of a node are wired to. */
export function wiredPorts(state: IsolationState, nodeId: string): WiredPort[] {
  return state.nodes.get(nodeId)?.nics.flatMap(({ port }) => port ?? []) ?? [];
}
