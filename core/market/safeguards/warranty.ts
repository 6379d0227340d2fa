/**
 * Warranty (crash 11, lemons): with every contract the seller locks a bond besides its deposit. If
 * the isolation service finds, during the lease or for some time after it, that the hardware
 * performed below its class, the shortfall's share of the bond is the buyer's, and the seller may
 * not sell the class for some rounds. Otherwise the bond returns.
 *
 * Grades: A for 95 % of the class's performance or more, B for 80 % or more, C below. What is sold
 * as a class is grade A of it; nodes of other grades are honestly offered as classes of their own.
 *
 * Costs: the bond is bound for longer than the lease.
 */
import type { Millicredits } from '../../kernel/units.ts';
import { multiplyDivide, multiplyDivideUp } from '../amounts.ts';
import type { Contract } from '../contracts.ts';
import { BONDS_ACCOUNT } from './accounts.ts';
import type { WarrantyTerms } from './configuration.ts';
import type { WarrantyBond } from './memory.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';
import { supplyKey } from './supply.ts';

const MILLION = 1_000_000;

export type Grade = 'A' | 'B' | 'C';

export function gradeOf(performancePartsPerMillion: number): Grade {
  if (performancePartsPerMillion >= 950_000) return 'A';
  return performancePartsPerMillion >= 800_000 ? 'B' : 'C';
}

export function warranty({ claimMs }: WarrantyTerms): Safeguard {
  return {
    name: 'warranty',
    shape(round, { memory, roundId, trigger }) {
      const asks = round.asks.filter(({ organisation, nodeClass, askId: orderId }) => {
        const until = memory.barred.get(supplyKey(organisation, nodeClass)) ?? 0;
        if (roundId >= until) return true;
        trigger({ organisation, orderId, detail: `barred until round ${until}` });
        return false;
      });
      return asks.length === round.asks.length ? round : { ...round, asks };
    },
    settled({ live }, { memory, timeMs }) {
      const bond = memory.bonds.get(live.contract.contractId);
      if (bond) bond.claimableUntilMs = timeMs + claimMs;
    },
    beforeRound(desk) {
      const { memory, timeMs, roundId } = desk;
      for (const [contractId, bond] of [...memory.bonds]) {
        const isOver = bond.claimableUntilMs !== null && bond.claimableUntilMs <= timeMs;
        if (isOver) returnBond(contractId, bond, bond.amountMillicredits, desk);
      }
      for (const [key, until] of [...memory.barred])
        if (until <= roundId) memory.barred.delete(key);
    },
  };
}

/** The bond that backs a contract; 0 without the safeguard. */
export function bondOf(terms: WarrantyTerms | undefined, contract: Contract): Millicredits {
  if (!terms) return 0;
  return multiplyDivideUp(contract.receiptMillicredits, terms.bondPartsPerMillion, MILLION);
}

export function lockedBond(contract: Contract, amountMillicredits: Millicredits): WarrantyBond {
  const { buyer, seller, nodeClass } = contract;
  return { buyer, seller, nodeClass, amountMillicredits, claimableUntilMs: null };
}

/**
 * What was found about the hardware of a contract.
 *
 * @returns whether there was a bond that it could be held against
 */
export function judgeHardware(
  terms: WarrantyTerms,
  contractId: string,
  performancePartsPerMillion: number,
  desk: SafeguardDesk,
): boolean {
  const bond = desk.memory.bonds.get(contractId);
  if (!bond) return false;
  const least = MILLION - terms.tolerancePartsPerMillion;
  if (performancePartsPerMillion >= least) return true;
  const { seller, buyer, nodeClass, amountMillicredits } = bond;
  const shortfall = MILLION - performancePartsPerMillion;
  const forfeit = multiplyDivide(amountMillicredits, shortfall, MILLION);
  desk.trigger({
    organisation: seller,
    ...(forfeit > 0 ? { fine: { to: buyer, amountMillicredits: forfeit } } : {}),
    detail: `${contractId} was grade ${gradeOf(performancePartsPerMillion)}, forfeits ${forfeit}`,
  });
  if (forfeit > 0) desk.pay(BONDS_ACCOUNT, buyer, forfeit);
  returnBond(contractId, bond, amountMillicredits - forfeit, desk);
  const key = supplyKey(seller, nodeClass);
  desk.memory.barred.set(key, desk.roundId + terms.barredRounds);
  const record = desk.memory.records.get(seller);
  if (record) record.failures += 1;
  else desk.memory.records.set(seller, { successes: 0, failures: 1 });
  return true;
}

function returnBond(
  contractId: string,
  { seller }: WarrantyBond,
  amountMillicredits: Millicredits,
  { memory, pay }: SafeguardDesk,
): void {
  memory.bonds.delete(contractId);
  if (amountMillicredits > 0) pay(BONDS_ACCOUNT, seller, amountMillicredits);
}
