/**
 * Members of a round: who they are, and what a rule without prices takes from them. Lists of members
 * come from documents too, and are looked at field by field, as orders are.
 */
import type { MarketRound, RoundMember } from './orders.ts';
import { MAXIMUM_NAME_LENGTH, MAXIMUM_NODES } from './order-check.ts';

export const MAXIMUM_MEMBERS = 1_000;
/** Ranks that a member may have: 0 to this. */
export const MAXIMUM_PRIORITY = 1_000;

export interface MemberFault {
  readonly keyPath: string;
  readonly message: string;
}

/** The first thing that is wrong with a list of members, or null. */
export function membersFault(members: unknown): MemberFault | null {
  if (!Array.isArray(members)) return { keyPath: 'members', message: 'a list is needed' };
  if (members.length > MAXIMUM_MEMBERS) {
    return { keyPath: 'members', message: `up to ${MAXIMUM_MEMBERS} members` };
  }
  const names = new Set<unknown>();
  for (let i = 0; i < members.length; i++) {
    const fault = memberFault(members[i], `members[${i}]`);
    if (fault) return fault;
    const { organisation } = members[i] as RoundMember;
    if (names.has(organisation)) {
      return { keyPath: `members[${i}].organisation`, message: 'it is there twice' };
    }
    names.add(organisation);
  }
  return null;
}

function memberFault(member: unknown, keyPath: string): MemberFault | null {
  if (typeof member !== 'object' || member === null) {
    return { keyPath, message: 'an object is needed' };
  }
  const { organisation, contributedNodes, priority, kind } = member as Partial<RoundMember>;
  if (!isName(organisation)) {
    return { keyPath: `${keyPath}.organisation`, message: 'a name is needed' };
  }
  if (!isCount(contributedNodes, MAXIMUM_NODES)) {
    const message = `a whole number of nodes, 0 to ${MAXIMUM_NODES}`;
    return { keyPath: `${keyPath}.contributedNodes`, message };
  }
  if (!isCount(priority, MAXIMUM_PRIORITY)) {
    return { keyPath: `${keyPath}.priority`, message: `a whole number, 0 to ${MAXIMUM_PRIORITY}` };
  }
  if (kind !== undefined && !isName(kind)) {
    return { keyPath: `${keyPath}.kind`, message: 'a word is needed' };
  }
  return null;
}

/** A copy of a valid member with exactly the known keys. */
export function plainMember({
  organisation,
  contributedNodes,
  priority,
  kind,
}: RoundMember): RoundMember {
  return { organisation, contributedNodes, priority, ...(kind === undefined ? {} : { kind }) };
}

/** Weight of a fair share: the nodes contributed, and at least 1, so that nobody is shut out. */
export function weightsOf(round: MarketRound, organisations: readonly string[]): Float64Array {
  const brought = new Map(
    (round.members ?? []).map((member) => [member.organisation, member.contributedNodes]),
  );
  return Float64Array.from(organisations, (name) => Math.max(1, brought.get(name) ?? 1));
}

/** Fixed priorities; 0 for whoever is no member. */
export function prioritiesOf(round: MarketRound, organisations: readonly string[]): Int32Array {
  const ranks = new Map(
    (round.members ?? []).map((member) => [member.organisation, member.priority]),
  );
  return Int32Array.from(organisations, (name) => ranks.get(name) ?? 0);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_NAME_LENGTH;
}

function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
