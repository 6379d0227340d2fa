/** A switch that has the bad habits of real ones, put between the driver and what it speaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SwitchDialect } from '../../backends/switches/dialect.ts';
import { SHUT, isForeign } from '../../backends/switches/port-vlans.ts';
import type { PortReading, PortVlans } from '../../backends/switches/port-vlans.ts';
import type { Outcome } from '../../core/kernel/service.ts';

export type SwitchFault =
  /** It does what it was told, and the answer never comes. */
  | 'appliesAndTimesOut'
  /** One VLAN of several, and says ok. */
  | 'appliesHalf'
  /** Says ok, and does nothing. */
  | 'doesNothing'
  /** It is seen once, and gone then. */
  | 'forgets'
  /** The read-back shows what was asked for, and it is not so. */
  | 'lies'
  /** The connection breaks before anything was done. */
  | 'drops'
  /** The same, when it is read. */
  | 'dropsReading'
  | 'slow'
  /** Somebody else changes the port right after it was set. */
  | 'isMeddledWith'
  | 'refuses'
  /** No answer, not even that there is none. */
  | 'hangs';

const OK: Outcome = { status: 'ok', value: undefined };

function broken(status: 'noEffect' | 'uncertain'): Outcome<never> {
  return { status, error: { code: 'DEVICE_UNREACHABLE', message: 'the connection broke' } };
}

export class FaultySwitch implements SwitchDialect {
  readonly portName: RegExp;
  readonly #inner: SwitchDialect;
  #fault: SwitchFault | null = null;
  #times = 0;
  /** Changes that were asked for, whatever became of them. */
  sends = 0;
  /** Port → what the next reading shows. */
  readonly #lies = new Map<string, PortReading>();
  /** Port → readings until it is as it was before. */
  readonly #fading = new Map<string, { readings: number; before: PortVlans }>();

  constructor(inner: SwitchDialect) {
    this.#inner = inner;
    this.portName = inner.portName;
  }

  inject(fault: SwitchFault, times: number): void {
    this.#fault = fault;
    this.#times = times;
  }

  #strikes(...faults: readonly SwitchFault[]): boolean {
    if (this.#times === 0 || !faults.includes(this.#fault!)) return false;
    this.#times -= 1;
    return true;
  }

  async read(portId: string, signal: AbortSignal): Promise<Outcome<PortReading>> {
    if (this.#strikes('dropsReading')) return broken('noEffect');
    const fading = this.#fading.get(portId);
    if (fading && fading.readings-- === 0) {
      this.#fading.delete(portId);
      await this.#inner.send(portId, fading.before, signal);
    }
    const lie = this.#lies.get(portId);
    this.#lies.delete(portId);
    return lie ? { status: 'ok', value: lie } : this.#inner.read(portId, signal);
  }

  async send(portId: string, vlans: PortVlans, signal: AbortSignal): Promise<Outcome> {
    this.sends += 1;
    const fault = this.#fault;
    if (fault === null || !this.#strikes(fault)) return this.#inner.send(portId, vlans, signal);
    const before = await this.#inner.read(portId, signal);
    const was = before.status === 'ok' && !isForeign(before.value) ? before.value : SHUT;
    switch (fault) {
      case 'appliesAndTimesOut':
        await this.#inner.send(portId, vlans, signal);
        return broken('uncertain');
      case 'appliesHalf':
        return this.#inner.send(portId, halfOf(vlans, was), signal);
      case 'doesNothing':
      case 'dropsReading':
        return OK;
      case 'lies':
        this.#lies.set(portId, vlans);
        return OK;
      case 'forgets':
        this.#fading.set(portId, { readings: 1, before: was });
        return this.#inner.send(portId, vlans, signal);
      case 'drops':
        return broken('noEffect');
      case 'slow':
        await sleep(100);
        return this.#inner.send(portId, vlans, signal);
      case 'isMeddledWith':
        await this.#inner.send(portId, vlans, signal);
        return this.#inner.send(portId, { native: 4094, tagged: [] }, signal);
      case 'refuses':
        return { status: 'noEffect', error: { code: 'DEVICE_CONFLICT', message: 'it is locked' } };
      case 'hangs':
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(), { once: true });
          if (signal.aborted) resolve();
        });
        return broken('uncertain');
    }
  }

  claim(epoch: number): void {
    this.#inner.claim(epoch);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function halfOf({ native, tagged }: PortVlans, was: PortVlans): PortVlans {
  if (tagged.length > 1) return { native, tagged: tagged.slice(1) };
  if (native !== null && tagged.length === 1) return { native, tagged: [] };
  return was;
}
