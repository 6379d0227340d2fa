/** What must hold between any two events of the market service. */
import { FUND_ACCOUNT } from './clearing-house/state.ts';
import { balanceOf, ESCROW_ACCOUNT, EXCHANGE_ACCOUNT } from './ledger.ts';
import { isClosed, ledgerImbalance, TREASURY_ACCOUNT } from './ledger.ts';
import { BONDS_ACCOUNT } from './safeguards/accounts.ts';
import { SEALS_ACCOUNT } from './sealing/seals-account.ts';
import type { LedgerState } from './ledger.ts';
import type { MarketState } from './state.ts';

/** @returns one sentence for each invariant that does not hold; cost O(accounts + live contracts) */
export function checkMarketInvariants(state: MarketState): string[] {
  const violations: string[] = [];
  const { ledger, moneyLedger, contracts, counts } = state;
  violations.push(...ledgerFaults(ledger));
  if (moneyLedger) violations.push(...ledgerFaults(moneyLedger));
  let deposits = 0;
  let moneyDeposits = 0;
  for (const [contractId, live] of contracts) {
    const both = live.buyerDepositMillicredits + live.sellerDepositMillicredits;
    if (live.contract.currency) moneyDeposits += both;
    else deposits += both;
    if (live.state === 'settled') violations.push(`${contractId} is settled and still live`);
    if (isClosed(ledger, live.number)) violations.push(`${contractId} is live and closed`);
    if (live.contract.buyer === live.contract.seller)
      violations.push(`${contractId} is with itself`);
  }
  for (const { writerDepositMillicredits } of state.options.live.values()) {
    deposits += writerDepositMillicredits;
  }
  const escrow = balanceOf(ledger, ESCROW_ACCOUNT);
  if (escrow !== deposits) {
    violations.push(
      `escrow holds ${escrow}, live contracts and options have deposited ${deposits}`,
    );
  }
  const inMoney = moneyLedger ? balanceOf(moneyLedger, ESCROW_ACCOUNT) : 0;
  if (inMoney !== moneyDeposits) {
    violations.push(`escrow holds ${inMoney} of money, contracts have deposited ${moneyDeposits}`);
  }
  violations.push(...bondFaults(state), ...fundFaults(state), ...sealFaults(state));
  if (counts.contractsFormed - counts.contractsSettled !== contracts.size) {
    violations.push(`${contracts.size} live contracts, formed less settled says otherwise`);
  }
  const { written, voided, exercised, expired } = state.options.counts;
  if (written - exercised - expired !== state.options.live.size) {
    violations.push(`${state.options.live.size} live options, counts say otherwise`);
  }
  const numbers = counts.contractsFormed + counts.contractsVoided + written + voided;
  if (numbers !== state.nextContract - 1) {
    violations.push('contract numbers and counts differ');
  }
  return violations;
}

/** The account of the seals holds one bond for each commitment that is not revealed. */
function sealFaults({ ledger, sealedRounds, configuration }: MarketState): string[] {
  if (!sealedRounds) return [];
  let open = 0;
  for (const { commitments, revealed } of sealedRounds.values()) {
    open += commitments.size - revealed.size;
  }
  const owed = open * configuration.sealing!.bondMillicredits;
  const held = balanceOf(ledger, SEALS_ACCOUNT);
  return held === owed ? [] : [`seals hold ${held}, ${owed} are owed`];
}

/** Each ledger sums to 0 by itself, and nobody but the exchange is overdrawn. */
function ledgerFaults(ledger: LedgerState): string[] {
  const faults: string[] = [];
  const imbalance = ledgerImbalance(ledger);
  if (imbalance !== 0) faults.push(`the ledger's balances add up to ${imbalance}, not to 0`);
  for (const [account, balance] of ledger.balances) {
    if (!Number.isSafeInteger(balance)) faults.push(`account ${account} is not a safe integer`);
    if (balance < 0 && account !== EXCHANGE_ACCOUNT && account !== TREASURY_ACCOUNT) {
      faults.push(`account ${account} is at ${balance}`);
    }
  }
  return faults;
}

/** The fund is the members' shares, and only live contracts have initial deposits. */
function fundFaults({ ledger, clearingHouse, contracts }: MarketState): string[] {
  if (!clearingHouse) return [];
  const faults: string[] = [];
  let owed = 0;
  for (const [name, share] of clearingHouse.shares) {
    owed += share;
    if (share < 0) faults.push(`the share of ${name} is ${share}`);
  }
  const held = balanceOf(ledger, FUND_ACCOUNT);
  if (held !== owed) faults.push(`the fund holds ${held}, shares add up to ${owed}`);
  for (const contractId of clearingHouse.initial.keys()) {
    if (!contracts.has(contractId)) faults.push(`${contractId} has margins and does not live`);
  }
  return faults;
}

/** The account of the bonds holds what is owed to each name, no more and no less. */
function bondFaults({ ledger, safeguards, configuration, contracts }: MarketState): string[] {
  if (!safeguards) return [];
  const each = configuration.safeguards!.identityDeposit?.depositMillicredits ?? 0;
  let owed = safeguards.identities.size * each;
  const faults: string[] = [];
  for (const [contractId, { amountMillicredits, claimableUntilMs }] of safeguards.bonds) {
    owed += amountMillicredits;
    if ((claimableUntilMs === null) === contracts.has(contractId)) continue;
    faults.push(`the bond of ${contractId} does not know whether its contract lives`);
  }
  const held = balanceOf(ledger, BONDS_ACCOUNT);
  if (held !== owed) faults.push(`bonds hold ${held}, ${owed} are owed`);
  return faults;
}
