/** What backs a contract: a deposit of each side, and the seller's warranty bond. */
import type { Millicredits } from '../kernel/units.ts';
import { multiplyDivideUp } from './amounts.ts';
import { volatilityMargin } from './clearing-house/margin.ts';
import type { Contract } from './contracts.ts';
import { depositDiscount } from './safeguards/reputation.ts';
import { bondOf } from './safeguards/warranty.ts';
import type { MarketState } from './state.ts';

const MILLION = 1_000_000;

export interface ContractBacking {
  readonly buyerDepositMillicredits: Millicredits;
  readonly sellerDepositMillicredits: Millicredits;
  /** Held apart, for the quality of the hardware. */
  readonly bondMillicredits: Millicredits;
}

export function backingOf(state: MarketState, contract: Contract): ContractBacking {
  const { buyerDepositPartsPerMillion, sellerDepositPartsPerMillion, safeguards } =
    state.configuration;
  const { buyer, seller, priceMillicredits, receiptMillicredits } = contract;
  if (contract.currency) {
    return {
      buyerDepositMillicredits: contract.priceMillicredits,
      sellerDepositMillicredits: multiplyDivideUp(
        contract.receiptMillicredits,
        sellerDepositPartsPerMillion,
        MILLION,
      ),
      bondMillicredits: 0,
    };
  }
  const volatility = volatilityOf(state, contract);
  const buyerShare = multiplyDivideUp(priceMillicredits, buyerDepositPartsPerMillion, MILLION);
  const sellerShare = multiplyDivideUp(receiptMillicredits, sellerDepositPartsPerMillion, MILLION);
  return {
    buyerDepositMillicredits: discounted(
      state,
      buyer,
      // More than the price is never at risk.
      Math.max(buyerShare, Math.min(volatility, priceMillicredits)),
    ),
    sellerDepositMillicredits: discounted(state, seller, Math.max(sellerShare, volatility)),
    bondMillicredits: bondOf(safeguards?.warranty, contract),
  };
}

function volatilityOf({ configuration, prices }: MarketState, contract: Contract): Millicredits {
  const { clearingHouse, slotMs } = configuration;
  return clearingHouse ? volatilityMargin(clearingHouse, contract, prices, slotMs) : 0;
}

function discounted(
  { configuration, safeguards }: MarketState,
  organisation: string,
  deposit: Millicredits,
): Millicredits {
  const terms = configuration.safeguards?.reputation;
  if (!terms || !safeguards) return deposit;
  const discount = depositDiscount(terms, safeguards.records.get(organisation));
  return multiplyDivideUp(deposit, MILLION - discount, MILLION);
}
