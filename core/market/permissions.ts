/** Who may do what at the market: what all its commands ask alike. */
import type { Refusal } from '../kernel/errors.ts';
import type { Command, Principal } from '../kernel/service.ts';
import type { MarketState } from './state.ts';

/** Null for an administrator; for anybody else `DENIED_NOT_ADMINISTRATOR`. */
export function notAdministrator({ from }: Command): Refusal | null {
  if (from.role === 'admin') return null;
  return { code: 'DENIED_NOT_ADMINISTRATOR', message: 'only an administrator may do this' };
}

/** Whether this is an organisation that takes part in the market. */
export function isMember({ orderCounts }: MarketState, from: Principal): boolean {
  return from.role === 'organisation' && orderCounts.has(from.name);
}
