/**
 * What a kind of switch has to offer so that it can be driven (`confirmed-switch.ts` does the rest):
 * readings, and changes that are sent once. A dialect never throws and confirms nothing. Of what it
 * sends, `ok` says only that the switch took it; `noEffect` that it did not, and never will.
 */
import type { Outcome } from '../../core/kernel/service.ts';
import type { PortReading, PortVlans } from './port-vlans.ts';

export interface SwitchDialect {
  /** How ports are named; what does not fit is never sent. */
  readonly portName: RegExp;
  read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>>;
  /** Makes the port exactly this, and lasting: a switch that starts anew must not forget it. */
  send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome>;
  claim(epoch: number): void;
  close(): Promise<void>;
}
