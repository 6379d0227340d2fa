/**
 * What crosses the border of an exchange beyond the market's own protocol: nodes that stand behind
 * asks, leases at isolation services, and what each party is told.
 */
import type {
  LeaseCancel,
  LeaseCreate,
  LeaseNotice,
  LeaseRecall,
  LeaseReturn,
} from '../../allocator/protocol.ts';
import type {
  CancelTimer,
  Command,
  EffectOutcome,
  Principal,
  Reply,
  ServiceEffect,
  ServiceEvent,
  SetTimer,
  TimerFired,
  Unsent,
} from '../../kernel/service.ts';
import type { TimeMs } from '../../kernel/units.ts';
import type { Contract } from '../contracts.ts';
import type {
  ContractSettled,
  MarketCommand,
  MarketEffect,
  MemberStanding,
  OptionFormed,
  OptionVoided,
  PricesPublished,
  RecordedClearing,
  SafeguardTriggered,
  SolveRound,
  WaterfallUsed,
} from '../protocol.ts';
import type { CommitmentsPublished, CommitReceipt, OrdersPublished } from '../sealing/protocol.ts';
import type { MechanismState } from '../mechanism.ts';

/** By the running process, whenever it has started: from here on time goes by. */
export interface ExchangeOpened extends ServiceEvent {
  readonly kind: 'ExchangeOpened';
}
/**
 * By an organisation: these nodes stand behind its asks of the class, and no others; none for an empty
 * list. Whether they are its own, the isolation service knows.
 */
export interface PledgeNodes extends Command {
  readonly kind: 'PledgeNodes';
  readonly nodeClass: string;
  readonly nodeIds: readonly string[];
}
/** By an organisation: whose verdict opens its enclave to nodes that it borrows; null: the usual. */
export interface ChooseAttester extends Command {
  readonly kind: 'ChooseAttester';
  readonly attester: string | null;
}
/** A notice of an isolation service about a lease of the exchange. */
export interface NoticeReceived extends ServiceEvent {
  readonly kind: 'NoticeReceived';
  /** Name of the service. */
  readonly service: string;
  readonly notice: LeaseNotice;
}
/** The answer to a request of the exchange. */
export interface ReplyReceived extends ServiceEvent {
  readonly kind: 'ReplyReceived';
  readonly reply: Reply;
}

export type ExchangeCommand = PledgeNodes | ChooseAttester;
export type ExchangeEvent =
  | ExchangeOpened
  | ExchangeCommand
  | MarketCommand
  | NoticeReceived
  | ReplyReceived
  | TimerFired
  | EffectOutcome<SolvedRound | JournalHeadRead>;

/** Value of an `ok` outcome of `SolveRound`. */
export interface SolvedRound {
  readonly clearing: RecordedClearing;
  readonly state: MechanismState;
  readonly solverVersion: string;
}
/** Value of an `ok` outcome of `ReadJournalHead`. */
export interface JournalHeadRead {
  /** 64 hex digits. */
  readonly head: string;
}

/** As the market asks for it; solving twice gives the same. */
export interface SolveRoundOutside extends SolveRound {
  readonly effectId: string;
  readonly deadlineMs: TimeMs;
}
/** The hash of the last record of the exchange's own journal, which fixes a sealed round's lottery. */
export interface ReadJournalHead extends ServiceEffect {
  readonly kind: 'ReadJournalHead';
  readonly effectId: string;
  readonly deadlineMs: TimeMs;
}
/** Ask an isolation service. */
export interface LeaseRequest extends ServiceEffect {
  readonly kind: 'Request';
  readonly service: string;
  readonly command: Unsent<LeaseCreate | LeaseCancel | LeaseRecall | LeaseReturn>;
}
/** Tell one party; what is public is told to each. */
export interface Tell extends ServiceEffect {
  readonly kind: 'Tell';
  readonly to: Principal;
  readonly notice: MarketNotice;
}

/** A contract as one of its sides may know it: what the other side pays or gets is not its business. */
export interface OwnContract extends Omit<
  Contract,
  'priceMillicredits' | 'receiptMillicredits' | 'wantRef' | 'askId' | 'optionIndex' | 'takesOver'
> {
  readonly side: 'bought' | 'sold';
  /** Own id of the bid or the ask. */
  readonly orderId: string;
  /** Price of what was bought, receipt for what was sold. */
  readonly millicredits: number;
}

export type MarketNotice =
  | { readonly kind: 'ContractFormed'; readonly contract: OwnContract }
  | { readonly kind: 'ContractVoided'; readonly contract: OwnContract; readonly code: string }
  | { readonly kind: 'ContractPreempted'; readonly contractId: string }
  /** `millicredits`: what the one told has paid or received in the end. */
  | {
      readonly kind: 'ContractSettled';
      readonly contractId: string;
      readonly outcome: ContractSettled['outcome'];
      readonly deliveredNodeMs: number;
      readonly millicredits: number;
    }
  /** The owner's isolation service has promised the nodes. */
  | {
      readonly kind: 'LeaseArranged';
      readonly contractId: string;
      readonly leaseId: string;
      readonly isolation: string;
      readonly attester: string | null;
      readonly nodeIds: readonly string[];
      readonly startMs: TimeMs;
      /** The lease ends before its contract does, for the release. */
      readonly endMs: TimeMs;
    }
  | { readonly kind: 'RoundOpened'; readonly round: OpenRound }
  | { readonly kind: 'RoundLapsed'; readonly roundId: number }
  /** Own rejected orders only. */
  | PricesPublished
  | CommitmentsPublished
  | OrdersPublished
  | SafeguardTriggered
  | MemberStanding
  | WaterfallUsed
  | OptionFormed
  | OptionVoided
  | { readonly kind: 'OptionEnded'; readonly optionId: string; readonly contractId: string | null }
  /** Own postings only. */
  | {
      readonly kind: 'AccountChanged';
      readonly entryId: string;
      readonly group: number;
      readonly currency: 'credits' | 'money';
      readonly amountMillicredits: number;
    }
  /** The live world signs it. */
  | { readonly kind: 'CommitReceipt'; readonly receipt: CommitReceipt };

/** A round that takes orders, or commitments to them. */
export interface OpenRound {
  readonly horizon: string;
  readonly roundId: number;
  /** Commitments until then; null where orders are not sealed. */
  readonly commitsEndMs: TimeMs | null;
  readonly closesMs: TimeMs;
  /** Slot 0 begins here. */
  readonly startMs: TimeMs;
  /** Windows begin here at the earliest. */
  readonly firstStartMs: TimeMs;
}

export type ExchangeEffect =
  | Exclude<MarketEffect, SolveRound>
  | SolveRoundOutside
  | ReadJournalHead
  | LeaseRequest
  | Tell
  | SetTimer
  | CancelTimer;
