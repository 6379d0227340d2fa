/**
 * Out-of-band management of nodes outside the lease walk (after obmd): the credential of a BMC,
 * power, boot device. Every action is asynchronous; secrets never pass through the service, which
 * only says whose the next credential is.
 */
import { powerOn } from './devices.ts';
import type { Isolation } from './isolation.ts';
import type { Node, Operation } from './state.ts';

/** One effect of an action has happened; a power cycle goes on with its second. */
export function continueAction(
  isolation: Isolation,
  node: Node,
  operation: Operation,
  value: unknown,
): void {
  const action = isolation.state.actions.get(operation.actionId ?? '');
  if (!action) return;
  if (action.type === 'powerCycle' && operation.effect.kind === 'PowerOff') {
    powerOn(isolation, node, 'action', action.actionId);
    return;
  }
  if (action.type === 'powerStatus') action.power = (value as { power: 'on' | 'off' }).power;
  action.status = 'done';
}
