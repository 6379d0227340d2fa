/**
 * What crosses the border of the market service: orders in, contracts and prices out, and the
 * round that the world solves for it.
 *
 * The market never sees a node. It says who holds which nodes of which class for how long and at
 * what price; the owner's isolation service turns that into a lease and reports what became of it.
 */
import type { Refusal } from '../kernel/errors.ts';
import type { Command, Principal, Reply, ServiceEffect, ServiceEvent } from '../kernel/service.ts';
import type { Millicredits, NodeMs, TimeMs } from '../kernel/units.ts';
import type { ClearingHouseConfiguration } from './clearing-house/configuration.ts';
import type { Contract, ContractState, LeaseReportKind } from './contracts.ts';
import type { Currency, MoneyTerms } from './currency.ts';
import type { EndowmentTerms } from './endowment.ts';
import type { MarketHorizon } from './horizons.ts';
import type { LedgerEntry } from './ledger.ts';
import type { MechanismParameters, MechanismState } from './mechanism.ts';
import type { OptionContract } from './options/option.ts';
import type { SafeguardConfiguration } from './safeguards/configuration.ts';
import type { Fine } from './safeguards/safeguard.ts';
import type { PublishedLimits } from './safeguards/guard.ts';
import type { SealingCommand, SealingEffect, SealingTerms } from './sealing/protocol.ts';
import type {
  Ask,
  Bid,
  ClassPrice,
  Fill,
  MarketRound,
  RoundMember,
  SearchReport,
  SlotPrice,
} from './orders.ts';

export interface MarketConfiguration {
  readonly mechanism: string;
  readonly parameters: MechanismParameters;
  readonly slotMs: number;
  readonly horizonSlots: number;
  /** Further horizons: forward, spot, options; `mechanism` … `horizonSlots` are the epoch call's. */
  readonly horizons?: readonly MarketHorizon[];
  /** A round draws from a stream that is named before any order of it is known. */
  readonly seed: string;
  /** Share of the price that the buyer locks until the contract is settled. */
  readonly buyerDepositPartsPerMillion: number;
  /** Share of the receipt that the seller locks until the contract is settled. */
  readonly sellerDepositPartsPerMillion: number;
  /** Names must be unique and without `/`. */
  readonly organisations: readonly MarketMember[];
  /** What every round says about who takes part; some or all of the organisations. */
  readonly members?: readonly RoundMember[];
  /** How fast preempted nodes come back; absent: nothing is preempted. */
  readonly preemption?: PreemptionTerms;
  /** The service whose lease reports are believed. */
  readonly isolationService: string;
  /** Seller → the isolation service of its own provider, where there are several. */
  readonly isolationServices?: Readonly<Record<string, string>>;
  /** Where present, outsiders trade in money; absent: all is in credits. */
  readonly money?: MoneyTerms;
  /** How credits are shared out; absent: only by `Endow`. */
  readonly endowment?: EndowmentTerms;
  /** Absent: deposits are shares of the price, and who is not paid bears it. */
  readonly clearingHouse?: ClearingHouseConfiguration;
  /** None where absent. */
  readonly safeguards?: SafeguardConfiguration;
  /** Where present, orders are committed to first and revealed later. */
  readonly sealing?: SealingTerms;
}

/** For contracts whose bid accepts recall, under a mechanism that preempts. */
export interface PreemptionTerms {
  /** Notice to the borrower, where the ask's own terms name none. */
  readonly noticeMs: TimeMs;
  /** From the end of the notice until the nodes can be handed over again. */
  readonly releaseMs: TimeMs;
}

export interface MarketMember {
  readonly name: string;
  readonly openingBalanceMillicredits: Millicredits;
}

/**
 * One bid for a round that is not closed yet; its slots count from that round's start. Posting the
 * same bid again changes nothing, another one under the same id is refused.
 */
export interface PostBid extends Command {
  readonly kind: 'PostBid';
  readonly roundId: number;
  readonly bid: Bid;
}
/** One ask for a round that is not closed yet. */
export interface PostAsk extends Command {
  readonly kind: 'PostAsk';
  readonly roundId: number;
  readonly ask: Ask;
}
/** Many orders at once; each is taken or refused for itself, see `OrdersPosted`. */
export interface PostOrders extends Command {
  readonly kind: 'PostOrders';
  readonly roundId: number;
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
}
/** Takes back an own order of a round that is not closed yet. */
export interface WithdrawOrder extends Command {
  readonly kind: 'WithdrawOrder';
  readonly roundId: number;
  readonly side: 'bid' | 'ask';
  readonly orderId: string;
}
/**
 * By an administrator or the clock: the deadline of a round has passed. Earlier rounds of its
 * horizon that were never closed lapse.
 */
