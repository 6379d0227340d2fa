/**
 * Planted bugs. Each is a service or a device as somebody might plausibly have built it; the fault
 * simulation must find every one of them, or it proves nothing.
 */
import type { ConfigurePort, NodeObservation } from '../../core/allocator/protocol.ts';
import type { EffectOutcome, ServiceEffect, ServiceEvent } from '../../core/kernel/service.ts';
import { HOUR_MS } from '../../core/kernel/units.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { AnyService } from './endpoint.ts';
import type { SiteServices } from './site.ts';

export const MUTANTS = ['no-fencing', 'free-on-error', 'attest-skipped-on-retry'] as const;
export type Mutant = (typeof MUTANTS)[number];

/** The services of a site with one bug in them. `no-fencing` is a bug of the devices instead. */
export function mutateServices(services: SiteServices, mutant: Mutant | null): SiteServices {
  switch (mutant) {
    case 'free-on-error':
      return { ...services, isolation: freeOnError(services.isolation) };
    case 'attest-skipped-on-retry':
      return { ...services, attester: attestSkippedOnRetry(services.attester) };
    default:
      return services;
  }
}

/** The state of the service inside a mutated one, for coverage. */
export function innerState(state: unknown): unknown {
  return typeof state === 'object' && state !== null && 'inner' in state ? state.inner : state;
}

interface Shadow<Kept> {
  readonly inner: unknown;
  readonly kept: Kept;
}

/**
 * Like HIL's deferred queue: what failed or is unknown is noted and left behind, and the node goes
 * on to the next step; nothing is read back (hil/deferred.py).
 */
function freeOnError(isolation: AnyService): AnyService {
  interface Kept {
    readonly kinds: Map<string, string>;
    readonly ports: Map<string, string[]>;
  }
  return {
    name: isolation.name,
    initial: (configuration) => ({
      inner: isolation.initial(configuration),
      kept: { kinds: new Map(), ports: new Map() } satisfies Kept,
    }),
    step(state, event) {
      const { inner, kept } = state as Shadow<Kept>;
      const seen = event.kind === 'EffectOutcome' ? settle(event as EffectOutcome, kept) : event;
      const step = isolation.step(inner, seen);
      const next: Shadow<Kept> = { inner: step.state, kept };
      for (const effect of step.effects) {
        if (!isHardwareEffect(effect) || !('nodeId' in effect)) continue;
        kept.kinds.set(effect.effectId, effect.kind);
        if (effect.kind === 'ConfigurePort') notePort(kept.ports, effect);
      }
      return { state: next, effects: step.effects };
    },
  };
}

function notePort(ports: Map<string, string[]>, effect: ConfigurePort): void {
  const known = ports.get(effect.nodeId);
  if (known === undefined) ports.set(effect.nodeId, [effect.portId]);
  else if (!known.includes(effect.portId)) known.push(effect.portId);
}

function settle(
  event: EffectOutcome,
  kept: { readonly kinds: Map<string, string>; readonly ports: Map<string, string[]> },
): ServiceEvent {
  const kind = kept.kinds.get(event.effectId);
  if (event.outcome.status === 'ok' && kind !== 'ObserveNode') return event;
  let value: unknown;
  if (kind === 'WipeNode') value = { memoryScrubbed: true, disksErased: true, bmcReset: true };
  if (kind === 'ObserveNode') {
    const nodeId = event.effectId.slice(0, event.effectId.lastIndexOf('#'));
    const ports = Object.fromEntries((kept.ports.get(nodeId) ?? []).map((port) => [port, []]));
    value = { power: 'off', bmcGrantee: null, ports } satisfies NodeObservation;
  }
  return { ...event, outcome: { status: 'ok', value } } as ServiceEvent;
}

/** An attester that, asked a second time about a node of a lease, remembers that it was fine. */
function attestSkippedOnRetry(attester: AnyService): AnyService {
  return {
    name: attester.name,
    initial: (configuration) => ({ inner: attester.initial(configuration), kept: new Map() }),
    step(state, event) {
      const { inner, kept } = state as Shadow<Map<string, number>>;
      const step = attester.step(inner, event);
      const { effects } = step;
      const next: Shadow<Map<string, number>> = { inner: step.state, kept };
      if (event.kind !== 'AttestNode') return { state: next, effects };
      const { leaseId, nodeId, bootCount, commandId, from } = event as ServiceEvent & {
        readonly leaseId: string;
        readonly nodeId: string;
        readonly bootCount: number;
        readonly commandId: string;
        readonly from: unknown;
      };
      const key = JSON.stringify([leaseId, nodeId]);
      const times = kept.get(key) ?? 0;
      kept.set(key, times + 1);
      if (times === 0) return { state: next, effects };
      const validUntilMs = event.timeMs + HOUR_MS;
      const about = { leaseId, nodeId, bootCount, verdict: 'trusted', validUntilMs } as const;
      const command = { kind: 'AttestationReport', commandId: `${commandId}!`, ...about };
      const report = { kind: 'ReportVerdict', service: 'isolation', command };
      const notice = { kind: 'AttestationVerdict', ...about, code: null, severity: 'none' };
      const skipped: ServiceEffect[] = [report, { kind: 'Notify', to: from, notice } as never];
      return { state: next, effects: [...effects, ...skipped] };
    },
  };
}
