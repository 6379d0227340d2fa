/** What stands behind a node's BMC, by its kind. */
import type { SwitchedNode } from '../bmc/emulator/chassis.ts';
import { LightNode } from './light-node.ts';
import { Machine } from './machine.ts';
import type { Accelerator, NodePlan, RackPlan } from './plan.ts';

export interface BuiltNode extends SwitchedNode {
  /** Folder of its TPM. */
  readonly tpmState: string;
  isOn(): boolean;
  make(): Promise<void>;
}

export function builtNode(
  rack: Pick<RackPlan, 'id' | 'folder' | 'switchNamespace'>,
  node: NodePlan,
  accelerator: Accelerator,
): BuiltNode {
  if (node.kind === 'light') return new LightNode(rack, node);
  return new Machine(rack, node, accelerator);
}