export interface CloseRound extends Command {
  readonly kind: 'CloseRound';
  readonly roundId: number;
  /** Start of the round's slot 0; now, where absent. */
  readonly startMs?: TimeMs;
}
/** By an administrator or the clock: a round is not held; its orders lapse, and nothing is paid. */
export interface LapseRound extends Command {
  readonly kind: 'LapseRound';
  readonly roundId: number;
}
/** By an administrator: no solution of this round will come; its orders lapse. */
export interface AbandonRound extends Command {
  readonly kind: 'AbandonRound';
  readonly roundId: number;
}
/** By an administrator: ends a contract without delivery and without blame. */
export interface VoidContract extends Command {
  readonly kind: 'VoidContract';
  readonly contractId: string;
}
/** By the holder of an option: calls nodes for so long, from the end of the notice on. */
export interface ExerciseOption extends Command {
  readonly kind: 'ExerciseOption';
  readonly optionId: string;
  readonly nodes: number;
  readonly durationMs: number;
}
/** By an administrator or the clock: options whose window is over end. */
export interface ExpireOptions extends Command {
  readonly kind: 'ExpireOptions';
}
/** By an administrator: gives (or, negative, takes) money; each `transferId` works once. */
export interface Endow extends Command {
  readonly kind: 'Endow';
  readonly transferId: string;
  readonly organisation: string;
  readonly amountMillicredits: Millicredits;
  /** Credits where absent; money in thousandths of its unit. */
  readonly currency?: Currency;
}

/** By an administrator: a pool of credits for who has contributed; each `transferId` works once. */
export interface ShareOut extends Command {
  readonly kind: 'ShareOut';
  readonly transferId: string;
  readonly poolMillicredits: Millicredits;
}

/** The answer to `SolveRound`. */
export interface RoundSolved extends ServiceEvent {
  readonly kind: 'RoundSolved';
  readonly roundId: number;
  readonly clearing: RecordedClearing;
  readonly state: MechanismState;
  readonly solverVersion: string;
}

/** By the isolation service: what became of the lease behind a contract. */
export interface LeaseReported extends ServiceEvent {
  readonly kind: 'LeaseReported';
  readonly from: Principal;
  readonly contractId: string;
  readonly what: LeaseReportKind;
  /** Node-milliseconds that the owner had handed over; set-up is the borrower's own time. */
  readonly deliveredNodeMs: NodeMs;
}

export type MarketCommand =
  | SealingCommand
  | PostBid
  | PostAsk
  | PostOrders
  | WithdrawOrder
  | CloseRound
  | LapseRound
  | AbandonRound
  | VoidContract
  | ExerciseOption
  | ExpireOptions
  | ShareOut
  | Endow;

/** By the isolation service, before a round closes: nodes of an owner that stand idle. */
export interface IdleAttested extends ServiceEvent {
  readonly kind: 'IdleAttested';
  readonly from: Principal;
  readonly roundId: number;
  readonly organisation: string;
  readonly nodeClass: string;
  readonly nodes: number;
}

/** By the isolation service: how the hardware behind a contract performed. */
export interface HardwareReported extends ServiceEvent {
  readonly kind: 'HardwareReported';
  readonly from: Principal;
  readonly contractId: string;
  /** Of what its class promises. */
  readonly performancePartsPerMillion: number;
}

export type MarketEvent =
  IdleAttested | HardwareReported | MarketCommand | RoundSolved | LeaseReported;

/** A clearing as plain JSON data, so that a journal can hold it. */
export interface RecordedClearing {
  readonly fills: readonly Fill[];
  readonly receipts: readonly AskReceipt[];
  readonly surplusMillicredits: Millicredits;
  readonly prices: readonly ClassPrice[];
  readonly welfareMillicredits: Millicredits;
  readonly rejected: readonly { readonly orderId: string; readonly code: string }[];
  readonly preempted?: readonly string[];
  readonly search?: SearchReport;
  readonly slotPrices?: readonly SlotPrice[];
}

export interface AskReceipt {
  readonly askId: string;
  readonly receiptMillicredits: Millicredits;
}

/** Result of a `Reply` to `PostOrders`. */
export interface OrdersPosted {
  readonly accepted: number;
  readonly refused: readonly { readonly orderId: string; readonly refusal: Refusal }[];
}

/** Clear this round and answer with `RoundSolved`; solving twice gives the same answer. */
export interface SolveRound extends ServiceEffect {
  readonly kind: 'SolveRound';
  readonly roundId: number;
  readonly round: MarketRound;
  readonly mechanism: string;
  readonly parameters: MechanismParameters;
  readonly mechanismState: MechanismState;
}

/** Buyer and seller have a contract and both deposits are locked. */
export interface ContractFormed extends ServiceEffect {
  readonly kind: 'ContractFormed';
  readonly contract: Contract;
}
/** A matched trade came to nothing, e.g. because a deposit could not be paid. */
export interface ContractVoided extends ServiceEffect {
  readonly kind: 'ContractVoided';
  readonly contract: Contract;
  readonly refusal: Refusal;
}
/**
 * The exchange gives the contract's nodes to somebody else: take them back now, at the contract's
 * notice (or call the lease off, if it has not begun). It is settled pro rata when that is reported.
 */
