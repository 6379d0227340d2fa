/** Ports of a real switch, made to carry what a test wants. */
import { attachmentsOf } from '../../../backends/switches/port-vlans.ts';
import type { PortVlans } from '../../../backends/switches/port-vlans.ts';
import type { SwitchDriver } from '../../../backends/switches/protocol.ts';

/** Nodes on the wires of a test's switch. */
export const NODES = ['n1', 'n2', 'n3', 'n4'] as const;

export function access(native: number): PortVlans {
  return { native, tagged: [] };
}

/**
 * One port after the other; the driver is closed in the end.
 *
 * @throws where a port does not come to it
 */
export async function settlePorts(
  driver: SwitchDriver,
  ports: ReadonlyMap<string, PortVlans>,
  timeoutMs = 10_000,
): Promise<void> {
  for (const [name, vlans] of ports) {
    const signal = AbortSignal.timeout(timeoutMs);
    const outcome = await driver.configurePort(name, attachmentsOf(vlans), signal);
    if (outcome.status !== 'ok') throw new Error(`${name}: ${outcome.error.message}`);
  }
  await driver.close();
}
