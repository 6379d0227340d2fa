/** What the isolation service's devices may do with an effect that they were not asked for. */
import type { IsolationDeviceEffect } from '../../core/allocator/protocol.ts';
import type { AnsweredEffect } from '../../core/kernel/effect-log.ts';
import type { AuditedAnswer, Issued } from './effect-audit.ts';

/** Effects of whoever watches the hardware for drift begin with this. */
const WATCHER = 'read-back/';

/** The switch of a port, or the BMC of the node; reading back begins with that. */
export function isolationDevicesOf(effect: AnsweredEffect): readonly string[] {
  const { kind, nodeId, switchId } = effect as AnsweredEffect & {
    readonly nodeId: string;
    readonly switchId?: string;
  };
  return [kind === 'ConfigurePort' ? `switch ${switchId}` : `BMC of ${nodeId}`];
}

/** Reading back also waits for the switches of its node, and they for it; it does not name them. */
export function mayHoldUp(first: AnsweredEffect, second: AnsweredEffect): boolean {
  const kinds = [first.kind, second.kind];
  if (kinds.includes('ObserveNode') && kinds.includes('ConfigurePort')) return true;
  if (kinds.every((kind) => kind === 'ObserveNode')) return true;
  return isolationDevicesOf(first)[0] === isolationDevicesOf(second)[0];
}

export function isWatching({ kind, effectId }: AnsweredEffect): boolean {
  return kind === 'ObserveNode' && effectId.startsWith(WATCHER);
}

/**
 * An effect is not begun where its node has gone on to a larger fencing token, or where its deadline
 * has passed while it waited. Both can be seen from here.
 */
export function isFencedOrLate(
  effect: AnsweredEffect,
  { outcome, timeMs, index }: AuditedAnswer,
  issued: Issued,
): boolean {
  if (outcome.status === 'ok') return false;
  const { nodeId, fencingToken, deadlineMs } = effect as IsolationDeviceEffect;
  if (outcome.error.code === 'DEVICE_LATE') return timeMs >= deadlineMs;
  if (outcome.error.code !== 'DEVICE_FENCED') return false;
  for (const other of issued.values()) {
    const later = other.effect as IsolationDeviceEffect;
    if (other.index < index && later.nodeId === nodeId && later.fencingToken > fencingToken) {
      return true;
    }
  }
  return false;
}
