/** What a contract comes to in money when its lease is over. */
import type { Millicredits, NodeMs } from '../kernel/units.ts';
import { multiplyDivide } from './amounts.ts';
import { contractedNodeMs } from './contracts.ts';
import type { ContractState, LeaseReportKind, LiveContract } from './contracts.ts';
import { ESCROW_ACCOUNT, EXCHANGE_ACCOUNT } from './ledger.ts';
import type { Posting } from './ledger.ts';

const MILLION = 1_000_000;

export interface Settlement {
  readonly outcome: ContractState;
  readonly postings: readonly Posting[];
  /** What the buyer is worse off by, deposits aside; negative where it is compensated. */
  readonly buyerPaidMillicredits: Millicredits;
  readonly sellerReceivedMillicredits: Millicredits;
}

/** Money that each side has outside the contract; nobody pays more than that and the deposit. */
export interface FreeBalances {
  readonly buyer: Millicredits;
  readonly seller: Millicredits;
}

/**
 * Settles a contract: delivered node-time is paid pro rata, both deposits are released, and
 *
 * - recalled under its terms: the seller pays the penalty on the rest of the price;
 * - not delivered, or recalled though firm: the seller's deposit goes to the buyer;
 * - not taken: the buyer's deposit goes to the seller, less what was to be paid anyway;
 * - failed hardware, preempted by the exchange, or void: nothing more.
 *
 * A buyer who cannot pay what is due pays what there is, counts as in default, and the seller gets
 * the same share of its receipt. A seller who cannot pay a penalty pays what there is.
 */
export function settleContract(
  live: LiveContract,
  how: LeaseReportKind | 'void',
  deliveredNodeMs: NodeMs,
  free: FreeBalances,
): Settlement {
  const { contract, buyerDepositMillicredits, sellerDepositMillicredits } = live;
  const { priceMillicredits, receiptMillicredits, recall } = contract;
  const whole = contractedNodeMs(contract);
  const delivered = Math.min(deliveredNodeMs, whole);
  const due = multiplyDivide(priceMillicredits, delivered, whole);
  const income = multiplyDivide(receiptMillicredits, delivered, whole);
  const paid = Math.min(due, buyerDepositMillicredits + free.buyer);
  const received = paid === due ? income : multiplyDivide(income, paid, due);
  const sellerHas = sellerDepositMillicredits + received + free.seller;

  let outcome: ContractState = paid < due ? 'defaulted-buyer' : 'completed';
  // From the seller to the buyer, and the other way round, on top of what is due.
  let compensation = 0;
  let forfeit = 0;
  if (how === 'recalled' && live.isPreempted) {
    if (outcome === 'completed') outcome = 'preempted';
  } else if (how === 'not-delivered' || (how === 'recalled' && recall === null)) {
    outcome = 'defaulted-seller';
    compensation = sellerDepositMillicredits;
  } else if (how === 'recalled') {
    if (outcome === 'completed') outcome = 'recalled';
    const rest = priceMillicredits - due;
    const penalty = multiplyDivide(rest, recall!.penaltyPartsPerMillion, MILLION);
    compensation = Math.min(penalty, sellerHas);
  } else if (how === 'not-taken') {
    outcome = 'defaulted-buyer';
    forfeit = Math.max(0, buyerDepositMillicredits - paid);
  } else if ((how === 'void' || how === 'failed') && outcome === 'completed') outcome = 'void';

  const buyerPaid = paid + forfeit - compensation;
  const sellerReceived = received + forfeit - compensation;
  const postings: Posting[] = [
    posting(ESCROW_ACCOUNT, -(buyerDepositMillicredits + sellerDepositMillicredits)),
    posting(contract.buyer, buyerDepositMillicredits - buyerPaid),
    posting(contract.seller, sellerDepositMillicredits + sellerReceived),
    posting(EXCHANGE_ACCOUNT, paid - received),
  ];
  return {
    outcome,
    postings: postings.filter(({ amountMillicredits }) => amountMillicredits !== 0),
    buyerPaidMillicredits: buyerPaid,
    sellerReceivedMillicredits: sellerReceived,
  };
}

function posting(account: string, amountMillicredits: Millicredits): Posting {
  return { account, amountMillicredits };
}
