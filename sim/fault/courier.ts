/** Carries effects to devices and answers back, with everything that can happen on the way. */
import type { NodeObservation } from '../../core/allocator/protocol.ts';
import type { RandomStream } from '../../core/kernel/random.ts';
import { ok } from '../../core/kernel/service.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import { DEVICE_ERROR, DEVICE_TIMEOUT } from '../hardware/failures.ts';
import type { HardwareEffect, HardwareOutcome, HardwareValue } from '../hardware/effects.ts';
import type { Endpoint } from './endpoint.ts';
import { drawFault, drawLongDelayMs, EFFECT_FAULTS } from './fault-mix.ts';
import type { EffectFault } from './fault-mix.ts';
import { QuoteFaults } from './quote-faults.ts';
import type { FaultWorld, WorldOptions } from './world.ts';

/** Oldest state that a stale read-back shows. */
export const STALENESS_MAXIMUM_MS = 20_000;
/** States that a node's history keeps. */
const HISTORY_LENGTH = 16;

/** What a confused device may answer; none of it is an observation, evidence, quote or nonce. */
const GARBLED: readonly unknown[] = [undefined, null, {}, [], { power: 'on', ports: 7 }, -1];

interface PastState {
  readonly atMs: TimeMs;
  readonly observation: NodeObservation;
}

/** An effect on its way, and the run of the service that its outcome is for. */
interface Task {
  readonly endpoint: Endpoint;
  readonly epoch: number;
  readonly effect: HardwareEffect;
  readonly isRepeated: boolean;
  readonly fault: EffectFault | null;
}

export class Courier {
  readonly #world: FaultWorld;
  readonly #options: WorldOptions;
  readonly #stream: RandomStream;
  readonly #quotes: QuoteFaults;
  /** Node → its states, oldest first; for read-backs that come from a cache. */
  readonly #history = new Map<string, PastState[]>();

  constructor(world: FaultWorld, options: WorldOptions) {
    this.#world = world;
    this.#options = options;
    this.#stream = options.streams.effects;
    this.#quotes = new QuoteFaults(world, options);
  }

