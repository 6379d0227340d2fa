/**
 * The world of a fault simulation: real reducers, simulated hardware, and everything between them
 * that can be lost, late, doubled or untrue. One thread, one queue, one seed.
 */
import type { NodeObservation } from '../../core/allocator/protocol.ts';
import { Digest } from '../../core/kernel/digest.ts';
import { OcxError } from '../../core/kernel/errors.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import type {
  CancelTimer,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
} from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { isHardwareEffect } from '../hardware/effects.ts';
import type { HardwareEffect, HardwareOutcome } from '../hardware/effects.ts';
import type { SimulatedHardware } from '../hardware/hardware.ts';
import { EventQueue } from '../queue/event-queue.ts';
import type { EventToken } from '../queue/event-queue.ts';
import type { InvariantChecker } from './checker.ts';
import { Courier } from './courier.ts';
import { Endpoint } from './endpoint.ts';
import type { AnyService, EndpointRecord } from './endpoint.ts';
import { CRASH_FAULTS, drawFault, drawLongDelayMs, MESSAGE_FAULTS } from './fault-mix.ts';
import type { Fault, FaultMix } from './fault-mix.ts';
import { FaultLog } from './fault-log.ts';

export interface WorldOptions {
  readonly mix: FaultMix;
  /** No fault begins from then on. */
  readonly faultsEndMs: TimeMs;
  readonly hardware: SimulatedHardware;
  readonly checker: InvariantChecker;
  /** Draws of the messages, of the effects and of the crashes, each on a stream of its own. */
  readonly streams: {
    readonly messages: RandomStream;
    readonly effects: RandomStream;
    readonly crashes: RandomStream;
  };
  /** Told everything that happens, one line each, about which node if any. */
  readonly trace: ((line: string, nodeId: string | null) => void) | null;
  /** State of a node in the isolation service's memory; for coverage only. */
  readonly nodeState: (nodeId: string) => string | null;
}

/** A seed has some hundreds of events; this many are services that keep each other busy. */
const EVENTS_MAXIMUM = 20_000;

/** Where a message for somebody goes; a world without the receiver drops it. */
export type Receiver = (event: ServiceEvent) => void;

export class FaultWorld {
  readonly hardware: SimulatedHardware;
  readonly checker: InvariantChecker;
  readonly log = new FaultLog();
  readonly endpoints = new Map<string, Endpoint>();
  readonly digest = new Digest();
  events = 0;
  nowMs: TimeMs = 0;

