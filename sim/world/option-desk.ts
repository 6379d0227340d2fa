/** Options of one exchange: tells holders and writers, calls them in an emergency, ends them. */
import type { Carrier } from '../../core/kernel/carried.ts';
import { MINUTE_MS } from '../../core/kernel/units.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { OptionContract } from '../../core/market/options/option.ts';
import type { MarketEffect, MarketEvent } from '../../core/market/protocol.ts';
import type { OptionOutcome } from '../../core/metrics/outcome.ts';
import type { Member } from './member.ts';

export interface OptionDeskPorts {
  /** By the name under which they trade. */
  readonly members: ReadonlyMap<string, Member>;
  post(event: MarketEvent): void;
  /** Does all that is in line at this instant. */
  drain(): void;
  /** Whether what happens now counts. */
  isMeasured(atMs: TimeMs): boolean;
}

export class OptionDesk {
  readonly #ports: OptionDeskPorts;
  readonly #live = new Map<string, OptionContract>();
  /** Contract id → when it was called. */
  readonly #calls = new Map<string, TimeMs>();
  #commands = 0;
  readonly outcome: OptionOutcome = {
    written: 0,
    nodes: 0,
    premiumMillicredits: 0,
    called: 0,
    deliveredInTime: 0,
    expired: 0,
  };

  constructor(ports: OptionDeskPorts) {
    this.#ports = ports;
  }

  onEffect(effect: MarketEffect, nowMs: TimeMs): void {
    switch (effect.kind) {
      case 'OptionFormed': {
        const { option } = effect;
        this.#live.set(option.optionId, option);
        this.#options(option.holder)?.hold(option);
        this.#options(option.writer)?.write(option);
        if (!this.#ports.isMeasured(nowMs)) return;
        this.outcome.written += 1;
        this.outcome.nodes += option.nodes;
        this.outcome.premiumMillicredits += option.premiumMillicredits;
        return;
      }
      case 'OptionExercised':
        this.#calls.set(effect.contractId, nowMs);
        if (this.#ports.isMeasured(nowMs)) this.outcome.called += 1;
        this.#end(effect.optionId);
        return;
      case 'OptionExpired':
        if (this.#ports.isMeasured(nowMs)) this.outcome.expired += 1;
        this.#end(effect.optionId);
        return;
      default:
    }
  }

  #end(optionId: string): void {
    const option = this.#live.get(optionId);
    if (!option) return;
    this.#live.delete(optionId);
    this.#options(option.holder)?.drop(optionId);
    this.#options(option.writer)?.drop(optionId);
  }

  /** Before a round: what is over is over. */
  expire(nowMs: TimeMs): void {
    const from = { role: 'admin', name: 'clock' } as const;
    this.#ports.post({ kind: 'ExpireOptions', timeMs: nowMs, commandId: `expire/${nowMs}`, from });
    this.#ports.drain();
  }

  /** Calls what the holder's emergency lacks, as far as its options go; those that end first first. */
  call(member: Member, nowMs: TimeMs): void {
    const { options } = member.cluster;
    if (!options) return;
    let { nodes } = options.toCall(nowMs);
    const { durationMs } = options.toCall(nowMs);
    const held = [...this.#live.values()]
      .filter(({ holder, startMs, endMs }) => {
        return holder === member.name && startMs <= nowMs && nowMs < endMs;
      })
      .sort((a, b) => a.endMs - b.endMs || (a.optionId < b.optionId ? -1 : 1));
    for (const option of held) {
      if (nodes <= 0) return;
      const called = Math.min(nodes, option.nodes);
      nodes -= called;
      this.#ports.post({
        kind: 'ExerciseOption',
        timeMs: nowMs,
        commandId: `call/${++this.#commands}`,
        from: { role: 'organisation', name: member.name },
        optionId: option.optionId,
        nodes: called,
        durationMs: Math.min(durationMs, option.terms.longestLeaseMs),
      });
      this.#ports.drain();
    }
  }

  /** All nodes of a contract are ready. */
  complete({ contractId, buyer }: Contract, nowMs: TimeMs): void {
    const calledMs = this.#calls.get(contractId);
    if (calledMs === undefined || !this.#ports.isMeasured(calledMs)) return;
    this.#calls.delete(contractId);
    const { tauMinutes } = this.#ports.members.get(buyer)!.organisation.policy;
    if (nowMs - calledMs <= tauMinutes * MINUTE_MS) this.outcome.deliveredInTime += 1;
  }

  #options(name: string) {
    return this.#ports.members.get(name)?.cluster.options;
  }

  carry(carrier: Carrier): void {
    carrier.fills({ live: this.#live, calls: this.#calls });
    this.#commands = carrier.value('commands', this.#commands);
    Object.assign(this.outcome, carrier.value('outcome', this.outcome));
  }
}

/** What options came to on all exchanges together. */
export function joinOptions(outcomes: readonly OptionOutcome[]): OptionOutcome {
  const total = (pick: (outcome: OptionOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + pick(outcome), 0);
  return {
    written: total(({ written }) => written),
    nodes: total(({ nodes }) => nodes),
    premiumMillicredits: total(({ premiumMillicredits }) => premiumMillicredits),
    called: total(({ called }) => called),
    deliveredInTime: total(({ deliveredInTime }) => deliveredInTime),
    expired: total(({ expired }) => expired),
  };
}