  /**
   * Begins an effect; its outcome comes to the endpoint's present run, if at all.
   *
   * @param isRepeated an earlier run may have begun it too: that this time nothing happened says
   *   nothing about that time, so that `noEffect` must not be reported
   */
  perform(endpoint: Endpoint, effect: HardwareEffect, isRepeated = false): void {
    const world = this.#world;
    const fault = this.#drawFault(effect);
    const task: Task = { endpoint, epoch: endpoint.epoch, effect, isRepeated, fault };
    const dueMs = this.#world.hardware.dueMs(effect, world.nowMs) + this.#stream.integer(100);
    const deadlineMs = Math.max(effect.deadlineMs, world.nowMs + 1);
    const answer = (outcome: HardwareOutcome, atMs: TimeMs) =>
      world.at(atMs, () => this.#answer(task, outcome));
    switch (fault) {
      case 'effect-refused':
        answer(DEVICE_ERROR, dueMs);
        return;
      case 'effect-vanished':
        return;
      case 'effect-lost':
        answer(DEVICE_TIMEOUT, deadlineMs);
        return;
      case 'device-lies':
        this.#options.checker.lied(effect);
        answer(ok, dueMs);
        return;
      case 'lands-late':
        answer(DEVICE_TIMEOUT, deadlineMs);
        world.at(deadlineMs + drawLongDelayMs(this.#stream), () => {
          this.#answer(task, this.#land(effect, null));
        });
        return;
      default:
        world.at(dueMs, () => this.#landInTime(task));
        if (dueMs > deadlineMs) answer(DEVICE_TIMEOUT, deadlineMs);
    }
  }

  #answer({ endpoint, epoch, effect, isRepeated }: Task, outcome: HardwareOutcome): void {
    const isUnknown = isRepeated && outcome.status === 'noEffect';
    this.#world.answer(endpoint, epoch, effect, isUnknown ? DEVICE_TIMEOUT : outcome);
  }

  #landInTime(task: Task): void {
    const world = this.#world;
    const { effect, fault } = task;
    const outcome = this.#land(effect, fault);
    const answer = (given: HardwareOutcome, delayMs: number) =>
      world.at(world.nowMs + delayMs, () => this.#answer(task, given));
    switch (fault) {
      case 'answer-vanished':
        return;
      case 'answer-uncertain':
        answer(DEVICE_TIMEOUT, Math.max(0, effect.deadlineMs - world.nowMs));
        return;
      case 'answer-late':
        answer(outcome, drawLongDelayMs(this.#stream));
        return;
      case 'answer-garbled':
        answer({ status: 'ok', value: this.#garbled() }, 0);
        return;
      case 'answer-twice':
        answer(outcome, 0);
        answer(outcome, drawLongDelayMs(this.#stream));
        return;
      case 'lands-twice':
        answer(outcome, 0);
        world.at(world.nowMs + drawLongDelayMs(this.#stream), () => {
          this.#answer(task, this.#land(effect, null));
        });
        return;
      default:
        this.#answer(task, outcome);
    }
  }

  #garbled(): HardwareValue {
    return GARBLED[this.#stream.integer(GARBLED.length)] as HardwareValue;
  }

  #drawFault(effect: HardwareEffect): EffectFault | null {
    const { mix } = this.#options;
    if (!this.#world.isFaulty) return null;
    const fault = drawFault(mix, EFFECT_FAULTS, this.#stream);
    if (fault === null || !befalls(fault, effect)) return null;
    this.#world.noteFault(fault, 'nodeId' in effect ? effect.nodeId : null);
    return fault;
  }

  #land(effect: HardwareEffect, fault: EffectFault | null): HardwareOutcome {
    const world = this.#world;
    this.#quotes.beforeLanding(effect);
    const outcome = world.land(effect);
    if (effect.kind === 'ObserveNode') {
      return fault === 'read-back-stale' ? this.#staleReadBack(effect.nodeId) : outcome;
    }
    if (effect.kind === 'RequestQuote') {
      const arrived = this.#quotes.arrive(effect, outcome);
      if (arrived.isGenuine) this.#options.checker.quoted(effect, outcome);
      return arrived.outcome;
    }
    if ('nodeId' in effect) this.#remember(effect.nodeId);
    return outcome;
  }

  #remember(nodeId: string): void {
    const observation = this.#world.observe(nodeId);
    if (observation === null) return;
    let states = this.#history.get(nodeId);
    if (states === undefined) this.#history.set(nodeId, (states = []));
    states.push({ atMs: this.#world.nowMs, observation });
    if (states.length > HISTORY_LENGTH) states.shift();
  }

  #staleReadBack(nodeId: string): HardwareOutcome {
    const atMs = this.#world.nowMs - 1 - this.#stream.integer(STALENESS_MAXIMUM_MS);
    const states = this.#history.get(nodeId) ?? [];
    let value = states[0]?.observation ?? this.#world.observe(nodeId)!;
    for (const state of states) if (state.atMs <= atMs) value = state.observation;
    return { status: 'ok', value };
  }
}

/** A wipe's evidence is signed by what wiped: it may get lost, but it does not lie. */
function befalls(fault: EffectFault, effect: HardwareEffect): boolean {
  switch (fault) {
    case 'device-lies':
      return (
        effect.kind === 'PowerOn' ||
        effect.kind === 'PowerOff' ||
        effect.kind === 'SetBootDevice' ||
        effect.kind === 'RotateBmcToken' ||
        effect.kind === 'ConfigurePort'
      );
    case 'read-back-stale':
      return effect.kind === 'ObserveNode';
    case 'answer-garbled':
      return (
        effect.kind === 'ObserveNode' ||
        effect.kind === 'WipeNode' ||
        effect.kind === 'RequestQuote' ||
        effect.kind === 'MakeNonce'
      );
    default:
      return true;
  }
}