export interface ContractPreempted extends ServiceEffect {
  readonly kind: 'ContractPreempted';
  readonly contractId: string;
  readonly roundId: number;
  readonly contract: Contract;
}
/** The premium is paid, the writer's deposit locked. */
export interface OptionFormed extends ServiceEffect {
  readonly kind: 'OptionFormed';
  readonly option: OptionContract;
}
/** A matched option came to nothing: its premium or deposit could not be paid. */
export interface OptionVoided extends ServiceEffect {
  readonly kind: 'OptionVoided';
  readonly option: OptionContract;
  readonly refusal: Refusal;
}
/** The holder called nodes; `ContractFormed` with the lease follows. */
export interface OptionExercised extends ServiceEffect {
  readonly kind: 'OptionExercised';
  readonly optionId: string;
  readonly contractId: string;
}
export interface OptionExpired extends ServiceEffect {
  readonly kind: 'OptionExpired';
  readonly optionId: string;
}
export interface ContractSettled extends ServiceEffect {
  readonly kind: 'ContractSettled';
  readonly contractId: string;
  /** State that it was in when it was settled: how it ended. */
  readonly outcome: ContractState;
  readonly deliveredNodeMs: NodeMs;
  readonly buyerPaidMillicredits: Millicredits;
  readonly sellerReceivedMillicredits: Millicredits;
}
/** Public: what the round that has just been accepted came to. */
export interface PricesPublished extends ServiceEffect {
  readonly kind: 'PricesPublished';
  readonly roundId: number;
  readonly prices: readonly ClassPrice[];
  /** Of mechanisms that search for an allocation: duals by class and slot; else empty. */
  readonly slotPrices: readonly SlotPrice[];
  readonly welfareMillicredits: Millicredits;
  readonly surplusMillicredits: Millicredits;
  readonly contracts: number;
  /** Order ids are the organisation's name, `/`, and its own id. */
  readonly rejected: readonly { readonly orderId: string; readonly code: string }[];
  readonly solverVersion: string;
  /** Limits of the next round; absent without safeguards. */
  readonly limits?: PublishedLimits;
}
/** Somebody left more unpaid than its contract's deposit; who bore it. Adds up to the loss. */
export interface WaterfallUsed extends ServiceEffect {
  readonly kind: 'WaterfallUsed';
  readonly contractId: string;
  readonly defaulter: string;
  readonly creditor: string;
  readonly lossMillicredits: Millicredits;
  /** From the defaulter's own account. */
  readonly defaulterMillicredits: Millicredits;
  readonly ownShareMillicredits: Millicredits;
  readonly capitalMillicredits: Millicredits;
  readonly mutualMillicredits: Millicredits;
  /** Who bore that, without those who bore nothing. */
  readonly mutualShares: readonly {
    readonly organisation: string;
    readonly amountMillicredits: Millicredits;
  }[];
  readonly haircutMillicredits: Millicredits;
}
/** A member may not order until its share of the guarantee fund is whole again; or may again. */
export interface MemberStanding extends ServiceEffect {
  readonly kind: 'MemberStanding';
  readonly organisation: string;
  readonly suspended: boolean;
}
/** Public: a safeguard acted. */
export interface SafeguardTriggered extends ServiceEffect {
  readonly kind: 'SafeguardTriggered';
  readonly safeguard: string;
  readonly roundId: number;
  readonly organisation?: string;
  readonly orderId?: string;
  readonly fine?: Fine;
  readonly detail: string;
}
/** The round that is open should not wait for the end of its epoch. */
export interface RoundCalled extends ServiceEffect {
  readonly kind: 'RoundCalled';
  readonly roundId: number;
  readonly reason: string;
}
/** A solution that does not hold was turned down; the round still waits for one. */
export interface SolutionRefused extends ServiceEffect {
  readonly kind: 'SolutionRefused';
  readonly roundId: number;
  readonly refusal: Refusal;
}
/** A lease report that changed nothing. */
export interface ReportRefused extends ServiceEffect {
  readonly kind: 'ReportRefused';
  readonly contractId: string;
  readonly refusal: Refusal;
}
/** One balanced entry of the ledger; the state keeps balances only. */
export interface LedgerPosted extends ServiceEffect {
  readonly kind: 'LedgerEntry';
  readonly entry: LedgerEntry;
  /** Credits where absent. */
  readonly currency?: 'money';
}

export type MarketEffect =
  | SealingEffect
  | WaterfallUsed
  | MemberStanding
  | SafeguardTriggered
  | RoundCalled
  | SolveRound
  | ContractFormed
  | ContractVoided
  | ContractPreempted
  | ContractSettled
  | OptionFormed
  | OptionVoided
  | OptionExercised
  | OptionExpired
  | PricesPublished
  | SolutionRefused
  | ReportRefused
  | LedgerPosted
  | Reply;
