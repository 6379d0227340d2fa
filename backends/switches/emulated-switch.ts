/** A switch in memory that obeys: for trying the services out on a machine without any. */
import type { Attachment } from '../../core/allocator/state.ts';
import { ok, type Outcome } from '../../core/kernel/service.ts';
import type { SwitchDriver } from './protocol.ts';

export class EmulatedSwitch implements SwitchDriver {
  readonly ports = new Map<string, readonly Attachment[]>();

  async configurePort(portId: string, attachments: readonly Attachment[]): Promise<Outcome> {
    this.ports.set(portId, attachments);
    return ok;
  }

  async readPort(portId: string): Promise<Outcome<readonly Attachment[]>> {
    return { status: 'ok', value: this.ports.get(portId) ?? [] };
  }

  claim(): void {
    // Whoever speaks to it is the process that holds it.
  }

  async close(): Promise<void> {
    // It has no connection.
  }
}
