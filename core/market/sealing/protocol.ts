/** What crosses the market's border where rounds are sealed: commit first, reveal later. */
import type { Command, ServiceEffect } from '../../kernel/service.ts';
import type { Millicredits } from '../../kernel/units.ts';
import type { Ask, Bid } from '../orders.ts';

export interface SealingTerms {
  /** Locked with a commitment, returned with its reveal, forfeited without. */
  readonly bondMillicredits: Millicredits;
}

/**
 * By an administrator: commitments for a round may come. `head` is the hash of the market's journal
 * before this event: with it the round's lotteries are fixed before anybody has committed to anything.
 */
export interface OpenCommits extends Command {
  readonly kind: 'OpenCommits';
  readonly roundId: number;
  /** 64 hex digits. */
  readonly head: string;
}
/** One sealed sheet an organisation and round; see `commitment.ts`. */
export interface CommitOrders extends Command {
  readonly kind: 'CommitOrders';
  readonly roundId: number;
  /** 64 hex digits. */
  readonly commitment: string;
}
/** By an administrator: no more commitments; those that there are may be revealed. */
export interface CloseCommits extends Command {
  readonly kind: 'CloseCommits';
  readonly roundId: number;
}
/** The sheet behind a commitment. It counts whole or not at all. */
export interface RevealOrders extends Command {
  readonly kind: 'RevealOrders';
  readonly roundId: number;
  readonly bids: readonly Bid[];
  readonly asks: readonly Ask[];
  readonly nonce: string;
}

export type SealingCommand = OpenCommits | CommitOrders | CloseCommits | RevealOrders;

/** What the exchange owes whoever committed: its place, which it signs. */
export interface CommitReceipt {
  readonly roundId: number;
  readonly organisation: string;
  readonly commitment: string;
  /** From 0, in the order of arrival. */
  readonly place: number;
  readonly head: string;
}

/** Sign this and hand it to the organisation; signing twice gives the same. */
export interface ReceiptDue extends ServiceEffect {
  readonly kind: 'ReceiptDue';
  readonly receipt: CommitReceipt;
}
/** Public before the first reveal: the root of the tree over the commitments, in order of arrival. */
export interface CommitmentsPublished extends ServiceEffect {
  readonly kind: 'CommitmentsPublished';
  readonly roundId: number;
  readonly head: string;
  readonly commitments: number;
  readonly root: string;
}
/** Public when the round is closed: who kept silent, and the root over the orders that take part. */
export interface OrdersPublished extends ServiceEffect {
  readonly kind: 'OrdersPublished';
  readonly roundId: number;
  readonly orders: number;
  readonly root: string;
  readonly silent: readonly string[];
  readonly forfeitedMillicredits: Millicredits;
}

export type SealingEffect = ReceiptDue | CommitmentsPublished | OrdersPublished;
