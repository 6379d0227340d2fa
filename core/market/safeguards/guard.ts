/**
 * Runs the configured safeguards at their moments. Made anew for each event; without safeguards
 * every method leaves things as they are.
 */
import type { Refusal } from '../../kernel/errors.ts';
import type { TimeMs } from '../../kernel/units.ts';
import type { LiveContract } from '../contracts.ts';
import { horizonIndex, horizonOf } from '../horizons.ts';
import { applyPassing } from '../ledger.ts';
import type { LedgerEntry } from '../ledger.ts';
import type { Ask, Bid, Clearing, MarketRound } from '../orders.ts';
import type { MarketEffect } from '../protocol.ts';
import type { MarketState } from '../state.ts';
import { safeguardsOf } from './registry.ts';
import type { Safeguard, SafeguardDesk, SettledContract } from './safeguard.ts';

/** Limits that hold for the next round, as they are published. */
export interface PublishedLimits {
  readonly collar: readonly {
    readonly nodeClass: string;
    readonly lowMillicredits: number;
    readonly highMillicredits: number | null;
  }[];
  readonly recallPenaltyFloor: readonly {
    readonly nodeClass: string;
    readonly partsPerMillion: number;
  }[];
  readonly haltedRounds: number;
}

export interface GuardedEvent {
  readonly timeMs: TimeMs;
  readonly roundId: number;
  /** Start of the round's slot 0. */
  readonly startMs?: TimeMs;
}

export class Guard {
  readonly #state: MarketState;
  readonly #safeguards: readonly Safeguard[];
  readonly #event: GuardedEvent;
  readonly #effects: MarketEffect[];
  readonly #settleUntaken: (live: LiveContract) => void;

  /** @param settleUntaken ends a contract as if its buyer had not taken the nodes */
  constructor(
    state: MarketState,
    event: GuardedEvent,
    effects: MarketEffect[],
    settleUntaken: (live: LiveContract) => void = () => undefined,
  ) {
    this.#state = state;
    this.#safeguards = safeguardsOf(state.configuration);
    this.#event = event;
    this.#effects = effects;
    this.#settleUntaken = settleUntaken;
  }

  admitBid(bid: Bid): Refusal | null {
    return this.#first((safeguard, desk) => safeguard.admitBid?.(bid, desk) ?? null);
  }

  admitAsk(ask: Ask): Refusal | null {
    return this.#first((safeguard, desk) => safeguard.admitAsk?.(ask, desk) ?? null);
  }

  admitted(order: Bid | Ask): void {
    for (const safeguard of this.#safeguards) safeguard.admitted?.(order, this.deskOf(safeguard));
  }

  /** What the solver gets. */
  close(round: MarketRound): MarketRound {
    const acting = this.#acting();
    for (const safeguard of acting) safeguard.beforeRound?.(this.deskOf(safeguard), round);
    let shaped = round;
    for (const safeguard of acting) {
      shaped = safeguard.shape?.(shaped, this.deskOf(safeguard)) ?? shaped;
    }
    return shaped;
  }

  cleared(clearing: Clearing, round: MarketRound): void {
    for (const safeguard of this.#acting()) {
      safeguard.cleared?.(clearing, round, this.deskOf(safeguard));
    }
  }

  settled(contract: SettledContract): void {
    for (const safeguard of this.#safeguards) safeguard.settled?.(contract, this.deskOf(safeguard));
  }

  /** For the round after this one; nothing without safeguards. */
  published(): { readonly limits?: PublishedLimits } {
    const { safeguards: memory } = this.#state;
    if (!memory) return {};
    const { collar, recallFloor, haltedRounds } = memory;
    return {
      limits: {
        collar: [...collar].map(([nodeClass, band]) => ({ nodeClass, ...band })),
        recallPenaltyFloor: [...recallFloor].map(([nodeClass, partsPerMillion]) => ({
          nodeClass,
          partsPerMillion,
        })),
        haltedRounds,
      },
    };
  }

  /** The desk of one safeguard, in whose name it speaks. */
  deskOf({ name }: Pick<Safeguard, 'name'>): SafeguardDesk {
    const { timeMs, roundId, startMs = timeMs } = this.#event;
    const effects = this.#effects;
    const ledger = this.#state.ledger;
    return {
      market: this.#state,
      memory: this.#state.safeguards!,
      prices: this.#state.prices,
      timeMs,
      roundId,
      startMs,
      trigger: (why) =>
        effects.push({ kind: 'SafeguardTriggered', safeguard: name, roundId, ...why }),
      pay: (from, to, amountMillicredits) => {
        const entry: LedgerEntry = {
          entryId: `${name} ${ledger.entries}`,
          group: 0,
          timeMs,
          postings: [
            { account: from, amountMillicredits: -amountMillicredits },
            { account: to, amountMillicredits },
          ],
        };
        if (applyPassing(ledger, entry).status !== 'applied') return false;
        effects.push({ kind: 'LedgerEntry', entry });
        return true;
      },
      release: this.#settleUntaken,
      callRound: (reason) => effects.push({ kind: 'RoundCalled', roundId, reason }),
    };
  }

  #first(fault: (safeguard: Safeguard, desk: SafeguardDesk) => Refusal | null): Refusal | null {
    for (const safeguard of this.#safeguards) {
      const refusal = fault(safeguard, this.deskOf(safeguard));
      if (refusal) return refusal;
    }
    return null;
  }

  /** Prices are those of the epoch call; in other horizons only what has none to go by acts. */
  #acting(): readonly Safeguard[] {
    if (this.#isEpoch()) return this.#safeguards;
    const { option } = horizonOf(this.#state.configuration, this.#event.roundId);
    return option ? [] : this.#safeguards.filter(({ everyHorizon }) => everyHorizon);
  }

  #isEpoch(): boolean {
    return horizonIndex(this.#state.configuration, this.#event.roundId) === 0;
  }
}
