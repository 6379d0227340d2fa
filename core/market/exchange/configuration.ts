/** A market that runs by the clock and leases what it has sold. */
import { invariant } from '../../kernel/errors.ts';
import { isName } from '../../kernel/command-shape.ts';
import type { TimeMs } from '../../kernel/units.ts';
import type { NodeProperties } from '../constraints/properties.ts';
import { horizonCount, horizonOf } from '../horizons.ts';
import type { SecurityLevel } from '../orders.ts';
import type { MarketConfiguration } from '../protocol.ts';

export interface ExchangeConfiguration {
  /** Name under which it leases at isolation services; begins the ids of its leases. */
  readonly name: string;
  readonly market: MarketConfiguration;
  /** By horizon, the epoch call first. */
  readonly clocks: readonly RoundClock[];
  /** Last part of a contract's window, in which nodes are released: a lease ends so much earlier. */
  readonly releaseMs: TimeMs;
  /** What a lease loses at its start before a node is ready: told to bidders, no more. */
  readonly setupMs: Readonly<Record<SecurityLevel, TimeMs>>;
  readonly nodeClasses: readonly TradedClass[];
  /** Of leases whose borrower has chosen none; null: such a borrower gets nodes of level none only. */
  readonly attester: string | null;
  /** After so long without a solution a round is abandoned. */
  readonly solveDeadlineMs: TimeMs;
}

export interface RoundClock {
  /** Rounds close at whole multiples of it since 1970. */
  readonly everyMs: TimeMs;
  /** Windows begin so long after the round, at the earliest. */
  readonly leadMs: TimeMs;
  /** Where orders are sealed: the last part of a round, in which they are revealed. */
  readonly revealMs: TimeMs;
}

/** A class of nodes as bidders are told of it. */
export interface TradedClass {
  readonly name: string;
  /** Highest level that its nodes can prove. */
  readonly securityLevel: SecurityLevel;
  readonly properties?: NodeProperties;
}

/** @throws INVARIANT_VIOLATED where the configuration makes no sense; the caller checks first */
export function checkExchange(configuration: ExchangeConfiguration): void {
  const { name, market, clocks, releaseMs, solveDeadlineMs } = configuration;
  invariant(isName(name) && name.length <= 64, 'an exchange has a name of up to 64 characters');
  invariant(clocks.length === horizonCount(market), 'every horizon has its clock');
  invariant(solveDeadlineMs > 0, 'a round is given time to be solved');
  for (const [index, { everyMs, leadMs, revealMs }] of clocks.entries()) {
    const { slotMs } = horizonOf(market, index);
    invariant(everyMs > 0 && leadMs >= 0, 'rounds come one after another');
    invariant(releaseMs >= 0 && releaseMs < slotMs, 'nodes can be released within a slot');
    const isSealed = market.sealing !== undefined;
    invariant(!isSealed || (revealMs > 0 && revealMs < everyMs), 'sealed rounds have two parts');
  }
}
