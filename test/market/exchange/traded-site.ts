/** An exchange and the isolation service of its one site, joined by nothing but messages. */
import { liveMarket } from '../../../backends/runner/market.ts';
import { checkMarketInvariants } from '../../../core/market/service.ts';
import { mechanisms } from '../../../core/market/mechanisms/registry.ts';
import { recordClearing } from '../../../core/market/service.ts';
import type { ExchangeConfiguration } from '../../../core/market/exchange/configuration.ts';
import { exchangeService } from '../../../core/market/exchange/exchange.ts';
import type {
  ExchangeEffect,
  ExchangeEvent,
  LeaseRequest,
  MarketNotice,
  SolveRoundOutside,
} from '../../../core/market/exchange/protocol.ts';
import { initialExchange } from '../../../core/market/exchange/state.ts';
import type { ExchangeState } from '../../../core/market/exchange/state.ts';
import { ledgerImbalance } from '../../../core/market/ledger.ts';
import type { Outcome, Principal, Reply } from '../../../core/kernel/service.ts';
import { MINUTE_MS } from '../../../core/kernel/units.ts';
import type { Ask, Bid } from '../../../core/market/orders.ts';
import { MARKET, Site, smallSite } from '../../allocator/site.ts';
import { ask, bid } from '../support/orders.ts';

export const SLOT_MS = 15 * MINUTE_MS;
export const EPOCH_MS = 10 * MINUTE_MS;
export const RELEASE_MS = 2 * MINUTE_MS;
export const OPENING = 1_000_000;

export function exchangeConfiguration(
  more: Partial<ExchangeConfiguration['market']> = {},
  rest: Partial<ExchangeConfiguration> = {},
): ExchangeConfiguration {
  return {
    name: 'market',
    market: {
      mechanism: 'k-double-auction',
      parameters: {},
      slotMs: SLOT_MS,
      horizonSlots: 8,
      seed: 'live',
      buyerDepositPartsPerMillion: 100_000,
      sellerDepositPartsPerMillion: 100_000,
      organisations: ['org-a', 'org-b', 'org-t'].map((name) => ({
        name,
        openingBalanceMillicredits: OPENING,
      })),
      isolationService: 'isolation',
      ...more,
    },
    clocks: [{ everyMs: EPOCH_MS, leadMs: 0, revealMs: 2 * MINUTE_MS }],
    releaseMs: RELEASE_MS,
    setupMs: { none: 0, attested: MINUTE_MS, full: MINUTE_MS },
    nodeClasses: [{ name: 'standard', securityLevel: 'full' }],
    attester: 'attester',
    solveDeadlineMs: MINUTE_MS,
    ...rest,
  };
}

/** What the runner is told of the exchange. */
const LIVE = liveMarket(() => '');

type Sent = { readonly kind: ExchangeEvent['kind'] } & Record<string, unknown>;

export class TradedSite {
  readonly site: Site;
  state: ExchangeState;
  readonly configuration: ExchangeConfiguration;
  readonly events: ExchangeEvent[] = [];
  readonly effects: ExchangeEffect[] = [];
  /** What solves rounds; a test may do it badly, or not at all (null). */
  solve: (effect: SolveRoundOutside) => Outcome<unknown> | null = honestly;
  /** Whether requests reach the isolation service. */
  isReachable = true;
  /** The process dies once so many events are in its journal, before their effects begin. */
  crashAfter = Infinity;
  /** The site answers a request that comes again as it did the first time. */
  readonly #answered = new Map<string, Reply>();
  #seenNotices = 0;
  #unsent: LeaseRequest[] = [];
  readonly #timers = new Map<string, number>();
  #commands = 0;