  readonly #options: WorldOptions;
  readonly #queue = new EventQueue<() => void>();
  readonly #timers = new Map<string, Map<string, EventToken>>();
  readonly #receivers = new Map<string, Receiver>();
  readonly #principals = new Map<string, Principal>();
  readonly #courier: Courier;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.hardware = options.hardware;
    this.checker = options.checker;
    this.#courier = new Courier(this, options);
  }

  get isFaulty(): boolean {
    return this.nowMs < this.#options.faultsEndMs;
  }

  get everybodyLives(): boolean {
    for (const { status } of this.endpoints.values()) if (status === 'dead') return false;
    return true;
  }

  addEndpoint(name: string, service: AnyService, configuration: unknown): Endpoint {
    const endpoint = new Endpoint(name, service, configuration);
    this.endpoints.set(name, endpoint);
    this.#timers.set(name, new Map());
    return endpoint;
  }

  /** Messages to this principal go to this receiver. */
  addReceiver(principal: Principal, receiver: Receiver): void {
    this.#receivers.set(principalName(principal), receiver);
  }

  at(timeMs: TimeMs, action: () => void): EventToken {
    return this.#queue.schedule(Math.max(this.nowMs, timeMs), 0, action);
  }

  /** Goes on until nothing waits or the time is over; false where the time was over first. */
  run(untilMs: TimeMs): boolean {
    for (;;) {
      if (this.events > EVENTS_MAXIMUM) {
        this.checker.report('a seed comes to an end', `${this.events} events by ${this.nowMs} ms`);
        return false;
      }
      const nextMs = this.#queue.nextTimeMs();
      if (nextMs === Infinity) return true;
      if (nextMs > untilMs) return false;
      const action = this.#queue.next()!;
      this.nowMs = nextMs;
      action();
      this.checker.checkHardware(this.nowMs);
    }
  }

  trace(line: string, nodeId: string | null): void {
    this.#options.trace?.(`${this.nowMs} ${line}`, nodeId);
  }

  #traceRecord(endpoint: Endpoint, { event, effects }: EndpointRecord): void {
    this.trace(`${endpoint.name} < ${JSON.stringify(event)}`, nodeOf(event));
    for (const effect of effects) {
      this.trace(`${endpoint.name} > ${JSON.stringify(effect)}`, nodeOf(effect));
    }
  }

  noteFault(fault: Fault, nodeId: string | null): void {
    this.trace(`fault ${fault}`, nodeId);
    this.log.note(fault, nodeId === null ? null : this.#options.nodeState(nodeId));
  }

  /** Sends a message over a network that may lose, double or hold it back. */
  send(deliver: () => void, nodeId: string | null): void {
    const { mix, streams } = this.#options;
    const stream = streams.messages;
    const fault = this.isFaulty ? drawFault(mix, MESSAGE_FAULTS, stream) : null;
    const delayMs = 1 + stream.integer(50);
    if (fault !== null) this.noteFault(fault, nodeId);
    if (fault === 'message-lost') return;
    const lateMs = fault === null ? 0 : drawLongDelayMs(stream);
    this.at(this.nowMs + delayMs + (fault === 'message-late' ? lateMs : 0), deliver);
    if (fault === 'message-twice') this.at(this.nowMs + delayMs + lateMs, deliver);
  }

  /** An event reaches a service now. What is down misses it; the sender is not told. */
  deliver(endpoint: Endpoint, event: ServiceEvent): void {
    if (endpoint.status !== 'up') return;
    const { mix, streams } = this.#options;
    const crash = this.isFaulty ? drawFault(mix, CRASH_FAULTS, streams.crashes) : null;
    if (crash !== null) this.noteFault(crash, nodeOf(event));
    if (crash === 'crash-before-journal') return this.#crash(endpoint);
    const record = this.#step(endpoint, Object.freeze({ ...event, timeMs: this.nowMs }));
    if (record === null) return;
    if (crash !== 'crash-before-effects') this.#begin(endpoint, record.effects);
    if (crash !== null) this.#crash(endpoint, crash === 'crash-before-effects');
  }

  #step(endpoint: Endpoint, event: ServiceEvent): EndpointRecord | null {
    this.events += 1;
    this.digest.add(endpoint.name);
    this.digest.add(event);
    try {
      const record = endpoint.step(event);
      for (const effect of record.effects) this.digest.add(effect);
      if (this.#options.trace !== null) this.#traceRecord(endpoint, record);
      this.checker.record(endpoint.name, record, this.nowMs);
      return record;
    } catch (error) {
      // A throw is a bug in the service, and a finding like any other.
      const reason = error instanceof OcxError ? error.message : String(error);
      this.checker.report('no step throws', `${endpoint.name} at ${event.kind}: ${reason}`);
      endpoint.status = 'dead';
      return null;
    }
  }

  #begin(endpoint: Endpoint, effects: readonly ServiceEffect[]): void {
    for (const effect of effects) this.#beginOne(endpoint, effect);
  }

  #beginOne(endpoint: Endpoint, effect: ServiceEffect): void {
    if (isHardwareEffect(effect)) return this.#courier.perform(endpoint, effect);
    switch (effect.kind) {
      case 'SetTimer':
        return this.#setTimer(endpoint, (effect as SetTimer).timerId, (effect as SetTimer).atMs);
      case 'CancelTimer':
        return this.#cancelTimer(endpoint, (effect as CancelTimer).timerId);
      case 'Reply': {
        const reply = effect as Reply;
        return this.#sendTo(reply.to, { kind: 'ReplyReceived', timeMs: 0, reply });
      }
      case 'Notify': {
        const { to, notice } = effect as ServiceEffect & { to: Principal; notice: object };
        return this.#sendTo(to, { kind: 'NoticeReceived', timeMs: 0, notice });
      }
      case 'Request':
      case 'ReportVerdict':
        return this.#sendCommand(endpoint, effect as never);
      default:
        // What an orchestrator tells its own cluster ends here.
        return;
    }
  }

  #sendTo(principal: Principal, event: ServiceEvent & Record<string, unknown>): void {
    const receiver = this.#receivers.get(principalName(principal));
    if (receiver === undefined) return;
    this.send(() => receiver(event), nodeOf(event));
  }

  #sendCommand(
    endpoint: Endpoint,
    effect: { readonly service: string; readonly command: { readonly kind: string } },
  ): void {
    const to = this.endpoints.get(effect.service);
    if (to === undefined) return;
    const from = this.#principals.get(endpoint.name);
    const event = { ...effect.command, from, timeMs: 0 };
    this.send(() => this.deliver(to, event), nodeOf(event));
  }

  /** As whom a service speaks to the others. */
  setPrincipal(endpoint: Endpoint, principal: Principal): void {
    this.#principals.set(endpoint.name, principal);
  }

  #setTimer(endpoint: Endpoint, timerId: string, atMs: TimeMs): void {
    const timers = this.#timers.get(endpoint.name)!;
    this.#cancelTimer(endpoint, timerId);
    const token = this.at(atMs, () => {
      timers.delete(timerId);
      this.deliver(endpoint, { kind: 'TimerFired', timeMs: 0, timerId } as ServiceEvent);
    });
    timers.set(timerId, token);
  }

  #cancelTimer(endpoint: Endpoint, timerId: string): void {
    const timers = this.#timers.get(endpoint.name)!;
    const token = timers.get(timerId);
    if (token === undefined) return;
    this.#queue.cancel(token);
    timers.delete(timerId);
  }

  /** @param unsent whether messages of the last record certainly did not leave */
  #crash(endpoint: Endpoint, unsent = false): void {
    if (endpoint.status !== 'up') return;
    endpoint.crash();
    const timers = this.#timers.get(endpoint.name)!;
    for (const token of timers.values()) this.#queue.cancel(token);
    timers.clear();
    const { streams, faultsEndMs } = this.#options;
    const downMs = drawLongDelayMs(streams.crashes);
    // Whatever was down comes back when the faults end.
    const backMs = Math.min(this.nowMs + downMs, Math.max(this.nowMs + 1, faultsEndMs));
    // Nobody knows whether the last messages left; they may well leave twice.
    const sendsAgain = unsent || streams.crashes.uniform() < 0.5;
    this.at(backMs, () => this.#recover(endpoint, sendsAgain));
  }

  #recover(endpoint: Endpoint, sendsAgain: boolean): void {
    if (endpoint.status !== 'down') return;
    try {
      const { timers, openEffects, lastRecord } = endpoint.restart();
      this.checker.isUp(endpoint.name, this.nowMs);
      for (const [timerId, atMs] of timers) this.#setTimer(endpoint, timerId, atMs);
      // What the service has given up waiting for is not begun again.
      for (const effect of openEffects) {
        if (effect.deadlineMs > this.nowMs) this.#courier.perform(endpoint, effect, true);
      }
      if (lastRecord !== null && sendsAgain) {
        this.#begin(endpoint, lastRecord.effects.filter(isMessage));
      }
    } catch (error) {
      const reason = error instanceof OcxError ? error.message : String(error);
      this.checker.report('a replay gives the same', reason);
      endpoint.status = 'dead';
    }
  }

  /** A party that never answers again. */
  die(name: string, fault: Fault): void {
    const endpoint = this.endpoints.get(name);
    if (endpoint === undefined || endpoint.status === 'dead') return;
    this.noteFault(fault, null);
    this.#crash(endpoint);
    endpoint.status = 'dead';
  }

  /** @param by who does it with the BMC's credential; null: the power fails */
  cyclePower(nodeId: string, by: string | null): void {
    const node = this.hardware.node(nodeId);
    if (node === undefined || node.power === 'off') return;
    if (by !== null && node.bmcGrantee !== by) return;
    this.noteFault('power-cycle', nodeId);
    this.hardware.powerCycle(nodeId, this.nowMs);
  }

  breakNode(nodeId: string): void {
    this.noteFault('node-breaks', nodeId);
    this.hardware.failNode(nodeId);
  }

  /** What became of an effect reaches the run of the service that asked for it, if it still runs. */
  answer(endpoint: Endpoint, epoch: number, effect: HardwareEffect, outcome: HardwareOutcome) {
    if (endpoint.epoch !== epoch) return;
    this.deliver(endpoint, {
      kind: 'EffectOutcome',
      timeMs: 0,
      effectId: effect.effectId,
      outcome,
    } as ServiceEvent);
  }

  /** An effect reaches its device now. */
  land(effect: HardwareEffect): HardwareOutcome {
    const outcome = this.hardware.apply(effect, this.nowMs);
    this.digest.add(outcome.status);
    if (this.#options.trace !== null) {
      const nodeId = 'nodeId' in effect ? effect.nodeId : null;
      this.trace(`lands ${JSON.stringify(effect)} ${outcome.status}`, nodeId);
    }
    this.checker.landed(effect, outcome, this.nowMs);
    return outcome;
  }

  observe(nodeId: string): NodeObservation | null {
    const node = this.hardware.node(nodeId);
    return node === undefined ? null : this.hardware.observe(node);
  }
}

function isMessage(effect: ServiceEffect): boolean {
  return !isHardwareEffect(effect) && effect.kind !== 'SetTimer' && effect.kind !== 'CancelTimer';
}

export function principalName(principal: Principal): string {
  return `${principal.role}/${principal.name}`;
}

/** The node that an event is about, if it is about one. */
function nodeOf(event: object): string | null {
  const { nodeId, effectId, notice } = event as {
    nodeId?: string;
    effectId?: string;
    notice?: { nodeId?: string };
  };
  if (nodeId !== undefined) return nodeId;
  if (notice?.nodeId !== undefined) return notice.nodeId;
  // The isolation service's effects are numbered per node.
  if (effectId !== undefined && effectId.includes('#')) {
    return effectId.slice(0, effectId.lastIndexOf('#'));
  }
  return null;
}
