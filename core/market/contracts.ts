/**
 * A contract: one buyer, one seller, some nodes of one class, a window and a price, backed by a
 * deposit of each side.
 *
 * The exchange stands between the two (novation): the buyer owes it the price, it owes the seller
 * the receipt. Under a uniform price they are equal; under threshold payments they differ from
 * contract to contract and agree over the round.
 */
import type { Millicredits, TimeMs } from '../kernel/units.ts';
import type { RecallTerms, SecurityLevel } from './orders.ts';

export interface Contract {
  /** `c` and a number that is never used again. */
  readonly contractId: string;
  readonly roundId: number;
  readonly buyer: string;
  readonly seller: string;
  readonly nodeClass: string;
  readonly nodes: number;
  readonly startMs: TimeMs;
  readonly endMs: TimeMs;
  /** What the buyer pays if everything is delivered. */
  readonly priceMillicredits: Millicredits;
  /** What the seller then receives. */
  readonly receiptMillicredits: Millicredits;
  /** Credits where absent; else both amounts are in thousandths of the unit of money. */
  readonly currency?: 'money';
  /** Null: firm. */
  readonly recall: RecallTerms | null;
  readonly securityLevel: SecurityLevel;
  /** The buyer's own id of the bid, and which of its options was served. */
  readonly wantRef: string;
  readonly optionIndex: number;
  /** The seller's own id of the ask. */
  readonly askId: string;
  /** Notice at which the exchange may give its nodes to somebody else; absent: never. */
  readonly preemptionNoticeMs?: TimeMs;
  /** The preempted contract whose nodes it gets; absent for nodes from an ask. */
  readonly takesOver?: string;
  /** The option that was called for it; absent for what was traded as a lease. */
  readonly optionId?: string;
}

export type ContractState =
  | 'proposed'
  | 'cleared'
  | 'deposited'
  | 'scheduled'
  | 'handover'
  | 'running'
  | 'completed'
  | 'recalled'
  | 'preempted'
  | 'defaulted-buyer'
  | 'defaulted-seller'
  | 'void'
  | 'settled';

/**
 * What the isolation service can say about a lease: `handover` (the nodes are being handed over),
 * `started` (the borrower has them), and how it ended: `ended` (at its end or given back early),
 * `recalled` (by the owner, under the contract's terms), `not-delivered` (the owner did not hand
 * over, or took nodes back without the right to), `not-taken` (the borrower's side failed to take
 * them), `failed` (hardware broke; nobody's fault).
 */
export type LeaseReportKind =
  'handover' | 'started' | 'ended' | 'recalled' | 'not-delivered' | 'not-taken' | 'failed';

/** What rounds that show standing contracts say about one, beside the contract itself. */
export interface StandingTerms {
  /** Of the ask. */
  readonly reserveMillicredits: Millicredits;
  readonly securityLevel: SecurityLevel;
  /** Worth of the whole contract by its bid. */
  readonly valueMillicredits: Millicredits;
}

/** A contract that is not settled yet; what the market's state holds. */
export interface LiveContract {
  readonly number: number;
  readonly contract: Contract;
  state: ContractState;
  /** What each side has deposited now; margin calls change it. */
  buyerDepositMillicredits: Millicredits;
  sellerDepositMillicredits: Millicredits;
  /** Absent where no mechanism looks at standing contracts. */
  readonly terms?: StandingTerms;
  /** Its nodes are being taken back for somebody else. */
  isPreempted?: boolean;
}

/** How a contract can end; each is settled at once. */
const ENDS: readonly ContractState[] = [
  'completed',
  'recalled',
  'preempted',
  'defaulted-buyer',
  'defaulted-seller',
  'void',
];

/** Which state may follow which. */
export const CONTRACT_TRANSITIONS: Readonly<Record<ContractState, readonly ContractState[]>> = {
  proposed: ['cleared', 'void'],
  cleared: ['deposited', 'void'],
  deposited: ['scheduled', 'handover', 'running', ...ENDS],
  scheduled: ['handover', 'running', ...ENDS],
  handover: ['running', ...ENDS],
  running: ENDS,
  completed: ['settled'],
  recalled: ['settled'],
  preempted: ['settled'],
  'defaulted-buyer': ['settled'],
  'defaulted-seller': ['settled'],
  void: ['settled'],
  settled: [],
};

export function mayBecome(from: ContractState, to: ContractState): boolean {
  return CONTRACT_TRANSITIONS[from].includes(to);
}

/** Node-milliseconds that the contract is about; the quotient that prices are split by. */
export function contractedNodeMs(contract: Contract): number {
  return contract.nodes * (contract.endMs - contract.startMs);
}
