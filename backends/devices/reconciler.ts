/**
 * Holds the hardware against what it is meant to be: reads every node back in turn, and reports the
 * ones that differ. The service decides what a difference means; it is quarantine.
 */
import { isAsIntended, isObservationOf } from '../../core/allocator/devices.ts';
import type { ObserveNode } from '../../core/allocator/protocol.ts';
import type { IsolationState, Node } from '../../core/allocator/state.ts';
import type { NodeObserved } from '../../core/allocator/commands.ts';
import type { Outcome } from '../../core/kernel/service.ts';
import { plainOutcome } from '../runner/outcome.ts';
import { SECOND_MS, type TimeMs } from '../../core/kernel/units.ts';

export interface ReconcilerPorts {
  readonly state: IsolationState;
  nowMs(): TimeMs;
  observe(effect: ObserveNode): Promise<Outcome<unknown>>;
  report(event: Omit<NodeObserved, 'timeMs'>): void;
}

/** How long one reading may take; a round of readings has to fit into the time to notice drift. */
export const READING_MS = 10 * SECOND_MS;
const AT_ONCE = 128;

/** Reads all nodes that nothing is being done to, a few at a time. @returns nodes that differed */
export async function readBack(ports: ReconcilerPorts): Promise<string[]> {
  const drifted: string[] = [];
  const open = [...ports.state.nodes.values()].filter(isSettled);
  const worker = async () => {
    for (let node = open.pop(); node; node = open.pop()) {
      if (isSettled(node) && (await readNode(ports, node))) drifted.push(node.nodeId);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return drifted.sort();
}

function isSettled(node: Node): boolean {
  const isOut = node.state === 'quarantined' || node.state === 'enrolled';
  return node.walk === null && node.operations.length === 0 && !isOut;
}

async function readNode(ports: ReconcilerPorts, node: Node): Promise<boolean> {
  const { nodeId, fencingToken } = node;
  // As of before the reading: what changes meanwhile makes it too old to count.
  const observedAtMs = ports.nowMs();
  const deadlineMs = observedAtMs + READING_MS;
  const effectId = `read-back/${nodeId}`;
  const answer = await ports
    .observe({ kind: 'ObserveNode', effectId, nodeId, fencingToken, deadlineMs })
    .catch(() => null);
  const outcome = answer && plainOutcome(answer);
  if (outcome?.status !== 'ok' || !isObservationOf(node, outcome.value)) return false;
  if (isAsIntended(node, outcome.value)) return false;
  const observation = outcome.value;
  ports.report({ kind: 'NodeObserved', nodeId, observedAtMs, observation });
  return true;
}
