/** A market as journals have it: the simulator's, or that of an exchange, whose solver is outside. */
import type { EffectOutcome } from '../core/kernel/service.ts';
import { exchangeService } from '../core/market/exchange/exchange.ts';
import type { SolvedRound } from '../core/market/exchange/protocol.ts';
import type { ExchangeState } from '../core/market/exchange/state.ts';
import type { RoundSolved, SolveRound } from '../core/market/protocol.ts';
import { marketService } from '../core/market/service.ts';
import type { MarketState } from '../core/market/service.ts';
import type { AnyService } from './services.ts';

export interface JournalledMarket {
  readonly service: AnyService;
  marketOf(state: unknown): MarketState;
  /** The solution that the event brings to what was asked; null: none. */
  solution(event: { readonly kind: string }, asked: SolveRound): SolvedRound | null;
}

const MARKETS: ReadonlyMap<string, JournalledMarket> = new Map([
  [
    marketService.name,
    {
      service: marketService as unknown as AnyService,
      marketOf: (state) => state as MarketState,
      solution: (event) => (event.kind === 'RoundSolved' ? (event as RoundSolved) : null),
    },
  ],
  [
    exchangeService.name,
    {
      service: exchangeService as unknown as AnyService,
      marketOf: (state) => (state as ExchangeState).market,
      solution(event, asked) {
        if (event.kind !== 'EffectOutcome') return null;
        const { effectId, outcome } = event as EffectOutcome<SolvedRound>;
        const isItsOwn = effectId === (asked as { effectId?: string }).effectId;
        return isItsOwn && outcome.status === 'ok' ? outcome.value : null;
      },
    },
  ],
]);

/** Null for a journal of another service. */
export function journalledMarket(service: string | undefined): JournalledMarket | null {
  return MARKETS.get(service ?? '') ?? null;
}
