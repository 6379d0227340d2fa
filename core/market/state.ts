/** What the market service remembers. */
import { invariant } from '../kernel/errors.ts';
import type { TimeMs } from '../kernel/units.ts';
import { openClearingHouse } from './clearing-house/state.ts';
import type { ClearingHouseState } from './clearing-house/state.ts';
import type { LiveContract } from './contracts.ts';
import { openMoneyLedger } from './currency.ts';
import type { EndowmentState } from './endowment.ts';
import { EPOCH_HORIZON, horizonCount, horizonOf } from './horizons.ts';
import { emptyLedger, openAccount, applyEntry, TREASURY_ACCOUNT } from './ledger.ts';
import type { LedgerState } from './ledger.ts';
import type { MechanismState, PropertyCard } from './mechanism.ts';
import { membersFault } from './members.ts';
import { mechanisms } from './mechanisms/registry.ts';
import type { LiveOption, OptionCounts } from './options/option.ts';
import type { Ask, Bid, MarketRound } from './orders.ts';
import { priceHistoryOf } from './price-history.ts';
import type { PriceHistory } from './price-history.ts';
import type { MarketConfiguration } from './protocol.ts';
import { BONDS_ACCOUNT } from './safeguards/accounts.ts';
import { emptyMemory } from './safeguards/memory.ts';
import type { SafeguardMemory } from './safeguards/memory.ts';
import { SEALS_ACCOUNT } from './sealing/seals-account.ts';
import type { SealedRound } from './sealing/sealed-round.ts';

/** Orders of one round that is not closed yet, under `organisation/own id`, in order of arrival. */
export interface RoundBook {
  readonly bids: Map<string, Bid>;
  readonly asks: Map<string, Ask>;
  /** Orders that ever came, where it counts which was first. */
  arrivals?: number;
}

export interface PendingRound {
  readonly roundId: number;
  readonly round: MarketRound;
  readonly startMs: TimeMs;
}

export interface MarketState {
  readonly configuration: MarketConfiguration;
  /** Organisation → orders that it has in open rounds. */
  readonly orderCounts: Map<string, number>;
  /** By horizon: its first round that is not closed. */
  readonly openRoundIds: number[];
  /** By round id. */
  readonly books: Map<number, RoundBook>;
  /** Closed and not solved yet. */
  pending: PendingRound | null;
  /** By horizon: what its mechanism carries from round to round. */
  readonly mechanismStates: MechanismState[];
  readonly ledger: LedgerState;
  /** Null where nobody trades in money. */
  readonly moneyLedger: LedgerState | null;
  /** By contract id; settled ones are gone. */
  readonly contracts: Map<string, LiveContract>;
  /** Options by id; those that were called or are over are gone. */
  readonly options: { readonly live: Map<string, LiveOption>; readonly counts: OptionCounts };
  /** Number of the next contract or option. */
  nextContract: number;
  readonly counts: MarketCounts;
  /** Of known classes in the epoch call; empty where nothing goes by prices. */
  readonly prices: PriceHistory;
  /** Null where nothing is shared out. */
  readonly endowment: EndowmentState | null;
  /** Null without a clearing house. */
  readonly clearingHouse: ClearingHouseState | null;
  /** Null without safeguards. */
  readonly safeguards: SafeguardMemory | null;
  /** Rounds with commitments that are not closed, by id; null where orders are not sealed. */
  readonly sealedRounds: Map<number, SealedRound> | null;
}

export interface MarketCounts {
  rounds: number;
  contractsFormed: number;
  contractsVoided: number;
  contractsSettled: number;
}

/** Orders that one organisation may have in open rounds together. */
export const MAXIMUM_OPEN_ORDERS = 10_000;

/** @throws INVARIANT_VIOLATED where the configuration makes no sense; the caller checks first */
export function initialMarketState(configuration: MarketConfiguration): MarketState {
  const horizons = Array.from({ length: horizonCount(configuration) }, (_, index) => index);
  checkHorizons(configuration);
  const ledger = emptyLedger();
  const orderCounts = new Map<string, number>();
  for (const { name, openingBalanceMillicredits } of configuration.organisations) {
    invariant(!name.includes('/') && !orderCounts.has(name), 'names are unique and without /');
    orderCounts.set(name, 0);
    openAccount(ledger, name);
    const { status } = applyEntry(ledger, {
      entryId: `opening ${name}`,
      group: 0,
      timeMs: 0,
      postings: [
        { account: TREASURY_ACCOUNT, amountMillicredits: -openingBalanceMillicredits },
        { account: name, amountMillicredits: openingBalanceMillicredits },
      ],
    });
    invariant(status === 'applied', 'opening balances are whole, safe and not negative');
  }
  if (configuration.safeguards) openAccount(ledger, BONDS_ACCOUNT);
  if (configuration.sealing) openAccount(ledger, SEALS_ACCOUNT);
  const members = configuration.members ?? [];
  invariant(membersFault(members) === null, 'members are well-formed and named once');
  invariant(
    members.every(({ organisation }) => orderCounts.has(organisation)),
    'members are organisations of the market',
  );
  return {
    configuration,
    orderCounts,
    openRoundIds: horizons,
    books: new Map(),
    pending: null,
    mechanismStates: horizons.map(() => ({})),
    ledger,
    moneyLedger: openMoneyLedger(configuration),
    contracts: new Map(),
    options: { live: new Map(), counts: { written: 0, voided: 0, exercised: 0, expired: 0 } },
    nextContract: 1,
    counts: { rounds: 0, contractsFormed: 0, contractsVoided: 0, contractsSettled: 0 },
    sealedRounds: configuration.sealing ? new Map() : null,
    prices: priceHistoryOf(knownClasses(configuration)),
    endowment: openEndowment(configuration),
    clearingHouse: openClearingHouse(configuration, ledger),
    safeguards: configuration.safeguards ? emptyMemory() : null,
  };
}

/** Classes whose prices something goes by. */
function knownClasses({ safeguards, clearingHouse }: MarketConfiguration): string[] {
  const guarded = safeguards?.nodeClasses.map(({ nodeClass }) => nodeClass) ?? [];
  return [...new Set([...guarded, ...(clearingHouse?.nodeClasses ?? [])])];
}

function openEndowment({ endowment }: MarketConfiguration): EndowmentState | null {
  return endowment ? { delivered: new Map(), lastMs: endowment.startMs } : null;
}

function checkHorizons(configuration: MarketConfiguration): void {
  const names = new Set<string>();
  for (let index = 0; index < horizonCount(configuration); index++) {
    const { name, mechanism, slotMs, horizonSlots } = horizonOf(configuration, index);
    invariant(mechanisms.has(mechanism), 'the mechanism is in the registry');
    invariant(!names.has(name), 'horizons have names of their own');
    invariant((name === EPOCH_HORIZON) === (index === 0), 'the epoch call comes first');
    invariant(slotMs > 0 && horizonSlots > 0, 'a horizon has slots');
    names.add(name);
  }
}

/** What the mechanism of the round's horizon claims. */
export function claimsOf(configuration: MarketConfiguration, roundId: number): PropertyCard {
  return mechanisms.get(horizonOf(configuration, roundId).mechanism)!.properties;
}
