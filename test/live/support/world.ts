/**
 * The hardware behind a process that is killed. It outlives the process, and notes what no
 * hardware should have to see.
 */
import { EmulatedDevices } from '../../../backends/devices/emulated.ts';
import type { WiredPort } from '../../../backends/devices/devices.ts';
import type { IsolationDeviceEffect } from '../../../core/allocator/protocol.ts';
import { canonicalJson } from '../../../core/kernel/canonical-json.ts';
import type { Outcome } from '../../../core/kernel/service.ts';

export class World {
  readonly devices = new EmulatedDevices();
  /** Effect → its text, as it was asked for first. */
  readonly asked = new Map<string, string>();
  readonly violations: string[] = [];
  /** Node → the last networks that it was on while in use, until it is wiped. */
  readonly #usedOn = new Map<string, number>();
  /** Effect that reached the hardware → whether it changed anything. */
  readonly #changed = new Set<string>();

  /** @param airlocks ids of networks on which a node is alone */
  carryOut(
    effect: IsolationDeviceEffect,
    ports: readonly WiredPort[],
    isAirlock: (networkId: number) => boolean,
  ): Outcome<unknown> {
    const { effectId } = effect;
    const text = canonicalJson(effect);
    const known = this.asked.get(effectId) ?? text;
    if (known !== text) this.violations.push(`${effectId} stands for two different effects`);
    this.asked.set(effectId, text);
    const before = canonicalJson(this.devices.node(effect.nodeId));
    const outcome = this.devices.obey(effect, ports);
    if (outcome.status !== 'ok') return outcome;
    const { fencingToken: _, ...after } = this.devices.node(effect.nodeId);
    const { fencingToken: __, ...earlier } = JSON.parse(before) as { fencingToken: number };
    if (canonicalJson(after) !== canonicalJson(earlier)) {
      if (this.#changed.has(effectId)) this.violations.push(`${effectId} was done twice`);
      this.#changed.add(effectId);
    }
    this.#checkUse(effect, isAirlock);
    return outcome;
  }

  #checkUse(effect: IsolationDeviceEffect, isAirlock: (networkId: number) => boolean): void {
    const { nodeId } = effect;
    if (effect.kind === 'WipeNode') this.#usedOn.delete(nodeId);
    if (effect.kind !== 'ConfigurePort') return;
    for (const { networkId } of effect.attachments) {
      if (isAirlock(networkId)) continue;
      const other = this.#usedOn.get(nodeId) ?? networkId;
      if (other !== networkId) {
        this.violations.push(`${nodeId} went from network ${other} to ${networkId} without a wipe`);
      }
      this.#usedOn.set(nodeId, networkId);
    }
  }
}
