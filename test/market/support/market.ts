/** A market service that is driven by hand, its rounds solved at once. */
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import type { Ask, Bid } from '../../../core/market/orders.ts';
import type {
  MarketConfiguration,
  MarketEffect,
  MarketEvent,
  RecordedClearing,
  RoundSolved,
  SolveRound,
} from '../../../core/market/protocol.ts';
import {
  checkMarketInvariants,
  marketService,
  recordClearing,
} from '../../../core/market/service.ts';

export const ADMIN = { role: 'admin', name: 'clock' } as const;
export const ISOLATION = { role: 'service', name: 'isolation' } as const;

export const CONFIGURATION: MarketConfiguration = {
  mechanism: 'exchange-threshold',
  parameters: {},
  slotMs: 900_000,
  horizonSlots: 8,
  seed: 'market',
  buyerDepositPartsPerMillion: 100_000,
  sellerDepositPartsPerMillion: 100_000,
  organisations: ['alpha', 'beta', 'gamma'].map((name) => ({
    name,
    openingBalanceMillicredits: 1_000_000,
  })),
  isolationService: 'isolation',
};

export class DrivenMarket {
  readonly state;
  readonly effects: MarketEffect[] = [];
  readonly events: MarketEvent[] = [];
  #commands = 0;

  constructor(configuration: Partial<MarketConfiguration> = {}) {
    this.state = marketService.initial({ ...CONFIGURATION, ...configuration });
  }

  /** @throws where an invariant does not hold afterwards */
  post(event: MarketEvent): readonly MarketEffect[] {
    this.events.push(structuredClone(event));
    const { effects } = marketService.step(this.state, event);
    this.effects.push(...effects);
    const violations = checkMarketInvariants(this.state);
    if (violations.length > 0) throw new Error(`${event.kind}: ${violations.join('; ')}`);
    return effects;
  }

  /** The refusal's code of the reply, or null. */
  command(
    command: { readonly kind: MarketEvent['kind'] } & Record<string, unknown>,
    from: { readonly role: string; readonly name: string },
    timeMs = 0,
  ): string | null {
    const commandId = `command ${++this.#commands}`;
    const effects = this.post({ timeMs, ...command, from, commandId } as unknown as MarketEvent);
    const replies = effects.filter(({ kind }) => kind === 'Reply');
    if (replies.length !== 1) throw new Error(`${replies.length} replies`);
    const reply = replies[0] as Extract<MarketEffect, { kind: 'Reply' }>;
    if (reply.commandId !== commandId) throw new Error('reply to another command');
    return reply.refusal?.code ?? null;
  }

  bid(bid: Bid, roundId = 0, timeMs = 0): string | null {
    const from = { role: 'organisation', name: bid.organisation };
    return this.command({ kind: 'PostBid', roundId, bid }, from, timeMs);
  }

  ask(ask: Ask, roundId = 0, timeMs = 0): string | null {
    const from = { role: 'organisation', name: ask.organisation };
    return this.command({ kind: 'PostAsk', roundId, ask }, from, timeMs);
  }

  /** Closes a round; the effect that asks for its solution. */
  close(roundId = 0, timeMs = 0): SolveRound {
    const refused = this.command({ kind: 'CloseRound', roundId }, ADMIN, timeMs);
    if (refused) throw new Error(refused);
    return this.effects.findLast((effect) => effect.kind === 'SolveRound') as SolveRound;
  }

  /** Solves with the mechanism; `spoil` may change the clearing first. */
  solve(
    effect: SolveRound,
    timeMs = 0,
    spoil: (clearing: RecordedClearing) => unknown = (clearing) => clearing,
  ): readonly MarketEffect[] {
    const mechanism = mechanisms.get(effect.mechanism)!;
    const { clearing, state } = mechanism.clear(
      effect.round,
      effect.parameters,
      effect.mechanismState,
    );
    const solved: RoundSolved = {
      kind: 'RoundSolved',
      timeMs,
      roundId: effect.roundId,
      clearing: spoil(recordClearing(clearing)) as RecordedClearing,
      state,
      solverVersion: `${mechanism.name}/${mechanism.version}`,
    };
    return this.post(solved);
  }

  report(contractId: string, what: string, deliveredNodeMs = 0, timeMs = 0, from = ISOLATION) {
    return this.post({
      kind: 'LeaseReported',
      timeMs,
      from,
      contractId,
      what,
      deliveredNodeMs,
    } as MarketEvent);
  }

  balance(account: string): number {
    return this.state.ledger.balances.get(account) ?? 0;
  }
}

export function kinds(effects: readonly MarketEffect[]): string[] {
  return effects.map(({ kind }) => kind);
}