  constructor(configuration = exchangeConfiguration(), site = smallSite({}, 3)) {
    const organisations = site.organisations!.map((organisation) =>
      organisation.name === 'org-t'
        ? { name: 'org-t', delegations: [{ service: 'market', rights: ['leasing' as const] }] }
        : organisation,
    );
    this.site = new Site({ ...site, organisations });
    this.configuration = configuration;
    this.state = initialExchange(configuration);
    this.event({ kind: 'ExchangeOpened', timeMs: 0 });
  }

  get nowMs(): number {
    return this.site.nowMs;
  }

  /** @throws where an invariant of the market does not hold afterwards */
  event(event: ExchangeEvent): readonly ExchangeEffect[] {
    this.events.push(structuredClone(event));
    const { effects } = exchangeService.step(this.state, event);
    this.effects.push(...effects);
    const violations = checkMarketInvariants(this.state.market);
    if (violations.length > 0) throw new Error(`${event.kind}: ${violations.join('; ')}`);
    if (this.events.length === this.crashAfter) this.#crash();
    else for (const effect of effects) this.#run(effect);
    return effects;
  }

  /**
   * The next process: state and timers from the journal, then what nobody has answered is asked again,
   * as the runner does it.
   */
  #crash(): void {
    this.#timers.clear();
    this.state = initialExchange(this.configuration);
    for (const event of this.events) {
      if (event.kind === 'TimerFired') this.#timers.delete(event.timerId);
      for (const effect of exchangeService.step(this.state, structuredClone(event)).effects) {
        if (effect.kind === 'SetTimer') this.#timers.set(effect.timerId, effect.atMs);
        else if (effect.kind === 'CancelTimer') this.#timers.delete(effect.timerId);
      }
    }
    for (const effect of LIVE.awaited(this.state)) this.#run(effect);
    for (const { request } of [...this.state.requests.values()]) this.#send(request);
    this.event({ kind: 'ExchangeOpened', timeMs: this.nowMs });
  }

  /** The refusal's code, or null. */
  command(from: Principal, command: Sent): string | null {
    const commandId = `command-${++this.#commands}`;
    const header = { from, commandId, timeMs: this.nowMs };
    const effects = this.event({ ...command, ...header } as unknown as ExchangeEvent);
    const replies = effects.filter((effect): effect is Reply => effect.kind === 'Reply');
    if (replies.length !== 1) throw new Error(`${replies.length} replies`);
    return replies[0]!.refusal?.code ?? null;
  }

  /** Id of the round of the epoch call that is open. */
  get roundId(): number {
    return this.state.clocks[0]!.round.roundId;
  }

  /** An ask of org-a, behind which all its nodes stand. */
  offer(of: Partial<Ask> = {}, nodeIds = ['a1', 'a2', 'a3']): void {
    const from = { role: 'organisation', name: 'org-a' } as const;
    const pledge = { kind: 'PledgeNodes', nodeClass: 'standard', nodeIds } as const;
    const order = ask('spare', { organisation: 'org-a', nodeClass: 'standard', ...of });
    this.#accept(from, pledge);
    this.#accept(from, { kind: 'PostAsk', roundId: this.roundId, ask: order });
  }

  /** A bid of org-t. */
  want(of: Partial<Bid['options'][number]> = {}, more: Partial<Bid> = {}): void {
    const from = { role: 'organisation', name: 'org-t' } as const;
    const order = bid('want', { nodeClass: 'standard', ...of }, { organisation: 'org-t', ...more });
    this.#accept(from, { kind: 'PostBid', roundId: this.roundId, bid: order });
  }

  #accept(from: Principal, command: Sent): void {
    const code = this.command(from, command);
    if (code !== null) throw new Error(`${command.kind}: ${code}`);
  }

  runUntil(untilMs: number): void {
    for (;;) {
      const nextMs = Math.min(...this.#timers.values());
      // The site's own events in between first, in small pieces, so that notices arrive in time.
      const stepMs = Math.min(untilMs, nextMs, this.nowMs + 1_000);
      this.site.runUntil(stepMs);
      this.#listen();
      for (const [timerId, atMs] of [...this.#timers]) {
        if (atMs > this.nowMs || this.#timers.get(timerId) !== atMs) continue;
        this.#timers.delete(timerId);
        this.event({ kind: 'TimerFired', timeMs: this.nowMs, timerId });
      }
      if (this.nowMs >= untilMs) return;
    }
  }

  run(durationMs: number): void {
    this.runUntil(this.nowMs + durationMs);
  }

  /** Time passes and the process of the exchange is not there; what its timers missed, they do after. */
  sleepUntil(untilMs: number): void {
    this.site.runUntil(untilMs);
    this.event({ kind: 'ExchangeOpened', timeMs: this.nowMs });
    this.runUntil(untilMs);
  }

  /** Sends what could not be sent. */
  reach(): void {
    this.isReachable = true;
    for (const request of this.#unsent.splice(0)) this.#send(request);
  }

  told(name: string, kind: MarketNotice['kind']): MarketNotice[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'Tell' && effect.to.name === name && effect.notice.kind === kind
        ? [effect.notice]
        : [],
    );
  }

  /** How the contracts ended: `outcome delivered paid received`. */
  settled(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'ContractSettled'
        ? [
            `${effect.outcome} ${effect.deliveredNodeMs} ` +
              `${effect.buyerPaidMillicredits} ${effect.sellerReceivedMillicredits}`,
          ]
        : [],
    );
  }

  balance(name: string): number {
    return this.state.market.ledger.balances.get(name)!;
  }

  imbalance(): number {
    return ledgerImbalance(this.state.market.ledger);
  }

  #run(effect: ExchangeEffect): void {
    if (effect.kind === 'SetTimer') this.#timers.set(effect.timerId, effect.atMs);
    else if (effect.kind === 'CancelTimer') this.#timers.delete(effect.timerId);
    else if (effect.kind === 'Request') this.#send(effect);
    else if (effect.kind === 'SolveRound') {
      const outcome = this.solve(effect);
      const { effectId } = effect;
      if (outcome) this.#outcome(effectId, outcome);
    } else if (effect.kind === 'ReadJournalHead') {
      const head = String(this.events.length).padStart(64, '0');
      this.#outcome(effect.effectId, { status: 'ok', value: { head } });
    }
  }

  #outcome(effectId: string, outcome: Outcome<unknown>): void {
    this.event({ kind: 'EffectOutcome', timeMs: this.nowMs, effectId, outcome } as ExchangeEvent);
  }

  #send(request: LeaseRequest): void {
    if (!this.isReachable) {
      this.#unsent.push(request);
      return;
    }
    const command = { ...request.command, timeMs: this.nowMs, from: MARKET };
    const { commandId } = command;
    let reply = this.#answered.get(commandId);
    if (!reply) {
      const effects = this.site.event(command as never);
      reply = effects.find((effect) => effect.kind === 'Reply') as Reply;
      this.#answered.set(commandId, reply);
    }
    this.event({ kind: 'ReplyReceived', timeMs: this.nowMs, reply });
  }

  #listen(): void {
    const { effects } = this.site;
    for (; this.#seenNotices < effects.length; this.#seenNotices++) {
      const effect = effects[this.#seenNotices]!;
      if (effect.kind !== 'Notify' || effect.to.name !== 'market') continue;
      const { notice } = effect;
      this.event({ kind: 'NoticeReceived', timeMs: this.nowMs, service: 'isolation', notice });
    }
  }
}

export function honestly(effect: SolveRoundOutside): Outcome<unknown> {
  const { mechanism: name, round, parameters, mechanismState } = effect;
  const mechanism = mechanisms.get(name)!;
  const { clearing, state } = mechanism.clear(round, parameters, mechanismState);
  const solverVersion = `${mechanism.name}/${mechanism.version}`;
  return { status: 'ok', value: { clearing: recordClearing(clearing), state, solverVersion } };
}
