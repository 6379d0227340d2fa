/**
 * What members of one exchange have received and paid in the measured window: for leases, by when
 * they began, and beside them, by when it happened: premiums of options, fines of safeguards, bonds of
 * those who kept silent, and what members of the guarantee fund bore for others. Money that is only
 * locked, and income, do not count.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { Millicredits, TimeMs } from '../../core/kernel/units.ts';
import type { Contract } from '../../core/market/contracts.ts';
import type { ContractSettled, MarketEffect } from '../../core/market/protocol.ts';
import { overlapMs } from '../clusters/window.ts';
import type { MeasuredWindow } from '../clusters/window.ts';

export class MoneyOfMembers {
  /** Name of a member of the market → organisation behind it. */
  readonly #owners: ReadonlyMap<string, string>;
  readonly #window: MeasuredWindow;
  readonly #net = new Map<string, Millicredits>();

  constructor(owners: ReadonlyMap<string, string>, window: MeasuredWindow) {
    this.#owners = owners;
    this.#window = window;
  }

  /** Receipts − payments of an organisation, under all its names. */
  netMillicredits(organisation: string): Millicredits {
    return this.#net.get(organisation) ?? 0;
  }

  settled(contract: Contract, effect: ContractSettled): void {
    this.#add(contract.buyer, -effect.buyerPaidMillicredits, contract.startMs);
    this.#add(contract.seller, effect.sellerReceivedMillicredits, contract.startMs);
  }

  /** Counts what an effect says of money beside contracts. */
  note(effect: MarketEffect, nowMs: TimeMs): void {
    for (const [name, amount] of besideContracts(effect)) this.#add(name, amount, nowMs);
  }

  #add(name: string, amount: Millicredits, atMs: TimeMs): void {
    const organisation = this.#owners.get(name);
    if (organisation === undefined || overlapMs(this.#window, atMs, atMs + 1) === 0) return;
    this.#net.set(organisation, this.netMillicredits(organisation) + amount);
  }

  carry(carrier: Carrier): void {
    carrier.fill('net', this.#net);
  }
}

/** Who receives (+) and who pays (−) by an effect that is not the end of a contract. */
export function besideContracts(effect: MarketEffect): readonly (readonly [string, number])[] {
  switch (effect.kind) {
    case 'OptionFormed': {
      const { holder, writer, premiumMillicredits, receiptMillicredits } = effect.option;
      return [
        [holder, -premiumMillicredits],
        [writer, receiptMillicredits],
      ];
    }
    case 'OrdersPublished': {
      const { silent, forfeitedMillicredits } = effect;
      return silent.map((name) => [name, -forfeitedMillicredits / silent.length]);
    }
    case 'SafeguardTriggered': {
      const { organisation, fine } = effect;
      if (organisation === undefined || fine === undefined) return [];
      return [
        [organisation, -fine.amountMillicredits],
        [fine.to, fine.amountMillicredits],
      ];
    }
    case 'WaterfallUsed':
      return effect.mutualShares.map(({ organisation, amountMillicredits }) => [
        organisation,
        -amountMillicredits,
      ]);
    default:
      return [];
  }
}
