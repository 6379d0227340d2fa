/**
 * A market round as a document: `{schema: "ocx-round/1", round, mechanism?, parameters?, state?}`.
 *
 * Only the frame is checked here. What single orders hold is the mechanism's to judge, which leaves
 * out the bad ones and clears the rest.
 */
import { OcxError } from '../kernel/errors.ts';
import type { Mechanism, MechanismParameters, MechanismState } from './mechanism.ts';
import { membersFault, plainMember } from './members.ts';
import { mechanisms } from './mechanisms/registry.ts';
import { MAXIMUM_HORIZON_SLOTS } from './order-check.ts';
import type { MarketRound } from './orders.ts';
import { plainLease, standingFault } from './standing.ts';

export const ROUND_SCHEMA = 'ocx-round/1';

export interface RoundInput {
  readonly round: MarketRound;
  readonly mechanism: Mechanism;
  readonly parameters: MechanismParameters;
  readonly state: MechanismState;
}

const DEFAULT_MECHANISM = 'exchange-threshold';

/** Whether a document says that it is a round. */
export function isRoundDocument(document: object): boolean {
  return member(document, 'schema') === ROUND_SCHEMA || member(document, 'round') !== undefined;
}

/**
 * @param chosen name of a mechanism that is used instead of the document's own
 * @throws OcxError INPUT_ROUND_INVALID, INPUT_MECHANISM_UNKNOWN
 */
export function roundInput(document: object, chosen?: string): RoundInput {
  const schema = member(document, 'schema');
  if (schema !== ROUND_SCHEMA) throw invalid('schema', `it must be ${ROUND_SCHEMA}`);
  const round = member(document, 'round');
  if (typeof round !== 'object' || round === null) throw invalid('round', 'an object is needed');
  const { roundId, slotMs, horizonSlots, bids, asks, members, standing, seed } =
    round as Partial<MarketRound>;
  if (!isCount(roundId, 0, Number.MAX_SAFE_INTEGER)) {
    throw invalid('round.roundId', 'a whole number ≥ 0 is needed');
  }
  if (!isCount(slotMs, 1, Number.MAX_SAFE_INTEGER)) {
    throw invalid('round.slotMs', 'a whole number of milliseconds ≥ 1 is needed');
  }
  if (!isCount(horizonSlots, 1, MAXIMUM_HORIZON_SLOTS)) {
    throw invalid('round.horizonSlots', `a number of slots, 1 to ${MAXIMUM_HORIZON_SLOTS}`);
  }
  if (!Array.isArray(bids)) throw invalid('round.bids', 'a list is needed');
  if (!Array.isArray(asks)) throw invalid('round.asks', 'a list is needed');
  const fault =
    (members === undefined ? null : membersFault(members)) ??
    (standing === undefined ? null : standingFault(standing, horizonSlots));
  if (fault) throw invalid(`round.${fault.keyPath}`, fault.message);
  if (typeof seed !== 'string') throw invalid('round.seed', 'a text is needed');
  return {
    round: {
      roundId,
      slotMs,
      horizonSlots,
      bids,
      asks,
      ...(members ? { members: members.map(plainMember) } : {}),
      ...(standing ? { standing: standing.map(plainLease) } : {}),
      seed,
    },
    mechanism: namedMechanism(chosen ?? member(document, 'mechanism') ?? DEFAULT_MECHANISM),
    parameters: numbers(member(document, 'parameters'), 'parameters'),
    state: numbers(member(document, 'state'), 'state'),
  };
}

function namedMechanism(name: unknown): Mechanism {
  const mechanism = mechanisms.get(name as string);
  if (mechanism) return mechanism;
  throw new OcxError({
    code: 'INPUT_MECHANISM_UNKNOWN',
    message: `no mechanism ${quoted(name)} clears rounds`,
    place: { keyPath: 'mechanism' },
    remedy: `use one of ${[...mechanisms.keys()].join(', ')}`,
  });
}

/** What somebody called a mechanism, whatever that is, short enough to print. */
function quoted(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : 'without a name';
}

function numbers(value: unknown, keyPath: string): Readonly<Record<string, number>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(keyPath, 'an object of numbers is needed');
  }
  const record: Record<string, number> = Object.create(null);
  for (const [key, number] of Object.entries(value)) {
    if (typeof number !== 'number' || !Number.isFinite(number)) {
      throw invalid(`${keyPath}.${key.slice(0, 80)}`, 'a number is needed');
    }
    record[key] = number;
  }
  return record;
}

function member(record: object, key: string): unknown {
  return Object.hasOwn(record, key) ? (record as Record<string, unknown>)[key] : undefined;
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function invalid(keyPath: string, message: string): OcxError {
  return new OcxError({ code: 'INPUT_ROUND_INVALID', message, place: { keyPath } });
}
