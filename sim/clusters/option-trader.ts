/**
 * What a cluster can say and do about options: who writes them stands ready to stop work of its own
 * when it is called, who holds them can call instead of keeping nodes idle.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Spare, Want } from '../../core/agents/view.ts';
import type { TimeMs } from '../../core/kernel/units.ts';
import type { OptionContract } from '../../core/market/options/option.ts';

/**
 * A writer asks as if it were called in one hour of fifty. An assumption: emergencies in the
 * declarations of FEMA that name whole nodes for a day are rarer than that.
 */
export const CALLED_SHARE = 0.02;

/** Beginning of the id of a spare that stands ready. */
export const STAND_BY = 'stand-by';

export interface Call {
  readonly nodes: number;
  readonly durationMs: number;
}

export interface OptionTrader {
  /** Rights to call nodes that it wants in [from, until). */
  optionWants(nowMs: TimeMs, untilMs: TimeMs): readonly Want[];
  /** Nodes that it would stand ready with in [from, until). */
  optionSpares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[];
  /** It has bought one. */
  hold(option: OptionContract): void;
  /** It has written one. */
  write(option: OptionContract): void;
  /** One that it held or had written was called, or its window is over. */
  drop(optionId: string): void;
  /** What it has to call now. */
  toCall(nowMs: TimeMs): Call;
}

/** The writers' side: so many nodes of each class stand ready. */
export class WrittenOptions implements OptionTrader {
  readonly #written = new Map<string, OptionContract>();
  readonly #ready: (nodeClass: string) => number;
  readonly #nodeClasses: readonly string[];
  readonly #costPerNodeHour: number;

  /**
   * @param ready nodes of a class that could be handed over at once, whatever runs on them
   * @param costPerNodeHour what being called costs, credits
   */
  constructor(
    nodeClasses: readonly string[],
    costPerNodeHour: number,
    ready: (nodeClass: string) => number,
  ) {
    this.#nodeClasses = nodeClasses;
    this.#costPerNodeHour = costPerNodeHour;
    this.#ready = ready;
  }

  /** Nodes of a class that must not be promised to anybody else. */
  nodes(nodeClass: string): number {
    let nodes = 0;
    for (const option of this.#written.values()) {
      if (option.nodeClass === nodeClass) nodes += option.nodes;
    }
    return nodes;
  }

  optionWants(): readonly Want[] {
    return [];
  }

  optionSpares(nowMs: TimeMs, untilMs: TimeMs): readonly Spare[] {
    return this.#nodeClasses.flatMap((nodeClass): Spare[] => {
      const nodes = this.#ready(nodeClass) - this.nodes(nodeClass);
      if (nodes <= 0) return [];
      const cost = Math.round(CALLED_SHARE * this.#costPerNodeHour * 1000);
      return [
        {
          spareId: `${STAND_BY}/${nodeClass}`,
          nodeClass,
          nodes,
          fromMs: nowMs,
          untilMs,
          costMillicreditsPerNodeHour: cost,
          recallNoticeMs: null,
        },
      ];
    });
  }

  hold(): void {}

  write(option: OptionContract): void {
    this.#written.set(option.optionId, option);
  }

  drop(optionId: string): void {
    this.#written.delete(optionId);
  }

  toCall(): Call {
    return { nodes: 0, durationMs: 0 };
  }

  carry(carrier: Carrier): void {
    carrier.fill('written', this.#written);
  }
}
