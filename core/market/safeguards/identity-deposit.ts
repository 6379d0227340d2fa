/**
 * Deposit per identity (crash 7, false names): an organisation locks a deposit before its first
 * order counts, so that each further name costs as much again.
 *
 * Costs: the deposit is bound for as long as the organisation is a member.
 */
import { balanceOf } from '../ledger.ts';
import { BONDS_ACCOUNT } from './accounts.ts';
import type { IdentityDepositTerms } from './configuration.ts';
import type { Safeguard, SafeguardDesk } from './safeguard.ts';

export function identityDeposit({ depositMillicredits }: IdentityDepositTerms): Safeguard {
  const fault = ({ organisation }: { organisation: string }, desk: SafeguardDesk) => {
    const { memory, market, trigger } = desk;
    if (memory.identities.has(organisation)) return null;
    if (balanceOf(market.ledger, organisation) >= depositMillicredits) return null;
    trigger({ organisation, detail: 'cannot pay the deposit of its name' });
    return {
      code: 'MARKET_IDENTITY_DEPOSIT_MISSING',
      message: `a member locks ${depositMillicredits} millicredits before its first order`,
    };
  };
  return {
    name: 'identity-deposit',
    admitBid: fault,
    admitAsk: fault,
    admitted({ organisation }, { memory, pay }) {
      if (memory.identities.has(organisation)) return;
      if (pay(organisation, BONDS_ACCOUNT, depositMillicredits)) {
        memory.identities.add(organisation);
      }
    },
  };
}
