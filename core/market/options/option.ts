/**
 * An option: the holder has paid a premium for the right, not the duty, to call nodes of a class
 * from the writer at a strike price, at any time of a window and at a notice that both know
 * beforehand.
 *
 * It is what a government data centre can hold instead of an idle reserve: the writer goes on
 * working on its nodes and is paid for standing ready. Options of one round are alike (one strike,
 * one notice), so that only the premium is left to be found, by the same mechanisms as the price of
 * a lease: `nodes` over `[startSlot, endSlot)` of a bid or ask are rights instead of nodes.
 *
 * The premium changes hands when the option is formed. The writer deposits a share of what the
 * longest call would bring it; the deposit is the holder's if called nodes do not come.
 */
import type { Millicredits, TimeMs } from '../../kernel/units.ts';
import type { SecurityLevel } from '../orders.ts';

/** On what terms the options of a horizon are written. */
export interface OptionTerms {
  /** Paid for what is called, by the hour. */
  readonly strikeMillicreditsPerNodeHour: Millicredits;
  /** From the call to the hand-over. */
  readonly noticeMs: number;
  /** Longest lease that can be called. */
  readonly longestLeaseMs: number;
  /** Deposit of the writer: share of the strike price of the longest lease. */
  readonly writerDepositPartsPerMillion: number;
}

export interface OptionContract {
  /** `o` and a number that is never used again, for a contract neither. */
  readonly optionId: string;
  readonly roundId: number;
  readonly holder: string;
  readonly writer: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly securityLevel: SecurityLevel;
  /** The option can be called in [startMs, endMs). */
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
  readonly terms: OptionTerms;
  readonly premiumMillicredits: Millicredits;
  /** What of it the writer gets. */
  readonly receiptMillicredits: Millicredits;
  /** Own ids of the bid and the ask. */
  readonly wantRef: string;
  readonly askId: string;
}

/** An option that is neither called nor over. */
export interface LiveOption {
  readonly number: number;
  readonly option: OptionContract;
  readonly writerDepositMillicredits: Millicredits;
}

export interface OptionCounts {
  written: number;
  voided: number;
  exercised: number;
  expired: number;
}
