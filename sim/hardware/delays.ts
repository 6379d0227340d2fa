/** Delays that depend on the state of the device. */
import type { TimeMs } from '../../core/kernel/units.ts';
import type { SimulatedNode, SimulatedPort } from './node.ts';

/** The first quote of a boot comes when firmware and client are up, a later one from the TPM. */
export function quoteDueMs(node: SimulatedNode, nowMs: TimeMs): TimeMs {
  const { times, pace } = node;
  if (node.power === 'off') return nowMs;
  if (node.quotedReset === node.resetCount) return nowMs + times.repeatedQuoteMs;
  return Math.max(
    node.poweredOnAtMs + Math.round(times.firstQuoteMs * pace),
    nowMs + Math.round(times.attestationMs * pace),
  );
}

/** 0 where the port is as wanted, 1 to open or shut, 2 to move it from networks to others. */
export function networkChanges(port: SimulatedPort, wanted: SimulatedPort['attachments']): number {
  const present = port.attachments;
  const removes = present.some((one) => !wanted.some((other) => sameAttachment(one, other)));
  const adds = wanted.some((one) => !present.some((other) => sameAttachment(one, other)));
  return (removes ? 1 : 0) + (adds ? 1 : 0);
}

function sameAttachment(
  a: SimulatedPort['attachments'][number],
  b: SimulatedPort['attachments'][number],
): boolean {
  return a.networkId === b.networkId && a.channel === b.channel;
}
